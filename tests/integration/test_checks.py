# SPDX-License-Identifier: Apache-2.0
"""Each kind of check against what Python counts in the same rows; severities; where they stand; mistakes."""
import collections
import json
import re

import pytest
from support.models import ModelProject, make_ledger
from support.wait import wait_until

COLUMN = 'na"me, x'
ROWS = [  # id, the odd column, amount, day, code, other
    (1, "a", 5, "2024-01-01", "AB", 1),
    (2, "b'\\", 0, "2024-02-01", "ab", 1),
    (2, "", -3, "2030-01-01", None, None),
    (None, None, None, None, "A1", None),
    (4, "  ", 100, "2024-01-01", "AB", 7),
    (4, "a", 7, "1999-12-31", "ABC", None),
]
OTHERS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
NAMES = ["id", COLUMN, "amount", "day", "code", "other"]


@pytest.fixture
def project(database, unique, tmp_path):
    make_ledger(database)
    project = ModelProject(tmp_path, database, f"{unique}.")
    yield project
    project.close()


@pytest.fixture
def odd(project, database):
    """A raw table of odd names; checks(column, [...]) writes property files and runs them."""
    database.execute('CREATE SCHEMA "Raw"; CREATE TABLE "Raw".tab (id int, "na""me, x" text, amount numeric, day date, '
                     'code text, other int); CREATE TABLE "Raw".others (id int, "k ey" int)')
    for row in ROWS:
        database.execute('INSERT INTO "Raw".tab VALUES (%s, %s, %s, %s, %s, %s)', row)
    database.execute("INSERT INTO \"Raw\".others VALUES (1, 1), (2, 7), (9, NULL)")
    return Odd(project)


class Odd:
    def __init__(self, project):
        self.project = project

    def write(self, columns, table=(), **more):
        tab = {"name": "tab", "data_tests": list(table),
               "columns": [{"name": name, "data_tests": tests} for name, tests in columns.items()], **more}
        self.project.properties(json.dumps({"version": 2, "sources": [{"name": "Raw", "tables": [tab]}]}))

    def check(self, *arguments, **places):
        self.write(**places)
        result = self.project.run("check", "--json", *arguments, code=None)
        rows = result.json() if result.code in (0, 3) else pytest.fail(str(result))
        bad = {row["check"] for row in rows if row["state"] in ("fail", "error")}
        assert result.code == (3 if bad else 0)
        return {row["check"]: row for row in rows}

    def one(self, column, test):
        places = {"columns": {column: [test]}} if column else {"columns": {}, "table": [test]}
        (row,) = self.check(**places).values()
        return row


def values(column):
    at = NAMES.index(column)
    return [row[at] for row in ROWS]


def known(column):
    return [value for value in values(column) if value is not None]


def repeated(items):
    return sum(count > 1 for count in collections.Counter(items).values())


def count(condition, column):
    return sum(1 for value in known(column) if condition(value))


