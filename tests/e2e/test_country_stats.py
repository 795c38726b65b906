# SPDX-License-Identifier: Apache-2.0
"""examples/country-stats from nothing to its answers, in `dev` and on real Kafka and Postgres."""
import datetime
import pathlib
import re
import shutil
import tempfile

import psycopg2
import pytest

from support import country_stats as stats
from support.penstock import Project, binary
from support.wait import wait_until
from support.world import markdown_rows

TABLE = "SELECT continent, indicator, year, total, countries, least, most FROM marts.region_years{} ORDER BY 1, 2, 3"
MIB = 1 << 20


class Warehouse:
    """A copy of the example, its services running."""

    def __init__(self, folder, prepare, name="country-stats"):
        self.project = Project(folder, "", "", "")
        self.files = 0
        for part in ("schemas", "sql", "data"):
            shutil.copytree(stats.FOLDER / part, folder / part, dirs_exist_ok=True)
        text = (stats.FOLDER / "penstock.yml").read_text()
        text = text.replace('"country-stats."', f'"{name}."').replace("kafka:\n", f"kafka:\n  group.id: {name}\n")
        night = (datetime.datetime.now(datetime.timezone.utc).hour + 12) % 24  # no night falls while a test runs
        assert '"0 3 * * *"' in text
        text = text.replace('"0 3 * * *"', f'"0 {night} * * *"')
        (folder / "penstock.yml").write_text(text + "monitor: {listen: 127.0.0.1:0}\n")
        self.connection = psycopg2.connect(prepare(self.project))
        self.connection.autocommit = True

    def query(self, sql):
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    def drop(self, names):
        for name in names:
            path = stats.DATA / name
            self.project.drop(path.name, path.read_text())
        self.files += len(names)
        wait_until(lambda: self.query("SELECT count(*) FROM penstock.file WHERE state = 'complete'") == [(self.files,)],
                   30, "all is loaded")

    def batch(self, names):
        """Recalculates; compares what it made, and the reports, with these files."""
        self.project.run("run")
        self.project.run("report")
        assert self.query(TABLE.format("")) == stats.region_years(names)
        assert sorted(self.query("SELECT continent, decade, people, life_expectancy FROM marts.region_decades")) \
            == stats.decades(names)
        for report, rows in (("1-growth", stats.growth(names)), ("2-decades", stats.decades(names)),
                             ("3-now", stats.now(names))):
            self.answer(report, rows)

    def answer(self, report, rows):
        found = markdown_rows(self.project.folder / "output" / f"{report}.md")
        assert found == [["" if cell is None else str(cell) for cell in row] for row in rows]

    def live(self, names):
        """What the speed layer answers, of these files; by the view and by the report."""
        assert self.query(TABLE.format("_live")) == stats.region_years(names)
        self.project.run("report", "3-now")
        self.answer("3-now", stats.now(names))

    def reason(self):
        return self.query("SELECT penstock.full_reason(model, definition, 'indicators', '{countries}') "
                          "FROM penstock.model WHERE live")[0][0]


    def nightly_batch(self, names):
        """The scheduler finds that a night has gone by: it recalculates and reports by itself."""
        self.project.services[-1].stop()
        self.query("UPDATE marts.region_years SET total = 0 RETURNING 1")
        shutil.rmtree(self.project.folder / "output")
        self.query("INSERT INTO penstock.run (trigger, state, generation, started_at, finished_at) "
                   "SELECT 'cron', 'published', 1, at, at FROM (SELECT now() - interval '2 days' AS at) x RETURNING 1")
        self.project.start("scheduler")
        wait_until(lambda: self.query("SELECT state FROM penstock.run WHERE trigger = 'cron' ORDER BY run_id")
                   == [("published",), ("published",)], 40, "the night's batch is published")
        assert self.query(TABLE.format("")) == stats.region_years(names)
        wait_until((self.project.folder / "output" / "3-now.md").exists, 20, "the last report is written")
        self.answer("1-growth", stats.growth(names))


def on_dev(project):
    dev = project.start("dev")
    wait_until(lambda: "penstock dev is ready" in dev.output() or not dev.running(), 60, "dev is ready")
    assert dev.running(), dev.output()
    return re.findall(r"psql '([^']+)'", dev.output())[-1]


