# SPDX-License-Identifier: Apache-2.0
"""Sources from a web server to the table: routing, one fetch among several producers, and runs that see whole fetches."""
import json
import threading
import urllib.request

import pytest

from support.http_server import Answer, HttpServer
from support.process import free_port
from support.wait import wait_until

PAGES = 8
ROWS = 500


@pytest.fixture
def server():
    server = HttpServer()
    yield server
    server.close()


def count(database, table):
    return database.value(f"SELECT count(*) FROM {table}")


def test_what_is_fetched_is_loaded_once_whoever_fetches(project, database, server):
    def api(request):
        page = int(request.query["page"])
        return json.dumps({"data": [{"id": 10 * page + i} for i in range(10)] if page <= 3 else []}).encode()

    def rates(request):
        if request.headers.get("if-none-match") == '"1"':
            return Answer(304)
        return Answer(body=b"currency,rate\nEUR,1\nUSD,1.1\n", headers={"ETag": '"1"'})

    project.dataset("numbers", {"id": "long"}, "numbers*.json", ["id"], json={"records": "data"})
    project.dataset("rates", {"currency": "string", "rate": "double"}, "nothing-is-called-so", ["currency"], format="csv")
    project.config["sources"] = {
        "api": {"url": server.route("/v1/numbers", api), "name": "numbers-{time}.json", "every": "1h",
                "paging": {"by": "page", "records": "data"}},
        # Whatever it is called, it is of its source's dataset.
        "rates": {"url": server.route("/rates.dat", rates), "dataset": "rates", "every": "1s"},
        "gone": {"url": server.route("/gone.csv", lambda request: Answer(410)), "dataset": "rates", "every": "1s"}}
    project.write().run("init")
    listen = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    producers = [project.start("producer", "--settle", "50ms", "--rescan", "500ms", "--listen", at) for at in listen]
    idle = f"127.0.0.1:{free_port()}"
    project.start("producer", "--no-fetch", "--listen", idle)
    project.start("worker")
    wait_until(lambda: count(database, "raw.numbers") == 30 and count(database, "raw.rates") == 2)
    wait_until(lambda: len(server.asked("/rates.dat")) >= 3)
    assert len(server.asked("/v1/numbers")) == 4
    names = [name for name, in database.execute("SELECT name FROM penstock.file ORDER BY dataset, name")]
    assert len(names) == 4 and names[3].endswith("Z.dat")
    # What nobody can fetch is told, once, until it can be.
    alerts = "SELECT text FROM penstock.alert WHERE kind = 'failed_source' AND cleared_at IS NULL"
    wait_until(lambda: database.execute(alerts) == [
        (f"source gone could not be fetched: GET {server.url}/gone.csv: {server.url}: HTTP status 410",)])
    server.route("/gone.csv", lambda request: b"currency,rate\nCHF,1.2\n")
    wait_until(lambda: database.execute(alerts) == [])
    assert count(database, "penstock.alert WHERE kind = 'failed_source'") == 1
    # Neither fetches what the other has fetched, also after both were killed.
    metrics = "".join(urllib.request.urlopen(f"http://{at}/metrics").read().decode() for at in listen)
    done = [float(line.split()[-1]) for line in metrics.splitlines()
            if line.startswith('penstock_source_fetches_total{source="api",outcome="done"}')]
    assert sorted(done) == [0, 1]
    assert "penstock_source_" not in urllib.request.urlopen(f"http://{idle}/metrics").read().decode()
    for producer in producers:
        producer.kill()
    asked = len(server.asked("/rates.dat"))
    again = project.start("producer")
    wait_until(lambda: len(server.asked("/rates.dat")) > asked)
    assert len(server.asked("/v1/numbers")) == 4
    shown = {row["source"]: row for row in project.json("status")["sources"]}
    assert shown["api"]["state"] == "fetched" and (shown["api"]["files"], shown["api"]["failures"]) == (3, 0)
    assert shown["api"]["last_success_at"] < shown["api"]["next_at"]
    assert again.stop() == 0


