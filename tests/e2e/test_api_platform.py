# SPDX-License-Identifier: Apache-2.0
"""examples/api-platform from a paged API to its reports: in `dev`, and on real Kafka and Postgres with a producer that is
killed on the way. The oracle is Python over the API's own records."""
import collections
import hashlib
import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from decimal import ROUND_HALF_UP, Decimal

import pytest

from support.penstock import Project
from support.process import die_with_parent, end
from support.wait import wait_until
from support.world import markdown_rows

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "examples" / "api-platform"
KEY = "a-key-of-the-test"
DAYS = 5

SPEC = importlib.util.spec_from_file_location("air_api", EXAMPLE / "api" / "server.py")
air = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(air)


class Api:
    """The example's own server, as a process."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, EXAMPLE / "api" / "server.py", "--port", "0", "--days", str(DAYS)], text=True,
            stdout=subprocess.PIPE, env={**os.environ, "AIR_API_KEY": KEY}, preexec_fn=die_with_parent())
        self.url = self.process.stdout.readline().strip()
        self.days = DAYS

    def next_day(self):
        request = urllib.request.Request(f"{self.url}/v1/next-day", method="POST")
        self.days = json.load(urllib.request.urlopen(request))["days"]

    def close(self):
        end(self.process)


@pytest.fixture
def api():
    api = Api()
    yield api
    api.close()


def mean(values):
    return (sum(values) / len(values)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def city_days(days):
    """(city, day) -> (mean of PM2.5, provisional)"""
    city_of = {station["id"]: station["city"] for station in air.stations()}
    groups = collections.defaultdict(list)
    for row in air.measurements(days):
        groups[city_of[row["station"]["id"]], row["at"][:10]].append(row)
    return {key: (mean([Decimal(str(row["values"]["pm25"])) for row in rows if row["values"]["pm25"] >= 0]),
                  any(row["status"] == "provisional" for row in rows)) for key, rows in groups.items()}


def expected(days):
    """Both reports' rows."""
    means = city_days(days)
    cities = [[city, str(days), str(sum(value > 15 for (of, _), (value, _) in means.items() if of == city)),
               str(max(value for (of, _), (value, _) in means.items() if of == city))] for city in air.CITIES]
    cities.sort(key=lambda row: (-int(row[2]), -Decimal(row[3]), row[0]))
    over = [[day, city, str(value), "provisional" if provisional else "final"]
            for (city, day), (value, provisional) in means.items() if value > 15]
    return cities, sorted(over)


def reports(project):
    paths = [project.folder / "output" / f"{name}.md" for name in ("1-cities", "2-days-over-limit")]
    return tuple(markdown_rows(path) for path in paths) if all(path.exists() for path in paths) else None


def pages(days):
    """SHA-256 of every answer the API gives, as it gives it."""
    answers = [air.stations_page({"page": page}) for page in range(1, 4)]
    cursor = {}
    while cursor is not None:
        answers.append(air.measurements_page(cursor, days))
        following = answers[-1]["meta"]["next"]
        cursor = {"cursor": following} if following else None
    return {hashlib.sha256(json.dumps(answer).encode()).hexdigest() for answer in answers}


def archived(project):
    return {path.name for path in (project.folder / "archive").glob("*/objects/*/*")}


def copy(folder, api, bootstrap="127.0.0.1:1", conninfo="", prefix="air."):
    """The example as it stands, as a user copies it."""
    for part in ("schemas", "sql"):
        shutil.copytree(EXAMPLE / part, folder / part, dirs_exist_ok=True)
    project = Project(folder, bootstrap, conninfo, prefix)
    text = (EXAMPLE / "penstock.yml").read_text().replace('prefix: "air."', f'prefix: "{prefix}"')
    (folder / "penstock.yml").write_text(text + "monitor: {listen: 127.0.0.1:0}\n")
    project.environment.update(AIR_API=api.url, AIR_API_KEY=KEY)
    if conninfo:
        project.environment.update(DATABASE_URL=conninfo, KAFKA_BOOTSTRAP_SERVERS=bootstrap)
    return project


def assert_no_key(project):
    found = subprocess.run(["grep", "-rl", KEY, project.folder], stdout=subprocess.PIPE, text=True).stdout
    assert found == "" and KEY not in project.run("config", "print").out


def test_the_oracle_has_something_to_tell():
    cities, over = expected(DAYS)
    assert len(over) > 4 and {row[3] for row in over} == {"provisional", "final"} and len({row[2] for row in cities}) > 1
    assert expected(DAYS + 1)[1] != over


def test_in_dev(api):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="penstock-air-"))
    folder.chmod(0o755)
    project = copy(folder, api)
    try:
        dev = project.start("dev")
        wait_until(lambda: reports(project) == expected(DAYS) or not dev.running(), 60, "the reports")
        assert archived(project) == pages(DAYS)
        api.next_day()
        project.run("fetch", "measurements")
        wait_until(lambda: reports(project) == expected(DAYS + 1), 60, "the next day's reports")
        assert archived(project) == pages(DAYS) | pages(DAYS + 1)
        assert_no_key(project)
        dev.stop()
    finally:
        project.close()
        print(project.logs())
        shutil.rmtree(folder, ignore_errors=True)


def test_on_kafka_and_postgres(kafka, database, unique, tmp_path, api, s3):
    """With the raw answers in a bucket."""
    project = copy(tmp_path, api, kafka.bootstrap, database.conninfo, f"{unique}.")
    bucket = unique.replace("_", "-").strip("-")
    s3.client.make_bucket(bucket)
    keys = {name: value for name, value in s3.environment().items() if "KEY" in name}
    project.environment.update(keys, ARCHIVE=f"s3://{bucket}/air", S3_ENDPOINT=s3.endpoint)
    try:
        project.run("init")
        for name in ("worker", "scheduler"):
            project.start(name)
        # Killed after a page, and again while the pages go into the inbox.
        for fault in ("fetch.page:5", "fetch.released:2"):
            assert project.start("producer", env={"PENSTOCK_FAULT": fault}).wait() == -9
        project.start("producer")
        wait_until(lambda: reports(project) == expected(DAYS), 60, "the reports")
        assert {key.rsplit("/", 1)[1] for key in s3.client.keys(bucket, "air/") if "/objects/" in key} == pages(DAYS)
        api.next_day()
        project.run("fetch", "measurements")
        wait_until(lambda: reports(project) == expected(DAYS + 1), 60, "the next day's reports")
        assert database.value("SELECT count(*) FROM raw.measurements") == len(air.measurements(DAYS + 1))
        assert database.value("SELECT count(*) FROM penstock.run WHERE state = 'failed'") == 0
        refused = project.run("fetch", "stations", code=1, env={"AIR_API_KEY": "another-key-of-nobody"})
        assert "HTTP status 401" in refused.err and "the key '***' is not known" in refused.err
        assert_no_key(project)
    finally:
        project.close()
        print(project.logs())
