# SPDX-License-Identifier: Apache-2.0
"""SIGTERM: services finish or roll back what is in hand and end in time, whatever state the servers are in."""
import json
import os
import signal

import pytest

from support import versions
from support.wait import wait_until

FILES = 12
# Ten seconds are promised, also with a server that does not answer, and a busy machine adds to that; without the
# promise it would be the time-outs of Kafka's and Postgres' clients: a minute and more, or for ever.
PATIENCE = 25


@pytest.fixture
def orders(project):
    project.dataset("orders", versions.FIELDS, "orders*.csv", ["id"], chunk_bytes="16KiB")
    # A member that could not leave is given up after this long.
    project.config["kafka"]["session.timeout.ms"] = "3000"
    project.write().run("init")
    return project


def drop_files(project, first=0, count=FILES):
    contents = {}
    for number in range(first, first + count):
        rows = versions.make_rows(number, 1500, 4000)
        contents[f"orders-{number}.csv"] = rows
        project.drop(f"orders-{number}.csv", versions.to_csv(rows))
    return contents


def some_chunks(database):
    wait_until(lambda: database.value("SELECT count(*) FROM penstock.chunk") > 0, 60, "some chunks")


def all_there(project, database, contents):
    wait_until(lambda: database.value(
        "SELECT count(*) FROM penstock.file WHERE state = 'complete'") == len(contents), 90,
        "every file complete")
    names = dict(database.execute("SELECT file_id, name FROM penstock.file"))
    publications = [(file_id, contents[name]) for file_id, name in names.items()]
    versions.assert_same(versions.table(database, "raw.orders"), versions.expected(publications))
    versions.assert_ledger_whole(database)
    wait_until(lambda: os.listdir(project.folder / "inbox") == [], 60, "the inbox is empty")


def test_under_load_all_is_committed_and_goes_on(orders, kafka, database):
    """Ended three times; what the ledger has, the offsets are behind."""
    # All leave in time, and none is taken for dead meanwhile: the others would have its partitions, and its offsets.
    orders.config["kafka"]["session.timeout.ms"] = "30000"
    orders.write()
    contents = drop_files(orders)
    for round_ in range(3):
        producer = orders.start("producer", "--settle", "50ms")
        worker = orders.start("worker", "--jobs", "2")
        seen = database.value("SELECT count(*) FROM penstock.chunk")
        wait_until(lambda: database.value("SELECT count(*) FROM penstock.chunk") > seen + 4, 60, "more chunks")
        contents.update(drop_files(orders, FILES + 3 * round_, 3))
        assert worker.stop(PATIENCE) == 0
        assert producer.stop(PATIENCE) == 0
        committed = {(topic, partition): offset for (topic, partition), (offset, _) in
                     kafka.group_lag(orders.config["kafka"]["group.id"]).items() if offset is not None}
        loaded = database.execute('SELECT partition, max("offset") FROM penstock.chunk GROUP BY 1')
        # Further than that when a stopped producer sent its file again: chunks the ledger has keep their first place.
        behind = {partition: offset for partition, offset in loaded
                  if committed[orders.prefix + "orders", partition] <= offset}
        assert behind == {}
    orders.start("producer", "--settle", "50ms")
    orders.start("worker")
    all_there(orders, database, contents)


@pytest.mark.parametrize("frozen", ["kafka", "postgres"])
def test_with_a_frozen_server_they_still_end(orders, kafka, postgres, database, frozen):
    contents = drop_files(orders)
    services = [orders.start("producer", "--settle", "50ms", "--repair", "200ms"),
                orders.start("worker", "--jobs", "2")]
    some_chunks(database)
    server = kafka if frozen == "kafka" else postgres
    server.freeze()
    try:
        for service in services:
            service.process.send_signal(signal.SIGTERM)
        for service in services:
            assert service.wait(PATIENCE) == 0
    finally:
        server.thaw()
    orders.start("producer")
    orders.start("worker")
    all_there(orders, database, contents)


def test_a_second_signal_ends_at_once(orders, kafka, database):
    contents = drop_files(orders)
    services = [orders.start("producer", "--settle", "50ms"), orders.start("worker")]
    some_chunks(database)
    codes = []
    kafka.freeze()
    try:
        for service in services:
            service.process.send_signal(signal.SIGTERM)
            # The first one was taken: it is no longer pending.
            wait_until(lambda: pending(service.pid) == 0, 60, "the first signal was delivered")
            if service.running():
                service.process.send_signal(signal.SIGTERM)
                codes.append(service.wait())
    finally:
        kafka.thaw()
    # 0: it had ended by itself just before.
    assert 143 in codes and set(codes) <= {0, 143}
    orders.start("producer")
    orders.start("worker")
    all_there(orders, database, contents)


def test_a_file_that_is_being_judged_is_left_at_once(orders):
    """However long that would take: what the file turns out to be is not known when the command has ended."""
    orders.config["datasets"]["orders"]["max_rejects"] = 0
    orders.write()
    path = orders.file("orders-bad.csv", versions.to_csv([("no number", None, None, None, None)]))
    publish = orders.start("publish", path, env={"PENSTOCK_FAULT": "producer.manifest:1:stop"})
    manifest, = wait_until(lambda: list(orders.folder.glob("archive/orders/manifests/*.json")), 30, "the manifest")
    wait_until(lambda: stat(publish.pid) == "T", 30, "it is frozen")
    publish.process.send_signal(signal.SIGTERM)
    publish.thaw()
    assert publish.wait() == 143
    assert json.loads(manifest.read_text())["state"] == "pending"
    orders.run("publish", path, code=1)
    assert json.loads(manifest.read_text())["state"] == "quarantined"


def stat(pid):
    """The process's state, as one letter."""
    return open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0]


def pending(pid):
    """The process's pending signals, as a bit mask."""
    lines = dict(line.split(":", 1) for line in open(f"/proc/{pid}/status").read().splitlines())
    return int(lines["SigPnd"], 16) | int(lines["ShdPnd"], 16)
