# SPDX-License-Identifier: Apache-2.0
"""examples/orders-marts from URLs to marts and report: in `dev`, and on real servers; dbt's marts and ClickHouse's
table beside penstock's. The oracle is Python over the CSV files."""
import collections
import csv
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
from decimal import Decimal

import psycopg2
import pytest

from support import tools
from support.http_server import HttpServer
from support.penstock import Project
from support.wait import wait_until

TOP = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = TOP / "examples" / "orders-marts"
COLUMNS = "month::text, category, orders, pieces, turnover, returned_lines"
MARTS = f"SELECT {COLUMNS} FROM %s.orders_per_month ORDER BY month, category"


def read(name):
    return list(csv.DictReader(io.StringIO((EXAMPLE / "data" / name).read_text())))


def expected(orders, inventory):
    """The mart's rows, from the files' rows alone."""
    category = {row["sku"]: row["category"] for row in inventory}
    latest = {(row["order_id"], row["line"]): row for row in orders}
    groups = collections.defaultdict(list)
    for row in latest.values():
        if row["state"] != "cancelled":
            groups[row["ordered_at"][:7] + "-01", category.get(row["sku"], "no longer sold")].append(row)
    found = []
    for (month, kind), rows in sorted(groups.items()):
        returned = [row for row in rows if row["state"] == "returned"]
        found.append((month, kind, len({row["order_id"] for row in rows}), sum(int(row["quantity"]) for row in rows),
                      sum((int(row["quantity"]) * Decimal(row["unit_price"]) for row in rows if row not in returned),
                          Decimal(0)), len(returned)))
    return found


