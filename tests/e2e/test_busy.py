# SPDX-License-Identifier: Apache-2.0
"""
Producer, worker and scheduler at work at once, files coming all the while: whatever was recalculated in
between, no reader sees half a batch, and the last one equals a fresh SELECT.
"""
import random
import time

import psycopg2
import pytest

from support.models import ModelProject
from support.wait import wait_until

PATIENCE = 120  # seconds
ORDERS = {"id": "long", "customer": "long", "amount": "long"}
CUSTOMERS = {"id": "long", "country": ["null", "string"]}
EVENTS = {"kind": "string", "size": "long"}

MODELS = {
    "staging.orders": ("SELECT o.id, o.customer, o.amount, c.country FROM raw.orders o "
                       "LEFT JOIN raw.customers c ON c.id = o.customer", {"materialized": "view"}),
    "marts.by_country": ("SELECT coalesce(country, '?') AS country, count(*) AS orders, sum(amount) AS amount "
                         "FROM staging.orders GROUP BY 1", {"materialized": "table", "unique_key": "country"}),
    # Of the same batch as by_country: a reader may add them up and must get the same.
    "marts.by_customer": ("SELECT customer, count(*) AS orders, sum(amount) AS amount FROM staging.orders GROUP BY 1",
                          {"materialized": "table", "unique_key": "customer"}),
    "marts.top": ("SELECT country, amount, rank() OVER (ORDER BY amount DESC) AS place FROM marts.by_country",
                  {"materialized": "materialized_view", "unique_key": "country"}),
    "marts.large": ("SELECT id, customer, amount, _file, _row FROM raw.orders WHERE amount > 500",
                    {"materialized": "table", "unique_key": "id"}),
    # Nothing replaces events: these are brought up to date from what came since.
    "marts.events": ("SELECT _file, _row, kind, size * 2 AS twice FROM raw.events WHERE size > 10",
                     {"materialized": "incremental", "unique_key": "_file, _row"}),
    "marts.kinds": ("SELECT kind, count(*) AS n, sum(size * 2) AS twice FROM raw.events WHERE size > 10 GROUP BY kind",
                    {"materialized": "incremental", "unique_key": "kind"}),
}


@pytest.fixture
def project(request, kafka, database, unique, tmp_path):
    project = ModelProject(tmp_path, database, f"{unique}.")
    project.config["kafka"]["bootstrap.servers"] = kafka.bootstrap
    project.config["schedule"] = {"recalculate": {"after_load": True, "debounce": "100ms"}}
    project.dataset("orders", ORDERS, "orders-*.csv", ["id"], chunk_bytes="16KiB")
    project.dataset("customers", CUSTOMERS, "customers-*.csv", ["id"])
    project.dataset("events", EVENTS, "events-*.csv", ["_file", "_row"], chunk_bytes="16KiB")
    for name, (sql, head) in MODELS.items():
        project.model(name, sql, **head)
    yield project
    project.close()
    if getattr(request.node, "call_outcome", None) is None or request.node.call_outcome.failed:
        print(project.logs())


def orders_file(dice):
    return "id,customer,amount\n" + "".join(
        f"{dice.randint(1, 3000)},{dice.randint(1, 200)},{dice.randint(1, 1000)}\n" for _ in range(dice.randint(1, 1500)))


def events_file(dice):
    return "kind,size\n" + "".join(f"{dice.choice('abcdefg')},{dice.randint(1, 10 ** 9)}\n" for _ in range(dice.randint(1, 3000)))


def customers_file(dice):
    return "id,country\n" + "".join(f"{dice.randint(1, 200)},{dice.choice(['AT', 'NL', 'PT', ''])}\n" for _ in range(60))


def read_totals(connection):
    """Both marts' totals in one snapshot."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT (SELECT sum(orders) FROM marts.by_country), (SELECT sum(orders) FROM marts.by_customer),"
                       " (SELECT sum(amount) FROM marts.by_country), (SELECT sum(amount) FROM marts.by_customer),"
                       " (SELECT sum(amount) FROM marts.top), (SELECT sum(twice) FROM marts.events),"
                       " (SELECT sum(twice) FROM marts.kinds)")
        return cursor.fetchone()


def busy_enough(database, seen):
    """Batches ran in between, and some of them from new rows alone."""
    return len(seen) > 5 and database.value("SELECT count(*) FROM penstock.run WHERE state = 'published'") > 8 and \
        database.value("SELECT count(*) FROM penstock.model_run WHERE model = 'marts.kinds' AND note LIKE 'new rows%'") > 3


def contents(database, relation):
    return sorted(database.execute(f"SELECT * FROM {relation}"), key=repr)


def test_files_come_while_batches_run(project, database):
    project.run("init")
    project.run("run")
    for service in ("worker", "scheduler"):
        project.start(service)
    project.start("producer", "--settle", "50ms")
    dice = random.Random(5)
    dropped, seen = 0, set()
    reader = psycopg2.connect(database.conninfo)
    reader.autocommit = True
    deadline = time.monotonic() + PATIENCE
    while not busy_enough(database, seen):
        assert time.monotonic() < deadline, f"{dropped} rounds, {len(seen)} states seen"
        project.drop(f"orders-{dropped}.csv", orders_file(dice))
        project.drop(f"events-{dropped}.csv", events_file(dice))
        if dropped % 4 == 0:
            project.drop(f"customers-{dropped}.csv", customers_file(dice))
        dropped += 1
        totals = read_totals(reader)
        assert totals[0] == totals[1] and totals[2] == totals[3] == totals[4], "half a batch was seen"
        assert totals[5] == totals[6], "half a batch was seen"
        seen.add(totals)
        time.sleep(0.05)
    reader.close()
    files = 2 * dropped + (dropped + 3) // 4
    wait_until(lambda: database.value(
        "SELECT count(*) FROM penstock.file WHERE state = 'complete'") == files, 60, "all files are loaded")
    wait_until(lambda: database.value(
        "SELECT bool_and(pg_visible_in_snapshot(c.txid, r.snapshot)) FROM penstock.chunk c, "
        "(SELECT snapshot FROM penstock.run WHERE state = 'published' ORDER BY run_id DESC LIMIT 1) r"), 60,
        "a batch has seen everything")
    assert database.value("SELECT count(*) FROM penstock.run WHERE state NOT IN ('published', 'running')") == 0
    for name, (sql, _) in MODELS.items():
        assert contents(database, name) == contents(database, f"({sql}) fresh"), name
    assert all(service.stop() == 0 for service in project.services)
