# SPDX-License-Identifier: Apache-2.0
"""Connections that go quiet or are cut under load: the same tables come out."""
import os
import random

import pytest

from support import versions
from support.wait import wait_until

QUIET_SECONDS = 10
CUTS = 30


@pytest.fixture
def orders(project):
    project.dataset("orders", versions.FIELDS, "orders*.csv", ["id"], chunk_bytes="16KiB")
    project.config["kafka"]["session.timeout.ms"] = "3000"
    project.write().run("init")
    return project


def drop_files(project, first, count, rows=800):
    contents = {}
    for number in range(first, first + count):
        made = versions.make_rows(number, rows, 3000)
        contents[f"orders-{number}.csv"] = made
        project.drop(f"orders-{number}.csv", versions.to_csv(made))
    return contents


def chunks(database):
    return database.value("SELECT count(*) FROM penstock.chunk")


def all_there(project, database, contents):
    wait_until(lambda: database.value(
        "SELECT count(*) FROM penstock.file WHERE dataset = 'orders' AND state = 'complete'") == len(contents), 90,
        "every file complete")
    names = dict(database.execute("SELECT file_id, name FROM penstock.file WHERE dataset = 'orders'"))
    publications = [(file_id, contents[name]) for file_id, name in names.items()]
    versions.assert_same(versions.table(database, "raw.orders"), versions.expected(publications))
    versions.assert_ledger_whole(database)
    wait_until(lambda: os.listdir(project.folder / "inbox") == [], 60, "the inbox is empty")


def test_kafka_frozen_and_thawed_under_load(orders, kafka, database):
    services = [orders.start("producer", "--settle", "50ms"), orders.start("worker", "--jobs", "2")]
    contents = drop_files(orders, 0, 8)
    wait_until(lambda: chunks(database) > 3, 60, "some chunks")
    kafka.freeze()
    try:
        contents.update(drop_files(orders, 8, 8))
        # What is tested is a span of the clock: longer than the session's time-out.
        database.execute("SELECT pg_sleep(%s)", [QUIET_SECONDS])
    finally:
        kafka.thaw()
    all_there(orders, database, contents)
    for service in services:
        assert service.running()
        assert service.stop() == 0


def test_thirty_sessions_cut_under_load(orders, database):
    services = [orders.start("producer", "--settle", "50ms"), orders.start("worker", "--jobs", "2")]
    contents = {}
    dice = random.Random(30)
    cut = 0
    while cut < CUTS:
        if len(os.listdir(orders.folder / "inbox")) < 2:
            contents.update(drop_files(orders, len(contents), 3))
        wait_until(lambda: database.value(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'penstock-worker'"
            " AND datname = current_database()") > 0, 60, "a session of the worker's")
        # At a moment within the next load: seeded, no condition.
        database.execute("SELECT pg_sleep(%s)", [dice.uniform(0, 0.25)])
        cut += database.value(
            "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity"
            " WHERE application_name = 'penstock-worker' AND datname = current_database()"
            " ORDER BY state = 'idle', random() LIMIT 1) s")
    all_there(orders, database, contents)
    for service in services:
        assert service.running()
        assert service.stop() == 0


def test_a_topic_deleted_under_workers_stops_no_other_and_may_be_made_again(orders, kafka, database):
    orders.dataset("others", {"id": "long"}, "others*.csv", ["id"])
    orders.config["kafka"]["topic.metadata.refresh.interval.ms"] = "1000"
    orders.write().run("init")
    worker = orders.start("worker")
    orders.start("producer", "--settle", "50ms", "--rescan", "500ms")
    contents = drop_files(orders, 0, 1)
    wait_until(lambda: chunks(database) > 0, 30, "it is loaded")
    kafka.delete_topic(f"{orders.prefix}orders")
    wait_until(lambda: "a topic is missing; the others go on" in worker.output(), 30, "the worker tells")
    contents.update(drop_files(orders, 1, 1))
    orders.drop("others.csv", "id\n1\n")
    wait_until(lambda: database.value("SELECT count(*) FROM raw.others") == 1, 30, "the other dataset goes on")
    orders.run("init")
    wait_until(lambda: os.listdir(orders.folder / "inbox") == [], 60, "the inbox is empty")
    all_there(orders, database, contents)
    assert worker.running() and worker.stop() == 0
