# SPDX-License-Identifier: Apache-2.0
"""examples/title-prices from the watched folder to the report: in `dev`, and on real servers with several workers, one
of them killed half way. The oracle is Python over the CSV files."""
import collections
import csv
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
from decimal import ROUND_HALF_UP, Decimal

import psycopg2
import pytest

from support import world
from support.penstock import Project, binary
from support.process import die_with_parent, end, free_port
from support.sinks import MailSink, Webhook
from support.wait import wait_until

TOP = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = TOP / "examples" / "title-prices"
DATA = EXAMPLE / "data"
FILES = sorted(path.name for path in DATA.glob("*.csv"))
UNSUPPORTED = ["brochure.pdf", "read-me-first.txt"]
COLUMNS = ["id", "price", "sold_on", "postcode", "type", "new", "tenure", "house", "street", "town", "county"]
DIMENSIONS = ["type", "tenure", "street", "town", "county"]
STAR = ("SELECT id, price::text, sold_on::text || ' 00:00', postcode, type, CASE WHEN new_build THEN 'Y' ELSE 'N' END, "
        "tenure, house, street, town, county FROM datawarehouse.fact_sale "
        + " ".join(f"JOIN datawarehouse.dim_{name} USING ({name}_id)" for name in DIMENSIONS) + " ORDER BY id")


