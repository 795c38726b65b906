# SPDX-License-Identifier: Apache-2.0
"""examples/shop-funnel from nothing to its reports: in `dev`, and on real Kafka and Postgres."""
import decimal
import pathlib
import re
import shutil
import tempfile

import pytest
import yaml

from support import shop
from support.penstock import Project
from support.wait import wait_until
from support.world import markdown_rows

MONTHS = ("2026-02-01", "2026-03-01")


def copy(folder, bootstrap="127.0.0.1:1", conninfo="", prefix="shop."):
    """The example as it stands, as a user copies it."""
    for name in ("schemas", "sql", "data"):
        shutil.copytree(shop.FOLDER / name, folder / name, dirs_exist_ok=True)
    project = Project(folder, bootstrap, conninfo, prefix)
    text = (shop.FOLDER / "penstock.yml").read_text().replace('prefix: "shop."', f'prefix: "{prefix}"')
    (folder / "penstock.yml").write_text(text + "monitor: {listen: 127.0.0.1:0}\n")
    project.environment.update({"DATABASE_URL": conninfo, "KAFKA_BOOTSTRAP_SERVERS": bootstrap} if conninfo else {})
    return project


def drop(project, month):
    for path in sorted((project.folder / "data").glob(f"*-{month}.*")):
        project.drop(path.name, path.read_bytes())


def files_loaded(project):
    datasets = project.json("status")["datasets"]
    return sum(row["files_complete"] for row in datasets)


def report(project, name):
    path = project.folder / "output" / f"{name}.md"
    return markdown_rows(path) if path.exists() else None


def weeks():
    sums = {}
    for day, *counts in shop.funnel():
        week = day.fromordinal(day.toordinal() - day.weekday())
        sums[week] = [a + b for a, b in zip(sums.get(week, [0] * 4), counts)]
    share = lambda counts: (decimal.Decimal(100 * counts[3]) / counts[0]).quantize(decimal.Decimal("0.1"), decimal.ROUND_HALF_UP)
    return [[str(week), *map(str, counts), str(share(counts))] for week, counts in sorted(sums.items())]


def cohorts():
    return [[f"{cohort:%Y-%m}", f"{month:%Y-%m}", str(users), str(active), f"{100 * share:.1f}"]
            for cohort, month, users, active, share in shop.retention()]


def money():
    rows = sorted(shop.revenue(), key=lambda row: (row[0], -row[5], row[1], row[2]))
    return [[f"{row[0]:%Y-%m}", row[1], row[2], str(row[3]), str(row[4]), *(str(amount) for amount in row[5:])] for row in rows]


def assert_reports(project):
    assert report(project, "1-funnel") == weeks()
    assert report(project, "2-retention") == cohorts()
    assert report(project, "3-revenue") == money()
    assert {row[2]: int(row[5]) for row in report(project, "4-quality")} == shop.faults()
    assert {row[0]: row[3:5] for row in report(project, "4-quality")}.keys() == {"raw", "clean", ""}
    kept = report(project, "5-failed-rows")
    assert {name: sum(row[0] == name for row in kept) for name in shop.faults()} == \
        {name: min(count, 3) for name, count in shop.faults().items()}


def complete(project):
    """Whether the reports are those of a run that saw everything; they follow it one by one."""
    try:
        assert_reports(project)
    except (AssertionError, TypeError):
        return False
    return True


def test_in_dev():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="penstock-shop-"))
    folder.chmod(0o755)
    project = copy(folder)
    try:
        dev = project.start("dev")
        wait_until(lambda: "penstock dev is ready" in dev.output() or not dev.running(), 60, "dev is ready")
        for month in MONTHS:
            drop(project, month)
        wait_until(lambda: complete(project), 60, "the reports of all six files")
        assert_reports(project)
        assert project.json("check", "--failures", "integrity_clean_orders_users")[0]["user_id"].startswith("U9")
        assert len(project.json("rejects")) == 1
        dev.stop()
    finally:
        project.close()
        shutil.rmtree(folder, ignore_errors=True)


def test_on_kafka_and_postgres(kafka, database, unique, tmp_path):
    project = copy(tmp_path, kafka.bootstrap, database.conninfo, f"{unique}.")
    try:
        project.run("init")
        services = [project.start(name) for name in ("producer", "worker", "scheduler")]
        for files, month in ((3, MONTHS[0]), (6, MONTHS[1])):
            drop(project, month)
            wait_until(lambda: files_loaded(project) == files, 60, f"{files} files are loaded")
        wait_until(lambda: complete(project), 60, "the reports of all six files")
        for service in services:
            service.stop()
        assert not list((tmp_path / "inbox").glob("*"))
        assert database.execute("SELECT day, visits, carts, orders, paid FROM final.funnel_by_day ORDER BY day") == shop.funnel()
        assert database.execute("SELECT cohort, month, users, active, share FROM final.retention ORDER BY 1, 2") == shop.retention()
        assert sorted(database.execute("TABLE final.revenue_by_month")) == shop.revenue()
        assert dict(database.execute("SELECT user_id, joined_on FROM staging.users")) == {
            number: user["joined"] and user["joined"].date() for number, user in shop.users().items()}
        assert_reports(project)
        # Every row knows its file and when it was loaded.
        assert database.value("SELECT count(*) FROM clean.events WHERE file IS NULL OR loaded_at IS NULL") == 0
        # By hand, nothing fails: what is expected warns.
        checks = project.json("check")
        assert {row["check"]: row["failures"] for row in checks if row["state"] != "pass"} == shop.faults()
        # An error in staging's checks publishes nothing, and the rows that failed are kept.
        before = database.execute("TABLE final.funnel_by_day ORDER BY day")
        project.file("sql/models/staging/events.sql", "-- materialized: table\n-- unique_key: event_id\nSELECT event_id, user_id, 'jump' AS type, "
                     "at, session, order_id, file, loaded_at FROM (SELECT DISTINCT ON (event_id) * FROM clean.events WHERE at IS NOT NULL) e")
        assert "accuracy_staging_events_type" in project.run("run", code=3).err
        assert database.execute("TABLE final.funnel_by_day ORDER BY day") == before
        assert len(project.json("check", "--failures", "accuracy_staging_events_type", "--limit", "1000")) == 500
    finally:
        project.close()
        print(project.logs())


SECRET = re.compile(r"(password|passwd|secret|token|api_?key|access_key)\s*[=:]\s*['\"]?[^\s'\"${]|://[^/\s:@]+:[^@\s]+@|hooks\.slack\.com", re.I)


def test_no_file_holds_a_secret():
    paths = [path for path in shop.FOLDER.rglob("*") if path.is_file()]
    assert len(paths) > 25 and (shop.FOLDER / ".env.example") in paths and (shop.FOLDER / ".env") not in paths
    found = [f"{path}: {line}" for path in paths for line in path.read_text().splitlines() if SECRET.search(line)]
    assert found == []
    for line in ("DATABASE_URL=postgres://me:pw@db/x", "password: hunter2", 'api_key = "abc"', "https://hooks.slack.com/x"):
        assert SECRET.search(line)
    config = yaml.safe_load((shop.FOLDER / "penstock.yml").read_text())
    assert config["postgres"].startswith("${") and config["alerts"]["webhook"].startswith("${")
    names = set(re.findall(r"\$\{(\w+)", (shop.FOLDER / "penstock.yml").read_text()))
    assert names == set(re.findall(r"^(\w+)=", (shop.FOLDER / ".env.example").read_text(), re.M))