KINDS = [  # column ('': the table), check, failures by another way
    ("id", "unique", repeated(known("id"))),
    ("amount", "unique", 0),
    ("id", "not_null", 1),
    ("code", {"not_null": {"where": "id = 2"}}, 1),
    ("code", {"not_null": {"where": "id > 3 or other = 1"}}, 0),
    (COLUMN, {"accepted_values": {"values": ["a", "b'\\"]}}, count(lambda v: v not in ("a", "b'\\"), COLUMN)),
    (COLUMN, {"accepted_values": ["a", "b'\\", "", "  "]}, 0),
    ("amount", {"accepted_values": {"values": [5, "0.0", -3, 100, 7], "quote": False}}, 0),
    ("amount", {"accepted_values": {"values": [5, "0.0"]}}, count(lambda v: v != 5, "amount")),
    ("code", {"dbt_utils.not_accepted_values": {"values": ["AB", "A1"]}}, count(lambda v: v in ("AB", "A1"), "code")),
    ("code", {"not_accepted_values": ["Ab"]}, 0),
    ("id", {"relationships": {"to": "source('Raw', 'others')", "field": "id"}}, count(lambda v: v not in (1, 2, 9), "id")),
    ("id", {"relationships": {"to": "Raw.others", "field": "id", "where": "id < 4"}}, 0),
    ("other", {"relationships": {"arguments": {"to": "Raw.others", "field": "k ey"}}}, 0),
    ("amount", {"accepted_range": {"min_value": 0}}, count(lambda v: v < 0, "amount")),
    ("amount", {"accepted_range": {"min_value": 0, "max_value": 100, "inclusive": False}},
     count(lambda v: not 0 < v < 100, "amount")),
    ("amount", {"accepted_range": {"min_value": -3, "max_value": 100}}, 0),
    ("amount", {"dbt_expectations.expect_column_values_to_be_between": {"min_value": 0, "max_value": 100, "strictly": True}},
     count(lambda v: not 0 < v < 100, "amount")),
    ("amount", {"accepted_range": {"max_value": "id * 30", "config": {"where": "id is not null"}}}, 0),
    ("day", {"accepted_range": {"min_value": "2000-01-01", "max_value": "current_date + 1"}},
     count(lambda v: not "2000" < v < "2026-11", "day")),
    ("day", {"dbt_expectations.expect_column_values_to_be_between": {"min_value": "1999-12-31"}}, 0),
    ("code", {"regex": "^[A-Z]{2}$"}, count(lambda v: not re.fullmatch("[A-Z]{2}", v), "code")),
    ("code", {"expect_column_values_to_match_regex": {"regex": "^[A-Za-z0-9]+$"}}, 0),
    (COLUMN, {"regex": {"regex": "'|\\\\|^a?$|^ +$"}}, 0),
    (COLUMN, {"not_empty_string": {"trim_whitespace": False}}, 1),
    (COLUMN, "not_empty_string", count(lambda v: not v.strip(), COLUMN)),
    ("id", "not_empty_string", 0),
    ("code", {"not_null_proportion": {"at_least": 0.84}}, 1),
    ("code", {"not_null_proportion": {"at_least": 0.83, "at_most": "0.84"}}, 0),
    ("code", {"not_null_proportion": {"at_least": 1, "where": "id = 1"}}, 0),
    ("code", {"not_null_proportion": {"at_least": 1, "where": "false"}}, 0),
    ("amount", {"expression_is_true": ">= 0"}, count(lambda v: v < 0, "amount")),
    ("amount", {"expression_is_true": {"expression": "> -4 -- at least"}}, 0),
    ("", {"dbt_utils.expression_is_true": {"expression": "amount > id or tab.other = 7"}},
     sum(1 for row in ROWS if None not in (row[0], row[2]) and not row[2] > row[0] and row[5] != 7 and row[5] is not None)),
    ("", {"expression_is_true": "coalesce(amount, 0) / nullif(id - 4, 0) > -100"}, 0),
    ("", {"expression_is_true": {"expression": "1 / (id - 4) < 5", "where": "id < 4"}}, 0),
    ("", {"unique_combination_of_columns": ["id", "other"]}, repeated(zip(values("id"), values("other")))),
    ("", {"unique_combination_of_columns": ["amount", "id"]}, 0),
    ("", {"dbt_utils.unique_combination_of_columns": {"combination_of_columns": ["day", COLUMN, "code"],
                                                      "where": "id is not null"}}, 0),
    ("id", {"unique_across": ["Raw.others.id"]}, repeated(known("id") + [1, 2, 9])),
    ("amount", {"unique_across": {"fields": ["Raw.others.k ey"]}}, repeated(known("amount") + [1, 7])),
    ("amount", {"unique_across": {"fields": ["Raw.others.k ey"], "where": "amount <> 7"}}, 0),
    ("", {"row_count": 6}, 0),
    ("", {"row_count": {"min": 7}}, 1),
    ("", {"row_count": {"max": 5}}, 1),
    ("", {"row_count": {"min": 2, "max": 2, "where": "id = 2"}}, 0),
    ("", {"expect_table_row_count_to_be_between": {"min_value": 1, "max_value": 6}}, 0),
    ("", "not_empty", 0),
    ("", {"not_empty": {"where": "id = 77"}}, 1),
    ("", {"dbt_utils.equal_rowcount": {"compare_model": "source('Raw', 'others')"}}, 3),
    ("", {"equal_rowcount": {"compare_model": "Raw.others", "where": "id <> 4"}}, 0),
    ("day", {"recency": {"interval": 1, "datepart": "day"}}, 0),
    ("", {"dbt_utils.recency": {"field": "day", "interval": 2, "datepart": "week", "where": "day < '2025-01-01'"}}, 1),
    ("day", {"recency": {"interval": 9, "datepart": "year", "where": "false"}}, 1),
]


def test_kinds(odd):
    """All in one run: what Python counts, whatever the names and values hold."""
    columns, table, expected = collections.defaultdict(list), [], {}
    for number, (column, test, failures) in enumerate(KINDS):
        kind, options = next(iter(test.items())) if isinstance(test, dict) else (test, {})
        named = {"test_name": kind, "name": f"n{number}"}
        if isinstance(options, dict):
            named.update(options)
        else:  # shorthand: named from outside is not possible, so by what it stands for
            key = {"accepted_values": "values", "not_accepted_values": "values", "regex": "regex",
                   "expression_is_true": "expression", "unique_combination_of_columns": "combination_of_columns",
                   "unique_across": "fields", "row_count": "equals"}[kind]
            named[key] = options
        (columns[column] if column else table).append(named)
        expected[f"n{number}"] = failures
    rows = odd.check(columns=dict(columns), table=table)
    assert {name: (row["failures"], row["message"]) for name, row in rows.items() if row["failures"] != expected[name]} == {}
    assert {row["state"] for row in rows.values()} == {"pass", "fail"}
    assert all(row["state"] == ("fail" if row["failures"] else "pass") for row in rows.values())
    assert len(rows) == len(KINDS)