def read(name):
    with open(DATA / name, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def seed(name):
    with open(EXAMPLE / "seeds" / f"dim_{name}.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def sales():
    """Each sale's last version, as the files have it; what has no price is none."""
    last = {row[0]: row for name in FILES if name.startswith("pp-") for row in read(name) if row[1].isdigit()}
    return [dict(zip(COLUMNS, row)) for _, row in sorted(last.items())]


def rounded(number, places):
    return Decimal(number).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def mean(prices, places):
    return rounded(Decimal(sum(prices)) / len(prices), places)


def grouped(key):
    groups = collections.defaultdict(list)
    for sale in sales():
        groups[key(sale)].append(sale)
    return groups.items()


def prices(group):
    return sorted(int(sale["price"]) for sale in group)


def county_prices():
    regions = {row["county"]: row["region"] for row in seed("county")}
    return sorted((county, regions.get(county, "unknown"), len(group), mean(prices(group), 0),
                   prices(group)[(len(group) - 1) // 2], sum(sale["new"] == "Y" for sale in group))
                  for county, group in grouped(lambda sale: sale["county"]))


def monthly_prices():
    names = {row["type"]: row["name"] for row in seed("type")}
    rates = {month[:7]: Decimal(rate) for month, rate in read("reference-2.csv")[1:]}
    return sorted((month + "-01", names[kind], len(group), mean(prices(group), 0), rates[month])
                  for (month, kind), group in grouped(lambda sale: (sale["sold_on"][:7], sale["type"])))


def town_year():
    return sorted((int(year), county, town, len(group), mean(prices(group), 2), prices(group)[-1], prices(group)[0])
                  for (year, county, town), group
                  in grouped(lambda sale: (sale["sold_on"][:4], sale["county"], sale["town"])))


def dearest_towns():
    towns = sorted((row for row in town_year() if row[3] >= 5), key=lambda row: (-row[4], row[2]))[:10]
    return [[str(cell) for cell in (place, town, county, count, price, dearest)]
            for place, (_, county, town, count, price, dearest, _) in enumerate(towns, 1)]


ANALYSIS = {
    "SELECT county, region, sales, mean_price, median_price, new_builds FROM analysis.county_prices": county_prices,
    "SELECT month::text, type, sales, mean_price, base_rate FROM analysis.monthly_prices": monthly_prices,
    "SELECT year, county, town, sales, mean_price, dearest, cheapest FROM analysis.town_year": town_year,
}


def copy(folder):
    for part in ("schemas", "seeds", "sql"):
        shutil.copytree(EXAMPLE / part, folder / part, dirs_exist_ok=True)
    shutil.copy(EXAMPLE / "penstock.yml", folder)


def report(folder):
    path = folder / "output" / "dearest_towns.md"
    return world.markdown_rows(path) if path.exists() else None


@pytest.fixture
def hook():
    hook = Webhook()
    yield hook
    hook.close()


@pytest.fixture
def mail(tmp_path):
    port = free_port()
    sink = MailSink(port, tmp_path, "smtps")
    sink.port = port
    yield sink
    sink.close()


@pytest.fixture
def example(kafka, database, unique, tmp_path, hook, mail):
    project = Project(tmp_path / "titles", kafka.bootstrap, database.conninfo, f"{unique}.")
    copy(project.folder)
    text = (EXAMPLE / "penstock.yml").read_text().replace('prefix: "titles."', f'prefix: "{unique}."')
    text = text.replace("kafka:\n", f"kafka:\n  group.id: {unique}\n  session.timeout.ms: 6000\n", 1)
    (project.folder / "penstock.yml").write_text(text + "monitor: {listen: 127.0.0.1:0}\n")
    project.environment.update(DATABASE_URL=database.conninfo, KAFKA_BOOTSTRAP_SERVERS=kafka.bootstrap,
                               ALERT_WEBHOOK=hook.url, ALERT_SMTP=f"smtps://127.0.0.1:{mail.port}",
                               ALERT_SMTP_CA=str(mail.certificate), STALE_FILE="2s")
    yield project
    project.close()
    print(project.logs())


def drop(project, names):
    for name in names:
        project.drop(name, (DATA / name).read_bytes())


def assert_star(database):
    wanted = sales()
    assert database.execute(STAR) == [tuple(sale.values()) for sale in wanted]
    rejected = [row for name in FILES if name.startswith("pp-") for row in read(name) if not row[1].isdigit()]
    assert database.value("SELECT count(*) FROM penstock.reject WHERE column_name = 'price'") == len(rejected) == 1
    for name in DIMENSIONS:
        rows = database.execute(f"SELECT {name}_id, {name} FROM datawarehouse.dim_{name} ORDER BY 1")
        seeded = {row[name] for row in seed(name)} if (EXAMPLE / "seeds" / f"dim_{name}.csv").exists() else set()
        assert sorted(text for _, text in rows) == sorted({sale[name] for sale in wanted} | seeded)


def test_on_real_servers_with_workers_that_die(example, database, hook, mail):
    project = example
    project.run("init")
    assert database.execute("SELECT county, region FROM datawarehouse.dim_county ORDER BY county_id") == \
        [(row["county"], row["region"]) for row in seed("county")]
    assert database.value("SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND "
                          "conrelid = 'datawarehouse.fact_sale'::regclass") == len(DIMENSIONS)
    project.start("monitor")
    workers = [project.start("worker", "--jobs", "2") for _ in range(2)]
    producer = project.start("producer")
    drop(project, [*UNSUPPORTED, *FILES[:2], *FILES[4:]])
    wait_until(lambda: (database.value("SELECT count(*) FROM datawarehouse.fact_sale") or 0) > 0, 60, "the first rows")
    # In the middle one worker and the producer go without a word; others take over.
    workers[0].kill()
    producer.kill()
    drop(project, FILES[2:4])
    project.start("producer", "--repair", "500ms")
    project.start("worker")
    project.start("scheduler")
    inbox = project.folder / "inbox"
    wait_until(lambda: sorted(path.name for path in inbox.iterdir()) == UNSUPPORTED, 60, "loaded files leave")
    wait_until(lambda: report(project.folder) == dearest_towns(), 60, "the report is that of all files")
    assert_star(database)
    for query, answer in ANALYSIS.items():
        assert sorted(database.execute(query)) == answer(), query
    assert [(inbox / name).read_bytes() for name in UNSUPPORTED] == [(DATA / name).read_bytes() for name in UNSUPPORTED]
    # What stays is told of, and that it is gone.
    for name in UNSUPPORTED:
        wait_until(lambda name=name: any(line.startswith("ALERT") and name in line for line in hook.lines()))
    wait_until(lambda: any("brochure.pdf" in message.get_body(("plain",)).get_content()
                           for message in mail.messages))
    (inbox / "brochure.pdf").unlink()
    wait_until(lambda: any("brochure.pdf" in line and not line.startswith("ALERT") for line in hook.lines()))
    # Everything is dropped and remade, base rows included.
    county = project.folder / "seeds" / "dim_county.csv"
    county.write_text(county.read_text().replace("WESTMARCH,West", "WESTMARCH,Far West"))
    project.run("init", "--recreate", "--yes")
    wait_until(lambda: database.value("SELECT count(*) FROM penstock.file WHERE state = 'complete'") == len(FILES))
    assert_star(database)
    assert database.value("SELECT region FROM datawarehouse.dim_county WHERE county = 'WESTMARCH'") == "Far West"


def test_in_dev_from_nothing():
    # The unprivileged Postgres must reach the folder.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="penstock-titles-"))
    folder.chmod(0o755)
    with open(folder / "demo.log", "wb") as log:
        dev = subprocess.Popen([EXAMPLE / "demo", folder], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                               env={**os.environ, "PENSTOCK": str(binary())},
                               preexec_fn=die_with_parent(signal.SIGTERM))
    try:
        wait_until(lambda: report(folder) == dearest_towns(), 60, "the report")
        address = re.search(r"^PENSTOCK_POSTGRES=(.*)$", (folder / ".penstock" / "dev.env").read_text(), re.M).group(1)
        connection = psycopg2.connect(address)
        with connection.cursor() as cursor:
            cursor.execute(STAR)
            assert cursor.fetchall() == [tuple(sale.values()) for sale in sales()]
        connection.close()
        assert sorted(path.name for path in (folder / "inbox").iterdir()) == UNSUPPORTED
    except BaseException:
        print((folder / "demo.log").read_text())
        raise
    finally:
        end(dev)
    shutil.rmtree(folder, ignore_errors=True)