def on_servers(kafka, database):
    def prepare(project):
        project.environment.update(KAFKA_BOOTSTRAP_SERVERS=kafka.bootstrap, DATABASE_URL=database.conninfo)
        project.run("init")
        for service in ("producer", "worker", "worker", "scheduler"):
            project.start(service)
        return database.conninfo
    return prepare


@pytest.fixture(params=["dev", "servers"])
def warehouse(request):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="penstock-stats-"))
    folder.chmod(0o755)  # for the unprivileged Postgres of dev
    prepare = on_dev
    if request.param == "servers":
        prepare = on_servers(request.getfixturevalue("kafka"), request.getfixturevalue("database"))
    warehouse = Warehouse(folder, prepare)
    yield warehouse
    warehouse.connection.close()
    for service in warehouse.project.services:
        service.process.terminate()
    for service in warehouse.project.services:
        service.wait()
    print(warehouse.project.logs())
    shutil.rmtree(folder, ignore_errors=True)


def test_from_nothing_to_the_answers(warehouse):
    run = warehouse.project.run
    warehouse.drop(["countries.json", *stats.FIRST])
    assert warehouse.query("SELECT to_regclass('marts.region_years') IS NULL") == [(True,)]  # loads start no batch
    warehouse.batch(stats.FIRST)

    # Loaded between two batches: the tables stay as they are, the speed layer answers with all of it.
    warehouse.drop(stats.LATER)
    assert warehouse.reason() is None
    assert warehouse.query(TABLE.format("")) == stats.region_years(stats.FIRST)
    warehouse.live(stats.FIRST + stats.LATER)
    warehouse.drop(stats.REVISED)  # figures replaced: adding would count them twice
    assert warehouse.reason() == "rows were replaced: indicators"
    everything = stats.FIRST + stats.LATER + stats.REVISED
    warehouse.live(everything)
    warehouse.batch(everything)

    # What is known is not loaded again; what does not fit is refused whole, and the reason is exact.
    rows = warehouse.query("SELECT count(*), sum(value), sum(hashtextextended(t::text, 0)) FROM raw.indicators t")
    run("publish", "--wait", *(stats.DATA / name for name in everything))
    printed = run("publish", *sorted((stats.DATA / "refused").iterdir()), code=1).out
    readme = (stats.FOLDER / "README.md").read_text()
    assert printed == re.search(r"```text\n(.*?)```", readme, re.S)[1]
    assert warehouse.query("SELECT count(*), sum(value), sum(hashtextextended(t::text, 0)) FROM raw.indicators t") == rows
    warehouse.batch(everything)
    assert warehouse.query("SELECT DISTINCT trigger FROM penstock.run") == [("hand",)]
    if warehouse.project.services[-1].name == "scheduler":  # in dev it cannot be stopped alone
        warehouse.nightly_batch(everything)


LIMIT = 40 * MIB  # of each process's data, stacks and mappings of its own included
BYTES = 4 * LIMIT


def write_matrix(path):
    """A file of that size: regions with long names, a figure in one of a hundred years. Returns the sum of its figures."""
    years = [str(year) for year in range(1900, 2000)]
    size = total = number = 0
    with open(path, "w") as file:
        file.write("\n" * 4 + ",".join(["Country Name", "Country Code", "Indicator Name", *years]) + "\n")
        while size < BYTES:
            cells = ",".join(str(number + at) if at == 50 else "" for at in range(len(years)))
            size += file.write(f"{'x' * 2000} {number},R{number},Rainfall,{cells}\n")
            total += number + 50
            number += 1
    return total


def test_a_load_many_times_the_memory_limit(kafka, database, tmp_path):
    prepare = on_servers(kafka, database)

    def limited(project):
        project.program = ["bash", "-c", f'ulimit -s 256 -d {LIMIT // 1024}; exec "$0" "$@"', str(binary())]
        return prepare(project)
    warehouse = Warehouse(tmp_path, limited, "rainfall")
    try:
        total = write_matrix(tmp_path / "matrix")
        (tmp_path / "matrix").rename(tmp_path / "inbox" / "indicators-rainfall.csv")
        wait_until(lambda: warehouse.query("SELECT count(*) FROM penstock.file WHERE state = 'complete'") == [(1,)], 60)
        assert warehouse.query("SELECT sum(value) FROM raw.indicators") == [(total,)]
        warehouse.project.run("run", code=3)  # nobody knows these countries
    finally:
        warehouse.connection.close()
        warehouse.project.close()
        print(warehouse.project.logs())