SHORT = [("code", {"regex": "^[A-Z]{2}$"}, 3), (COLUMN, {"accepted_values": ["a", "b'\\"]}, 2),
         ("amount", {"expression_is_true": ">= 0"}, 1), ("", {"unique_combination_of_columns": ["day", "code"]}, 1),
         ("", {"row_count": 5}, 1), ("id", {"unique_across": ["Raw.others.id"]}, 3)]


def test_shorthand(odd):
    for column, test, failures in SHORT:
        row = odd.one(column, test)
        assert row["check"] == f"{next(iter(test))}_Raw_tab" + (f"_{column}" if column else "")
        assert (row["failures"], row["model"]) == (failures, "Raw.tab")


STATES = [
    ({}, "fail"), ({"severity": "warn"}, "warn"), ({"config": {"severity": "WARN"}}, "warn"),
    ({"error_if": ">2"}, "warn"), ({"error_if": ">= 2"}, "fail"), ({"error_if": "> 2", "warn_if": "!=2"}, "pass"),
    ({"error_if": "between 2 and 3"}, "fail"), ({"error_if": "not between 1 and 3", "warn_if": "> 5"}, "pass"),
    ({"warn_if": "= 2", "severity": "warn"}, "warn"), ({"warn_if": "< 2", "severity": "warn", "error_if": "> 1"}, "pass"),
    ({"limit": 1}, "fail"), ({"limit": 1, "error_if": ">1"}, "warn"), ({"error_if": "<>0"}, "fail"), ({"error_if": "==1"}, "warn"),
]


def test_severity_thresholds_and_limit(odd):
    tests = [{"unique": {"name": f"n{at}", **options}} for at, (options, _) in enumerate(STATES)]
    tests.append({"unique": {"name": "off", "enabled": False}})
    rows = odd.check(columns={"id": tests})
    assert {name: row["state"] for name, row in rows.items()} == {f"n{at}": state for at, (_, state) in enumerate(STATES)}
    assert rows["n0"]["failures"] == 2 and rows["n10"]["failures"] == 1
    assert rows["n3"]["message"] == "2 values more than once, error_if >2"


def test_one_pass_over_a_table(odd, database):
    """Whatever can be counted together is: the server says how often it went through the table."""
    def passes():
        wait_until(lambda: database.value(OTHERS) == 0, what="the sessions that count their passes at their end are over")
        database.execute("SELECT pg_stat_clear_snapshot()")
        return database.value("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'tab'")
    scanned = ["not_null", {"accepted_range": {"min_value": 0}}, {"regex": "."}, {"not_null_proportion": {"at_least": 0.5}}]
    before = passes()
    odd.check(columns={name: scanned for name in ("id", "amount")}, table=["not_empty", {"row_count": {"min": 1}}])
    assert passes() - before == 1


def test_a_mistake_in_one_is_not_the_others_trouble(odd):
    rows = odd.check(columns={"id": ["not_null", {"regex": {"regex": "("}}, "unique"], "nothing": ["not_null"],
                              "amount": [{"expression_is_true": "/ 0 > 1"}]})
    assert {name: row["state"] for name, row in rows.items()} == {
        "not_null_Raw_tab_id": "fail", "regex_Raw_tab_id": "error", "unique_Raw_tab_id": "fail",
        "not_null_Raw_tab_nothing": "error", "expression_is_true_Raw_tab_amount": "error"}
    assert "division by zero" in rows["expression_is_true_Raw_tab_amount"]["message"]
    assert 'tab.nothing does not exist' in rows["not_null_Raw_tab_nothing"]["message"]


def test_selection_by_check_model_and_raw_table(odd):
    odd.project.model("marts.m", "SELECT id FROM \"Raw\".tab")
    odd.project.run("run")
    odd.write({"id": ["not_null", "unique"]})
    odd.project.properties("models:\n  - {name: m, columns: [{name: id, tests: [{unique: {severity: warn}}]}]}\n", "marts/m.yml")
    names = lambda *wanted: [row["check"] for row in odd.project.run("check", "--json", *wanted, code=None).json()]
    assert len(names()) == 3
    assert names("Raw.tab") == ["not_null_Raw_tab_id", "unique_Raw_tab_id"] or len(names("Raw.tab")) == 2
    assert names("not_null_*") == ["not_null_Raw_tab_id"]
    assert "no check, model or source table is called 'nix'" in odd.project.run("check", "nix", code=2).err
    # A run tests the raw tables it reads, before anything is published.
    assert "2 failed" in odd.project.run("run", code=3).err


