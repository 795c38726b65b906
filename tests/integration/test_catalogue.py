# SPDX-License-Identifier: Apache-2.0
"""`penstock docs` on a real Postgres: what the page says against the project's files and the catalogue of Postgres."""
import html.parser
import re

import pytest

from support.models import ModelProject, make_ledger


class Page(html.parser.HTMLParser):
    VOID = ("meta",)

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.links, self.boxes, self.edges, self.chapters = [], [], [], [], 0, {}
        self.chapter = None
        self.feed(text)
        assert self.open == [], "every element is closed"

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        assert tag != "script"
        if tag not in self.VOID:
            self.open.append((tag, attrs.get("class", "")))
        if tag == "h2":
            self.chapter = None
        if "id" in attrs:
            self.ids.append(attrs["id"])
            self.chapter = self.chapters.setdefault(attrs["id"], [])
        if tag == "a":
            self.links.append(attrs["href"])
        if tag == "tr" and self.chapter is not None:
            self.chapter.append([])
        if tag in ("td", "th") and self.chapter:
            self.chapter[-1].append("")

    def handle_startendtag(self, tag, attrs):
        self.edges += tag == "path" and dict(attrs).get("class") == "edge"

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if any(tag in ("td", "th") for tag, _ in self.open) and self.chapter and self.chapter[-1]:
            self.chapter[-1][-1] += data
        if [tag for tag, _ in self.open[-2:]] == ["g", "title"]:
            self.boxes.append((self.open[-2][1], data))

    def facts(self, chapter):
        return {row[0]: row[1] for row in self.chapters[chapter] if len(row) == 2}

    def columns(self, chapter):
        return [row for row in self.chapters[chapter] if len(row) == 4][1:]


@pytest.fixture
def project(database, unique, tmp_path):
    make_ledger(database)
    project = ModelProject(tmp_path, database, f"{unique}.")
    project.config["sources"] = {"web": {"url": "http://127.0.0.1:9/x.csv", "dataset": "sales", "every": "1h"}}
    project.dataset("sales", [{"name": "id", "type": "long", "doc": "number & <b>more</b>"},
                              {"name": "amount", "type": ["null", "double"], "default": None}],
                    ["sales*.csv", "s.csv"], ["id"], owner="the shop")
    database.execute("CREATE SCHEMA raw; CREATE TABLE raw.sales (id bigint PRIMARY KEY, amount float8, _file bigint, _row bigint);"
                     "INSERT INTO raw.sales VALUES (1, 2.5, 1, 1); CREATE TABLE raw.other (id bigint)")
    project.model("staging.clean", "SELECT id, amount FROM raw.sales")
    project.model("marts.total", "SELECT count(*) AS n, sum(amount) AS total FROM staging.clean", materialized="table",
                  description="all <sales>", owner="finance")
    project.model("marts.both", "SELECT t.total FROM marts.total t, raw.other o", materialized="table")
    project.properties("version: 2\nmodels:\n  - name: marts.total\n    config: {meta: {owner: controllers}}\n    columns:\n      - name: total\n"
                       "        description: in \"euros\"\n        data_tests: [not_null]\n"
                       "sources:\n  - name: raw\n    tables:\n      - name: sales\n        meta: {owner: nobody}\n"
                       "        columns:\n          - name: id\n            data_tests: [unique]\n")
    project.check("sums", "-- description: adds up\nSELECT 1 WHERE false")
    project.report("answer", "-- format: html\n-- title: The answer\nSELECT total FROM marts.both")
    return project


def test_what_the_files_say(project):
    page = Page(project.run("docs", "--offline").out)
    assert sorted(page.boxes) == sorted([
        ("source", "web"), ("files", "sales*.csv, s.csv"), ("dataset", "sales"), ("table", "raw.other"),
        ("model", "staging.clean"), ("model", "marts.total"), ("model", "marts.both"), ("report", "answer")])
    assert page.edges == 7, "web-files, files-sales, sales-clean, clean-total, total-both, other-both, both-answer"
    assert {link for link in page.links} <= {f"#{anchor}" for anchor in page.ids}
    assert len(page.ids) == len(set(page.ids)) == 5
    sales = page.facts("dataset-sales")
    assert (sales["table"], sales["owner"], sales["key"], sales["read by"]) == ("raw.sales", "the shop", "id", "staging.clean")
    assert page.columns("dataset-sales") == [["id", "bigint", "number & <b>more</b>", "unique"],
                                             ["amount", "double precision null", "", ""]]
    assert page.facts("model-marts.total")["owner"] == "controllers"
    assert page.columns("model-marts.total") == [["total", "", 'in "euros"', "not_null"]]
    assert page.facts("report-answer") == {"format": "html", "SQL": page.facts("report-answer")["SQL"], "from": "marts.both"}
    assert "last run" not in page.facts("model-marts.total")


def test_the_drawing_begins_at_its_edge_and_nothing_comes_from_elsewhere(project):
    def left(text):
        return min(int(x) for x in re.findall(r'<rect x="(\d+)"', text))

    drawn = project.run("docs", "--offline").out
    assert not re.search(r"\bsrc=|url\(|@import|https?:", drawn) and "default-src 'none'" in drawn
    del project.config["sources"]
    project.write()
    assert left(project.run("docs", "--offline").out) == left(drawn) < 20


def test_what_the_database_knows(project, database):
    project.run("run")
    project.file("sql/checks/sums.sql", "-- description: adds up\nSELECT 1")
    project.run("check", code=3)
    target = project.folder / "catalogue.html"
    assert project.run("docs", "-o", target).out == ""
    text = target.read_text()
    page = Page(text)
    types = database.execute("SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
                             "WHERE attrelid = 'marts.total'::regclass AND attnum > 0 ORDER BY attnum")
    assert [tuple(row[:2]) for row in page.columns("model-marts.total")] == types
    assert re.match(r"published 20\d\d-\d\d-\d\d \d\d:\d\d UTC, \+1 ~0 −0 rows in \d+ ms", page.facts("model-marts.total")["last run"])
    assert '<span class="fail"' in text and '<span class="pass"' in text
    assert "Last runs" in text and "without what the database knows" not in text


def test_without_a_database(project):
    project.config["postgres"] = "host=127.0.0.1 port=1 dbname=x"
    project.write()
    done = project.run("docs")
    assert "the catalogue is made without the ledger" in done.err
    assert "without what the database knows" in done.out and Page(done.out).edges == 7