def test_a_url_and_standard_input_are_published(project, server):
    project.dataset("rates", {"currency": "string", "rate": "double"}, "rates*.csv", ["currency"]).run("init")
    answers = [Answer(503), Answer(body=b"currency,rate\nEUR,1\n"), Answer(body=b"x"), Answer(404, b"none such")]
    url = server.route("/x/rates.csv", lambda request: answers.pop(0))
    published = project.json("publish", url + "?token=abc")[0]
    assert (published["name"], published["rows"], published["outcome"]) == ("rates.csv", 1, "published")
    refused = project.run("publish", url, code=1)
    assert "rates.csv: quarantined" in refused.out
    assert "HTTP status 404: none such" in project.run("publish", url, code=1).err
    published = project.json("publish", "-", "--dataset", "rates", stdin="currency,rate\nUSD,1.1\nCHF,1.2\n")[0]
    assert (published["name"], published["rows"]) == ("stdin", 2)
    published = project.json("publish", "-", "--name", "rates-2.csv", stdin="currency,rate\nUSD,1.3\n")[0]
    assert (published["name"], published["rows"]) == ("rates-2.csv", 1)
    assert "--name tells" in project.run("publish", "-", code=2, stdin="").err
    assert "--name tells" in project.run("publish", server.url, code=2).err
    project.run("publish", "--name", "a", "b", code=2)


class Reader(threading.Thread):
    """Looks at the model all the time: each fetch that is there must be there whole."""

    def __init__(self, database):
        super().__init__(daemon=True)
        self.connection = database.connect()
        self.seen, self.bad, self.over = set(), [], threading.Event()

    def run(self):
        while not self.over.is_set():
            with self.connection.cursor() as cursor:
                cursor.execute("SELECT round, rows FROM marts.fetches")
                for fetch, rows in cursor.fetchall():
                    self.seen.add(fetch)
                    if rows != PAGES * ROWS:
                        self.bad.append((fetch, rows))
            self.connection.rollback()


def test_a_run_sees_whole_fetches_only(project, database, server):
    """Loaded page by page, killed on the way, recalculated after every load: never half a fetch."""
    fetches, no_more = [], threading.Event()

    def api(request):
        page = int(request.query["page"])
        if page == 1 and no_more.is_set():
            return b"[]"
        if page == 1:
            fetches.append(len(fetches) + 1)
        n = fetches[-1]
        rows = [{"id": (n * PAGES + page) * ROWS + i, "round": n} for i in range(ROWS)] if page <= PAGES else []
        return json.dumps(rows).encode()

    project.dataset("items", {"id": "long", "round": "long"}, "items*.json", ["id"])
    project.config["sources"] = {"items": {"url": server.route("/items", api), "dataset": "items", "every": "1s",
                                           "paging": {"by": "page"}}}
    project.config["models"] = "sql/models"
    project.config["schedule"] = {"recalculate": {"after_load": True, "debounce": "0", "wait_for_sources": True}}
    project.file("sql/models/marts/fetches.sql", "-- materialized: table\n-- unique_key: round\n"
                 "SELECT round, count(*) AS rows FROM raw.items GROUP BY round\n")
    project.write().run("init")
    project.run("run")
    reader = Reader(database)
    reader.start()
    project.start("worker")
    scheduler = project.start("scheduler")
    for fault in ("fetch.whole:1", "fetch.released:3", "fetch.released:17", "producer.removed:2", None):
        producer = project.start("producer", "--settle", "50ms", "--rescan", "200ms",
                                 env={"PENSTOCK_FAULT": fault} if fault else {})
        known = len(reader.seen)
        if fault:
            assert producer.wait() == -9
        else:
            wait_until(lambda known=known: len(reader.seen) >= known + 2 and len(reader.seen) >= 5, 60)
    no_more.set()
    wait_until(lambda: database.value("SELECT count(*) FROM marts.fetches") == len(fetches))
    reader.over.set()
    reader.join()
    assert reader.bad == []
    assert "the run waits" in scheduler.output()
    assert database.value("SELECT count(*) FROM penstock.run WHERE state = 'failed'") == 0
    # Nothing of the fetches before the last is kept in the ledger.
    assert database.value("SELECT count(DISTINCT fetch_time) FROM penstock.fetched_file") <= 2
    # A file that a person takes away holds up nothing for ever; by hand a run never waits.
    producer.stop()
    database.execute("SELECT penstock.note_fetch('items', 'x', ARRAY['gone.json'], false)")
    assert database.execute("SELECT source, files, in_inbox FROM penstock.source_loading") == [("items", 1, 1)]
    project.run("run")
    no_more.clear()
    assert project.json("fetch")[0]["files"] == PAGES
    assert count(database, "penstock.fetched_file WHERE name = 'gone.json'") == 0
