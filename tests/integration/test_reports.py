# SPDX-License-Identifier: Apache-2.0
"""HTML reports on a real Postgres: the page's table and chart against the rows themselves."""
import html.parser

import pytest

from support.models import ModelProject, make_ledger


class Page(html.parser.HTMLParser):
    """Rows of the table, and what the chart consists of."""

    VOID = ("meta",)

    def __init__(self, text):
        super().__init__()
        self.open, self.rows, self.marks, self.titles, self.texts, self.scripts = [], [], [], [], [], 0
        self.feed(text)
        assert self.open == [], "every element is closed"

    def handle_starttag(self, tag, attrs):
        self.scripts += tag == "script"
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("th", "td"):
            self.rows[-1].append("")
        elif tag in ("circle", "rect", "path"):
            self.marks.append((tag, dict(attrs)))

    def handle_startendtag(self, tag, attrs):
        if tag in ("circle", "rect", "path"):
            self.marks.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("th", "td"):
            self.rows[-1][-1] += data
        elif self.open and self.open[-1] == "title":
            self.titles.append(data)
        elif self.open and self.open[-1] == "text":
            self.texts.append(data)


@pytest.fixture
def project(database, unique, tmp_path):
    make_ledger(database)
    project = ModelProject(tmp_path, database, f"{unique}.")
    project.config["reports"]["format"] = "html"
    return project.write()


def page(project, name):
    project.run("report", name)
    return Page((project.folder / "output" / f"{name}.html").read_text())


def test_a_table_and_lines(project):
    project.report("months", "-- title: Turnover <2026> & more\n-- chart: line month, turnover, lost\n"
                   "SELECT * FROM (VALUES ('<b>Jan', 10.5, -3), ('Feb', NULL, 0), ('M\"är', 21, 4)) v (month, turnover, lost)")
    found = page(project, "months")
    assert found.rows == [["month", "turnover", "lost"], ["<b>Jan", "10.5", "-3"], ["Feb", "", "0"], ['M"är', "21", "4"]]
    assert found.titles[0] == "Turnover <2026> & more" and found.scripts == 0
    assert found.titles[1:] == ["<b>Jan, turnover: 10.5", 'M"är, turnover: 21', "<b>Jan, lost: -3", "Feb, lost: 0",
                                'M"är, lost: 4']
    dots = [mark for tag, mark in found.marks if tag == "circle"]
    lines = [mark["d"] for tag, mark in found.marks if tag == "path"]
    assert len(dots) == 5 and len(lines) == 2
    assert lines[0].count("M") == 2 and "L" not in lines[0], "a null is a gap"
    assert lines[1].count("L") == 2
    # 21 is above 10.5, and 0 half way between 21 and -21 on the same scale.
    heights = {title: float(dot["cy"]) for title, dot in zip(found.titles[1:], dots)}
    zero, high = heights["Feb, lost: 0"], heights['M"är, turnover: 21']
    assert abs((zero - heights["<b>Jan, turnover: 10.5"]) - (zero - high) / 2) < 0.2
    assert heights["<b>Jan, lost: -3"] > zero
    assert {"turnover", "lost", "0", "<b>Jan"} <= set(found.texts)


def test_bars_and_no_rows(project):
    project.report("bars", "-- chart: bar n, a, b\nSELECT n, n * 2 AS a, -n AS b FROM generate_series(1, 40) n")
    found = page(project, "bars")
    bars = [mark for tag, mark in found.marks if tag == "rect" and mark["width"] != "12"]
    assert len(bars) == 80
    heights = [float(bar["height"]) for bar in bars]
    assert abs(heights[39] - 40 * heights[0]) < 40 * 0.06 + 0.1 and abs(heights[39] - 2 * heights[79]) < 0.2
    assert len([text for text in found.texts if text.isdigit() and 1 <= int(text) <= 40]) <= 24, "not every label"
    project.report("empty", "-- chart: bar n, m\nSELECT 1 AS n, 2 AS m WHERE false")
    found = page(project, "empty")
    assert found.rows == [["n", "m"]] and found.marks == []


def test_numbers_no_chart_has_room_for(project):
    numbers = ["1e308", "-1e308", "NaN", "Infinity", "-Infinity", "5e-324", "1e250", "-1e250"]
    values = ", ".join(f"({n}, '{number}'::float8)" for n, number in enumerate(numbers))
    for values, drawn in ((values, 3), ("(1, 5e-324::float8)", 1)):
        project.report("extremes", f"-- chart: line n, x\nSELECT * FROM (VALUES {values}) v (n, x)")
        found = page(project, "extremes")
        dots = [mark for tag, mark in found.marks if tag == "circle"]
        assert len(dots) == drawn and all(0 <= float(dot["cy"]) <= 400 for dot in dots)


def test_mistakes_are_named(project):
    for head, sql, message in [
            ("chart: pie a, b", "SELECT 1 AS a, 2 AS b", "mistake.sql:1: chart: expected line or bar"),
            ("chart: line a", "SELECT 1 AS a", "expected line or bar, a column of labels"),
            ("chart: line a, c", "SELECT 1 AS a, 2 AS b", "chart: the report has no column 'c'"),
            ("chart: line a, b", "SELECT 1 AS a, 'x' AS b", "chart: column 'b' holds no numbers"),
            ("chart: bar n, n", "SELECT n FROM generate_series(1, 501) n", "repeated"),
            ("chart: bar n, m", "SELECT n, n AS m FROM generate_series(1, 501) n", "more than 500 rows"),
            ("format: pdf", "SELECT 1 AS a", "expected csv, json, markdown or html")]:
        project.report("mistake", f"-- {head}\n{sql}")
        if message == "repeated":
            project.run("report", "mistake", code=2)
        else:
            assert message in project.run("report", "mistake", code=2).err
    project.report("mistake", "-- format: csv\n-- chart: line a, b\nSELECT 1 AS a, 2 AS b")
    assert "only a report of format html has one" in project.run("report", "mistake", code=2).err
    assert not list((project.folder / "output").glob("mistake*")), "nothing half-written is left"