def as_csv(rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


@pytest.fixture
def shop():
    """The shop's website: its two files, which a test may change."""
    server = HttpServer()
    server.files = {name: (EXAMPLE / "data" / name).read_bytes() for name in ("orders.csv", "inventory.csv")}
    for name in server.files:
        server.route(f"/{name}", lambda request, name=name: server.files[name])
    yield server
    server.close()


@pytest.fixture(scope="module")
def dbt():
    """The folder of the real dbt, for PATH."""
    return tools.dbt()


def copy(folder, shop, dbt, bootstrap="127.0.0.1:1", conninfo="", prefix="shop."):
    """The example as it stands, as a user copies it."""
    for part in ("schemas", "sql", "dbt"):
        shutil.copytree(EXAMPLE / part, folder / part, dirs_exist_ok=True)
    project = Project(folder, bootstrap, conninfo, prefix)
    text = (EXAMPLE / "penstock.yml").read_text().replace('prefix: "shop."', f'prefix: "{prefix}"')
    (folder / "penstock.yml").write_text(text + "monitor: {listen: 127.0.0.1:0}\n")
    project.environment.update(SHOP_URL=shop.url, PATH=f"{dbt}:{os.environ['PATH']}")
    if conninfo:
        project.environment.update(DATABASE_URL=conninfo, KAFKA_BOOTSTRAP_SERVERS=bootstrap)
    return project


@pytest.fixture
def example(kafka, database, unique, tmp_path, shop, dbt):
    project = copy(tmp_path, shop, dbt, kafka.bootstrap, database.conninfo, f"{unique}.")
    yield project
    project.close()
    print(project.logs())


def test_on_real_servers_with_dbt_and_clickhouse(example, shop, database, kafka):
    orders, inventory = read("orders.csv"), read("inventory.csv")
    example.run("init")
    example.start("worker")
    example.start("producer")
    example.start("scheduler")
    wanted = expected(orders, inventory)

    def built(schema):
        if database.value("SELECT to_regclass(%s) IS NOT NULL", (f"{schema}.orders_per_month",)):
            return database.execute(MARTS % schema)
        return None

    wait_until(lambda: built("marts") == wanted)
    wait_until(lambda: built("dbt") == wanted, timeout=90)
    # The shop's file changes: an order is returned, one comes in, a product is no longer sold.
    orders[0]["state"] = "returned"
    orders.append({**orders[-1], "order_id": "9999", "line": "1", "state": "paid", "quantity": "3"})
    inventory = inventory[1:]
    shop.files = {"orders.csv": as_csv(orders), "inventory.csv": as_csv(inventory)}
    example.run("fetch")
    wanted = expected(orders, inventory)
    wait_until(lambda: built("marts") == wanted)
    wait_until(lambda: built("dbt") == wanted, timeout=90)
    report = (example.folder / "output" / "orders_per_month.md").read_text()
    months = {month for month, *_ in wanted}
    turnover = {month: sum(row[4] for row in wanted if row[0] == month) for month in months}
    for month in months:
        assert f"| {month[:7]} |" in report and f"| {turnover[month]:.2f} |" in report
    page = (example.folder / "output" / "turnover.html").read_text()
    assert page.count("<rect class=\"fill\"") == 4 + 4 * len(months)
    assert database.value("SELECT obj_description('landing.orders'::regclass)").startswith("Order lines")
    assert database.value("SELECT col_description('marts.orders_per_month'::regclass, 1)") == \
        "first day of the month, by UTC"
    freshness = database.execute("SELECT name, state FROM penstock.check_status WHERE kind = 'freshness' ORDER BY 1")
    assert freshness == [("freshness_landing_inventory", "pass"), ("freshness_landing_orders", "pass")]
    assert clickhouse(example, kafka) == database.execute(
        "SELECT count(*), sum(quantity), sum(quantity * unit_price) FROM landing.orders")[0]


def clickhouse(example, kafka):
    """What ClickHouse's own engine makes of the topic's messages, by the SQL of deploy/clickhouse."""
    python = tools.clickhouse() / "python"
    topic = f"{example.prefix}orders"
    folder = example.folder / "clickhouse"
    folder.mkdir()
    out = kafka.kcat("-C", "-t", topic, "-o", "beginning", "-e", "-q", "-D", "", "-f", "%p %o %k %S %h\n%s").stdout
    messages = []
    while out:
        head, _, out = out.partition(b"\n")
        partition, offset, key, size, headers = head.decode().split(" ", 4)
        (folder / f"{len(messages)}.avro").write_bytes(out[:int(size)])
        out = out[int(size):]
        names, values = zip(*(pair.split("=", 1) for pair in headers.split(",")))
        messages.append({"partition": partition, "offset": offset, "key": key, "names": names, "values": values})
    assert len(messages) >= 2
    # The newest file first: arrival must not matter.
    messages = [{**message, "file": f"{n}.avro"} for n, message in enumerate(messages)]
    messages.sort(key=lambda message: int(message["key"]), reverse=True)
    (folder / "messages.json").write_text(json.dumps(messages + messages[:1]))
    done = subprocess.run([python, TOP / "tests" / "support" / "clickhouse_load.py",
                           TOP / "deploy" / "clickhouse" / "orders.sql", folder],
                          stdout=subprocess.PIPE, text=True, timeout=120, check=True)
    count, pieces, amount = done.stdout.strip().split(",")
    return int(count), int(pieces), Decimal(amount)


def test_in_dev(shop, dbt):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="penstock-orders-"))
    folder.chmod(0o755)
    project = copy(folder, shop, dbt)
    try:
        dev = project.start("dev")
        wait_until(lambda: "penstock dev is ready" in dev.output() or not dev.running(), 60, "dev is ready")
        wanted = expected(read("orders.csv"), read("inventory.csv"))
        address = re.search(r"^PENSTOCK_POSTGRES=(.*)$", (folder / ".penstock" / "dev.env").read_text(), re.M).group(1)
        connection = psycopg2.connect(address)
        connection.autocommit = True
        cursor = connection.cursor()

        def built(schema):
            cursor.execute("SELECT to_regclass(%s) IS NOT NULL", (f"{schema}.orders_per_month",))
            if cursor.fetchone()[0]:
                cursor.execute(MARTS % schema)
                return cursor.fetchall()
            return None

        wait_until(lambda: built("marts") == wanted, 60, "penstock's marts")
        wait_until(lambda: built("dbt") == wanted, 90, "dbt's marts")
        connection.close()
        wait_until((folder / "output" / "orders_per_month.md").exists, 60, "the report")
        dev.stop()
    finally:
        project.close()
        print(project.logs())
        shutil.rmtree(folder, ignore_errors=True)