MISTAKES = [
    ("- uniqe", ":7: unknown check 'uniqe': did you mean 'unique'? expected one of unique, not_null, accepted_values"),
    ("- unique: {severty: warn}", ":7: unknown key 'severty' in unique: did you mean 'severity'?"),
    ("- unique: {severity: loud}", ":7: severity: expected error or warn, not 'loud'"),
    ("- unique: {error_if: many}", ":7: error_if: expected such as"),
    ("- unique: {error_if: '> 1 or 2'}", ":7: error_if: expected such as"),
    ("- unique: {where: 'a >'}", ":7: where:2: syntax error"),
    ("- unique: {where: 'a = 1; select 2'}", ":7: where:1: syntax error"),
    ("- unique: {limit: 0}", ":7: limit: expected a whole number, at least 1"),
    ("- accepted_values: {values: []}", ":7: this check needs values"),
    ("- accepted_values", ":7: this check needs values"),
    ("- relationships: {to: raw.x}", ":7: relationships needs to"),
    ("- accepted_range", ":7: this check needs a least value"),
    ("- accepted_range: {min_value: '2020-01-01 '' OR 1'}", ":7: a date has no quotes"),
    ("- regex: {}", ":7: this check needs its text"),
    ("- expression_is_true: '> ('", ":7: expression_is_true:2: syntax error"),
    ("- row_count: 3", ":7: row_count is about a whole table"),
    ("- not_null_proportion: {at_least: 2}", ":7: expected a share from 0 to 1"),
    ("- recency: {interval: 2, datepart: fortnight}", ":7: datepart: expected minute"),
    ("- unique_across: [x]", ":7: fields: expected schema.table.column"),
    ("- not_null_proportion: {at_least: 0.5, store_failures: true}", ":7: store_failures: not_null_proportion finds a number"),
    ("- {unique: {}, not_null: {}}", ":7: expected a check"),
    ("- unique\n        - unique", ":8: check unique_raw_t_a is there already"),
    ("- freshness", ":7: unknown check 'freshness'"),
]


def test_mistakes_in_checks(project):
    for tests, message in MISTAKES:
        project.properties("sources:\n- name: raw\n  tables:\n  - name: t\n    columns:\n    - tests:\n        " + tests +
                           "\n      name: a\n")
        assert "properties.yml" + message in project.run("check", code=2).err


SOURCES = [
    ("- name: raw\n  tables: [{name: t, tests: [unique]}]", ":3: unique is about a column: it stands below that column"),
    ("- name: raw\n  tables: [{name: t}, {name: t}]", ":3: raw.t is described already"),
    ("- name: marts\n  tables: [{name: m}]", ":3: marts.m is a model"),
    ("- tables: []", ":2: a source begins with `- name: ...`"),
    ("- name: raw\n  table: []", ":3: unknown key 'table' in a source: did you mean 'tables'?"),
    ("- name: raw\n  freshness: {}\n  tables: [{name: t}]", ":3: freshness needs warn_after"),
    ("- name: raw\n  freshness: {warn_after: 12h}\n  tables: [{name: t}]", ":3: warn_after: expected {count: 12, period: hour}"),
    ("- name: raw\n  freshness: {warn_after: {count: 1, period: fortnight}}\n  tables: []", ":3: warn_after: expected"),
    ("- name: raw\n  freshness: {warn_after: {count: 1, period: day}}\n  tables: [{name: t}]",
     ":3: freshness: no dataset loads into raw.t: give a loaded_at_field"),
    ("- name: raw\n  freshness: {warn_after: {count: 1, period: day}, filter: a}\n  tables: [{name: t}]", ":3: filter: the ledger"),
]


def test_mistakes_in_sources(project):
    project.model("marts.m", "SELECT 1 AS a")
    for text, message in SOURCES:
        project.properties("sources:\n" + text + "\n")
        assert "properties.yml" + message in project.run("check", code=2).err


SQL_MISTAKES = [("-- severity: lous\n", ":1: severity: expected error or warn"), ("-- eror_if: 3\n", ":1: unknown key 'eror_if'"),
                ("-- x\n-- warn_if: 3\n", ":2: warn_if: expected")]


def test_mistakes_in_sql_checks(project):
    for head, message in SQL_MISTAKES:
        project.check("c", head + "SELECT 1")
        assert "checks/c.sql" + message in project.run("check", code=2).err
