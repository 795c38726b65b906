# SPDX-License-Identifier: Apache-2.0
"""Models, checks and reports by hand, on a real Postgres."""
import csv
import io
import json
import pathlib
import random
import re

import pytest

from support.models import ModelProject, make_ledger
from support.wait import wait_until


@pytest.fixture
def project(database, unique, tmp_path):
    make_ledger(database)
    database.execute("CREATE SCHEMA raw")
    project = ModelProject(tmp_path, database, f"{unique}.")
    yield project
    project.close()


KINDS = """id bigint, word text, amount numeric, ratio double precision, day date, doc json, at timestamptz,
  flags boolean[], bits bytea"""


def random_row(rng, key):
    pick = lambda *values: rng.choice(values)
    return (key, pick(None, "", "a", "A", "ä,\"(", "\\N"), pick(None, "1", "1.0", "1.00", "-0"),
            pick(None, "NaN", "0", "-0", "1e300"), pick(None, "2024-02-29", "infinity"),
            pick(None, '{"a": 1}', '{"a":1}', "null"), pick(None, "2024-01-01T00:00:00Z"),
            pick(None, "{}", "{t,NULL}"), pick(None, b"", b"\x00\xff"))


def change(rng, database, keyed):
    """Some rows go, some change, some come; without a key they repeat."""
    database.execute("DELETE FROM raw.facts WHERE random() < %s", (rng.choice([0, 0.1, 0.6]),))
    for _ in range(rng.randrange(40)):
        key = rng.randrange(60)
        if keyed:
            database.execute("DELETE FROM raw.facts WHERE id = %s", (key,))
        row = random_row(rng, key if keyed or rng.random() < 0.9 else None)
        for _ in range(1 if keyed else rng.choice([1, 1, 2, 3])):
            database.execute("INSERT INTO raw.facts VALUES (%s,%s,%s,%s,%s,%s,%s,%s,%s)", row)


def images(database, query):
    """The rows, as exactly as Postgres can print them."""
    return sorted(row[0] for row in database.execute(f"SELECT q::text FROM ({query}) q"))


@pytest.mark.parametrize("keyed", [True, False])
def test_difference_equals_a_fresh_select(project, database, keyed):
    rng = random.Random(7)
    database.execute(f"CREATE TABLE raw.facts ({KINDS})")
    head = {"unique_key": "id"} if keyed else {}
    query = "SELECT *, upper(word) AS shout FROM raw.facts"
    project.model("marts.facts", query, materialized="table", **head)
    project.model("marts.child", "SELECT word, count(*) AS n FROM facts GROUP BY word", materialized="table")
    for _ in range(15):
        change(rng, database, keyed)
        exists = database.value("SELECT to_regclass('marts.facts') IS NOT NULL")
        versions = "SELECT ctid::text, xmin::text FROM marts.facts"
        before = set(database.execute(versions)) if exists else set()
        results = project.results()
        after = set(database.execute(versions))
        assert images(database, "SELECT * FROM marts.facts") == images(database, query)
        assert images(database, "SELECT * FROM marts.child") == images(
            database, "SELECT word, count(*) AS n FROM raw.facts GROUP BY word")
        _, inserted, updated, deleted = results["marts.facts"]
        assert len(after - before) == inserted + updated
        assert len(before - after) == deleted + updated
    assert set(project.results().values()) == {("unchanged", 0, 0, 0)}
    published = database.execute("SELECT count(*), count(snapshot), count(system_identifier) FROM penstock.run "
                                 "WHERE state = 'published' AND trigger = 'hand'")
    assert published == [(16, 16, 16)]


def test_keys_are_proven(project, database):
    database.execute("CREATE TABLE raw.t (id int, x int); INSERT INTO raw.t VALUES (1, 1)")
    project.model("marts.m", "SELECT * FROM raw.t", materialized="table", unique_key="id")
    project.run("run")
    database.execute("INSERT INTO raw.t VALUES (1, 2)")
    assert "unique_key (\"id\") is not unique: 2 rows have (1)" in project.run("run", code=1).err
    database.execute("DELETE FROM raw.t WHERE x = 2; INSERT INTO raw.t VALUES (NULL, 3)")
    assert "unique_key (\"id\") is null" in project.run("run", code=1).err
    assert database.execute("TABLE marts.m") == [(1, 1)]
    assert database.execute("SELECT state, error <> '' FROM penstock.run ORDER BY run_id") == [
        ("published", False), ("failed", True), ("failed", True)]
    assert database.value("SELECT count(*) FROM penstock.model_run WHERE state = 'failed'") == 2


def test_materialized_view_never_goes_stale(project, database):
    database.execute("CREATE TABLE raw.t (id int, x int); INSERT INTO raw.t VALUES (1, 1), (2, NULL)")
    project.model("marts.m", "SELECT * FROM raw.t", materialized="materialized_view", unique_key="id")
    project.model("marts.sums", "SELECT count(*) AS n FROM marts.m", materialized="table")
    project.run("run")
    database.execute("INSERT INTO raw.t VALUES (3, 3); DELETE FROM raw.t WHERE id = 1")
    project.run("run")
    assert database.execute("SELECT * FROM marts.m ORDER BY id") == [(2, None), (3, 3)]
    assert database.value("SELECT n FROM marts.sums") == 2
    # New rows that repeat each other and contain a null: Postgres alone would report success.
    database.execute("INSERT INTO raw.t VALUES (9, NULL), (9, NULL)")
    assert "is not unique" in project.run("run", code=1).err
    database.execute("DELETE FROM raw.t WHERE id = 9; INSERT INTO raw.t VALUES (4, 4)")
    project.run("run")
    assert database.value("SELECT count(*) FROM marts.m") == 3
    project.model("marts.m", "SELECT id, x + 1 AS x FROM raw.t", materialized="materialized_view", unique_key="id")
    assert "run --rebuild marts.m" in project.run("run", code=1).err
    assert database.value("SELECT x FROM marts.m WHERE id = 4") == 4
    project.run("run", "--rebuild", "marts.m")
    assert database.value("SELECT x FROM marts.m WHERE id = 4") == 5
    project.run("run")


def test_what_hangs_on_results_survives(project, database, unique):
    role = f"reader_{unique}"
    database.execute(f"CREATE ROLE {role}; CREATE TABLE raw.t (id int, parent int); "
                     "INSERT INTO raw.t VALUES (1, NULL), (2, 1), (3, 1)")
    project.model("marts.nodes", "SELECT id FROM raw.t", materialized="table", unique_key="id")
    project.model("marts.edges", "SELECT id, parent FROM raw.t WHERE parent IS NOT NULL", materialized="table",
                  unique_key="id")
    project.run("run")
    database.execute(f"GRANT USAGE ON SCHEMA marts TO {role}; GRANT SELECT ON marts.nodes, marts.edges TO {role};"
                     "ALTER TABLE marts.edges ADD FOREIGN KEY (parent) REFERENCES marts.nodes DEFERRABLE;"
                     "CREATE VIEW public.deep AS SELECT e.id FROM marts.edges e JOIN marts.nodes n ON n.id = e.parent;"
                     "CREATE INDEX by_parent ON marts.edges (parent)")
    database.execute("DELETE FROM raw.t; INSERT INTO raw.t VALUES (10, NULL), (11, 10), (12, 10), (13, 11)")
    assert project.results()["marts.nodes"] == ("published", 4, 0, 3)
    database.execute(f"SET ROLE {role}")
    assert database.value("SELECT count(*) FROM marts.edges") == 3
    database.execute("RESET ROLE")
    assert database.value("SELECT count(*) FROM public.deep") == 3
    assert database.value("SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conrelid = 'marts.edges'::regclass") == 1
    database.execute("UPDATE raw.t SET parent = 99 WHERE id = 13; DELETE FROM raw.t WHERE id = 12")
    assert "violates foreign key" in project.run("run", code=1).err
    assert database.value("SELECT count(*) FROM marts.edges") == 3
    database.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_views_and_columns_follow_their_files(project, database):
    database.execute("CREATE TABLE raw.t (a int, b text); INSERT INTO raw.t VALUES (1, 'x')")
    project.model("marts.v", "SELECT a FROM raw.t")
    project.model("marts.t", "SELECT a FROM v", materialized="table")
    project.properties("models:\n  - name: v\n    description: it's a view\n    columns:\n"
                       "      - {name: a, description: a number}\n")
    project.run("run")
    assert database.value("SELECT obj_description('marts.v'::regclass)") == "it's a view"
    assert database.value("SELECT col_description('marts.v'::regclass, 1)") == "a number"
    database.execute("CREATE VIEW public.other AS SELECT * FROM marts.t")
    project.model("marts.v", "SELECT a, b FROM raw.t")
    project.model("marts.t", "SELECT a, b, 1.5::numeric(4,2) AS c FROM v", materialized="table")
    assert project.results()["marts.v"][0] == "published"
    assert [str(x) for x in database.execute("TABLE marts.t")[0]] == ["1", "x", "1.50"]
    assert project.results() == {"marts.v": ("unchanged", 0, 0, 0), "marts.t": ("unchanged", 0, 0, 0)}
    for query in ("SELECT b, a FROM v", "SELECT a FROM v", "SELECT a::bigint, b, 1.5::numeric(4,2) AS c FROM v"):
        project.model("marts.t", query, materialized="table")
        assert "penstock run --rebuild marts.t" in project.run("run", code=1).err
    project.model("marts.t", "SELECT a, b, 1.5::numeric(4,2) AS c FROM v", materialized="table")
    project.model("marts.v", "SELECT b, a FROM raw.t")
    failed = project.run("run", code=1)
    assert "column 1 is a integer in the database, the file makes it b text" in failed.err
    assert database.execute("TABLE marts.v") == [(1, "x")]


def test_rebuild_puts_back_what_reads_it(project, database, unique):
    role = f"reader_{unique}"
    database.execute(f"CREATE ROLE {role}; CREATE TABLE raw.t (a int, b text); INSERT INTO raw.t VALUES (1, 'x')")
    project.model("marts.t", "SELECT a, b FROM raw.t", materialized="table", unique_key="a")
    project.model("marts.m", "SELECT a FROM t", materialized="materialized_view", unique_key="a")
    project.run("run")
    database.execute("CREATE VIEW public.one AS SELECT a FROM marts.t; CREATE VIEW public.two AS SELECT o.a FROM "
                     "public.one o JOIN marts.m USING (a); CREATE INDEX by_b ON marts.t (b);"
                     "CREATE TABLE public.kid (a int REFERENCES marts.t DEFERRABLE); INSERT INTO public.kid VALUES (1);"
                     f"GRANT SELECT ON marts.t, marts.m, public.two TO {role}; GRANT UPDATE (b) ON marts.t TO {role};"
                     "COMMENT ON VIEW public.two IS 'second'")
    project.model("marts.w", "SELECT a FROM public.two")
    project.run("run")
    project.model("marts.t", "SELECT a::text AS a, b, b AS c FROM raw.t", materialized="table", unique_key="a")
    assert "--rebuild marts.t" in project.run("run", code=1).err
    failed = project.run("run", "--rebuild", "marts.t", code=1)
    assert "cannot be implemented" in failed.err  # the foreign key's types differ now
    assert database.execute("TABLE marts.w") == [(1,)]
    project.model("marts.t", "SELECT a, b, b AS c FROM raw.t WHERE true", materialized="table", unique_key="a")
    project.run("run", "--rebuild", "marts.t")
    assert database.execute("TABLE marts.w") == [(1,)]
    assert database.execute("TABLE marts.t") == [(1, "x", "x")]
    assert database.value(f"SELECT has_table_privilege('{role}', 'marts.t', 'SELECT') AND "
                          f"has_table_privilege('{role}', 'marts.m', 'SELECT') AND "
                          f"has_table_privilege('{role}', 'public.two', 'SELECT') AND "
                          f"has_column_privilege('{role}', 'marts.t', 'b', 'UPDATE')")
    assert database.value("SELECT count(*) FROM pg_indexes WHERE indexname = 'by_b'") == 1
    assert database.value("SELECT count(*) FROM pg_constraint WHERE conname = 'kid_a_fkey'") == 1
    assert database.value("SELECT obj_description('public.two'::regclass)") == "second"
    assert set(state for state, *_ in project.results().values()) == {"published", "unchanged"}
    database.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


CHECKS = """
models:
  - name: m
    columns:
      - name: id
        data_tests: [unique, not_null]
      - name: kind
        data_tests:
          - accepted_values: {values: [a, b], severity: warn}
          - relationships: {to: raw.kinds, field: kind}
          - not_null: {where: "id > 100", name: late_kinds_are_known}
"""


def test_a_failed_check_publishes_nothing(project, database):
    database.execute("CREATE TABLE raw.t (id int, kind text); CREATE TABLE raw.kinds (kind text);"
                     "INSERT INTO raw.kinds VALUES ('a'), ('b'), ('c'); INSERT INTO raw.t VALUES (1, 'a'), (2, 'c')")
    project.model("marts.m", "SELECT * FROM raw.t", materialized="table")
    project.properties(CHECKS)
    project.check("few", "-- description: at most three\nSELECT * FROM (SELECT count(*) n FROM marts.m) q WHERE n > 3")
    project.run("run")
    state = lambda: dict(database.execute(
        "SELECT name, state || ' ' || failures FROM penstock.check_result WHERE run_id = (SELECT max(run_id) FROM penstock.run)"))
    assert state() == {"unique_marts_m_id": "pass 0", "not_null_marts_m_id": "pass 0",
                       "accepted_values_marts_m_kind": "warn 1", "relationships_marts_m_kind": "pass 0",
                       "late_kinds_are_known": "pass 0", "few": "pass 0"}
    database.execute("INSERT INTO raw.t VALUES (2, 'x'), (NULL, NULL), (101, NULL)")
    assert "few" in project.run("run", code=3).err
    assert state() == {"unique_marts_m_id": "fail 1", "not_null_marts_m_id": "fail 1",
                       "accepted_values_marts_m_kind": "warn 2", "relationships_marts_m_kind": "fail 1",
                       "late_kinds_are_known": "fail 1", "few": "fail 1"}
    assert database.value("SELECT count(*) FROM marts.m") == 2
    assert database.value("SELECT state FROM penstock.run ORDER BY run_id DESC LIMIT 1") == "failed"
    assert database.value("SELECT message FROM penstock.check_result WHERE name = 'few' AND failures > 0") == \
        "1 row that should not be there: at most three"
    # By hand, against the tables as they are: all good but the warning.
    checks = {row["check"]: row["state"] for row in project.json("check")}
    assert checks["unique_marts_m_id"] == "pass" and checks["accepted_values_marts_m_kind"] == "warn"
    project.check("broken", "SELECT nothing FROM marts.m")
    assert {row["check"]: row["state"] for row in project.run("check", "--json", code=3).json()}["broken"] == "error"


def test_reports_are_whole_files(project, database):
    database.execute("CREATE TABLE raw.t (id int, name text, ok boolean, n numeric, doc jsonb)")
    database.execute("INSERT INTO raw.t VALUES (1, 'a,\"b\n|', true, 1.50, '{\"x\": [1]}'), (2, '', false, 'NaN', NULL), (3, NULL, NULL, NULL, 'null')")
    query = "SELECT * FROM raw.t ORDER BY id"
    project.report("table", query)
    project.report("list", "-- format: json\n" + query)
    project.report("page", "-- format: markdown\n" + query)
    project.report("nothing", "SELECT 1 AS one WHERE false;")
    project.run("report")
    output = project.folder / "output"
    text = (output / "table.csv").read_text()
    connection = database.connect()
    expected = io.StringIO()
    connection.cursor().copy_expert(f"COPY ({query.replace('*', 'id, name, ok::text AS ok, n, doc')}) TO STDOUT (FORMAT csv, HEADER)", expected)
    connection.close()
    assert text == expected.getvalue()
    assert list(csv.reader(io.StringIO(text)))[1][1] == 'a,"b\n|'
    assert json.loads((output / "list.json").read_text()) == [
        {"id": 1, "name": 'a,"b\n|', "ok": True, "n": 1.5, "doc": {"x": [1]}},
        {"id": 2, "name": "", "ok": False, "n": None, "doc": None},
        {"id": 3, "name": None, "ok": None, "n": None, "doc": None}]
    assert (output / "page.md").read_text().splitlines()[:3] == [
        "| id | name | ok | n | doc |", "| ---: | --- | --- | ---: | --- |", '| 1 | a,"b<br>\\| | true | 1.50 | {"x": [1]} |']
    assert (output / "nothing.csv").read_text() == "one\n"
    before = {path: path.stat().st_ino for path in output.iterdir()}
    project.report("table", "SELECT 1 / (3 - id) FROM raw.t ORDER BY id")
    assert "division by zero" in project.run("report", "table", code=1).err
    assert {path: path.stat().st_ino for path in output.iterdir()} == before
    assert (output / "table.csv").read_text() == text
    assert "no report is called" in project.run("report", "missing", code=2).err


BAD = [
    ("-- materialised: table\nSELECT 1", "marts/bad.sql:1: unknown key 'materialised'"),
    ("-- materialized: table\n-- materialized: view\nSELECT 1", "bad.sql:2: 'materialized' stands in line 1 already"),
    ("-- materialized: incremental\nSELECT 1", "bad.sql: an incremental model needs a line -- unique_key"),
    ("-- materialized: tabel\nSELECT 1", "bad.sql:1: materialized: expected view, table, materialized_view or incremental"),
    ("-- materialized: materialized_view\nSELECT 1", "bad.sql: a materialized view needs a line -- unique_key"),
    ("-- unique_key: a\nSELECT 1 AS a", "bad.sql:1: a view has no unique_key"),
    ("-- materialized: table\n-- schedule: * * *\nSELECT 1", "bad.sql:2: cron '* * *': expected five fields"),
    ("SELECT *\nFROM raw.nowhere", "bad.sql:2: relation raw.nowhere is neither a model nor in the database"),
    ("SELECT *\nFROM marts.bad", "bad.sql: models read each other in a circle: marts.bad reads marts.bad"),
    ("DELETE FROM marts.good", "bad.sql: not a SELECT"),
    ("SELECT\n1 +", "bad.sql:2: syntax error"),
    ("SELECT 'é' AS one,\n  nothing FROM marts.good", "bad.sql:2: column \"nothing\" does not exist"),
    ("-- materialized: table\nSELECT a,\n  nothing(a) FROM marts.good", "bad.sql:3: function nothing(integer) does not exist"),
    ("-- materialized: materialized_view\n-- unique_key: a\nSELECT b AS a\nFROM marts.good", "bad.sql:3: column \"b\" does not"),
    ("SELECT *\nFROM {{ ref('good') }}", "bad.sql:2: syntax error at or near \"{\": templates are not read here"),
    ("-- description: nothing yet\n", "bad.sql: it is empty: expected one SELECT"),
    ("SELECT 1 AS a;\nSELECT 2 AS a", "bad.sql:2: a second statement"),
    ("/* ours\n */ -- schedule: never\nSELECT 1 AS a", "bad.sql:2: a view is always up to date"),
    ("/* ours */\n/* now\n */\n-- nonsense: 1\nSELECT 1 AS a", "bad.sql:4: unknown key 'nonsense'"),
]


@pytest.mark.parametrize("sql, message", BAD)
def test_mistakes_are_named_with_their_place(project, database, sql, message):
    project.model("marts.good", "SELECT 1 AS a")
    project.run("run")
    project.file("sql/models/marts/bad.sql", sql)
    result = project.run("run", code=None)
    assert result.code in (1, 2) and message in result.err, result


def test_marks_and_comments_before_the_head(project, database):
    project.file("sql/models/marts/marked.sql", "\ufeff-- materialized: table\nSELECT 1 AS a")
    project.file("sql/models/marts/ours.sql", "/* ours,\n * all of it */\n\n-- materialized: table\nSELECT 1 AS a;\n-- end\n")
    assert project.results() == {f"marts.{name}": ("published", 1, 0, 0) for name in ("marked", "ours")}


def test_no_models(project):
    assert "there are no models: a SELECT in sql/models/<schema>/<name>.sql makes one\n" in project.run("run").err
    del project.config["models"]
    project.write()
    assert "with models: sql/models in the configuration" in project.run("run").err


def test_rows_of_others_are_not_a_models_to_replace(project, database):
    database.execute("CREATE SCHEMA marts; CREATE TABLE raw.taken (a int); INSERT INTO raw.taken VALUES (1);"
                     "CREATE TABLE marts.m AS SELECT 7 AS a; CREATE TABLE marts.empty (a int)")
    project.dataset("taken", {"a": "int"}, "taken*.csv", ["a"])
    taken = project.model("raw.taken", "SELECT 2 AS a", materialized="table")
    for command in (("run",), ("config", "check")):
        message = project.run(*command, code=2).err
        assert "sql/models/raw/taken.sql: the table raw.taken is filled by dataset taken, and a model" in message
    taken.unlink()
    project.config["seeds"] = {"dim.shop": "seeds/shop.csv"}
    project.file("seeds/shop.csv", "shop\nx\n")
    project.write()
    taken = project.model("dim.shop", "SELECT 2 AS a")
    assert "dim.shop is filled by a seed" in project.run("run", code=2).err
    taken.unlink()

    project.model("marts.m", "SELECT 1 AS a", materialized="table")
    project.model("marts.empty", "SELECT 1 AS a", materialized="table")
    message = project.run("run", code=1).err
    assert "rows that no run has put there" in message and "run --rebuild marts.m" in message
    assert database.execute("TABLE marts.m") == [(7,)] and database.execute("TABLE raw.taken") == [(1,)]
    project.run("run", "--rebuild", "marts.m")
    assert project.results() == {"marts.m": ("unchanged", 0, 0, 0), "marts.empty": ("published", 1, 0, 0)}


PROPERTIES = [
    ("models:\n  - name: good\n    config: {materialized: table}", ":3: unknown key 'materialized' in config (what a model becomes"),
    ("models:\n  - name: nobody", ":2: no SQL file, or more than one, makes a model called 'nobody'"),
    ("models:\n  - name: good\n    tests: [unique]", ":3: unique is about a column"),
    ("models:\n  - name: good\n    columns:\n      - {name: a, data_tests: [unik]}", ":4: unknown check 'unik'"),
    ("models:\n  - name: good\n    columns:\n      - name: a\n        data_tests:\n          - unique: {sever: warn}",
     ":6: unknown key 'sever'"),
    ("models:\n  - name: good\n    columns:\n      - name: a\n        data_tests:\n          - relationships: {to: x}",
     ":6: relationships needs"),
    ("models:\n  - name: good\n    columns:\n      - name: a\n        data_tests: [unique, unique]",
     ":5: check unique_marts_good_a is there already"),
    ("models:\n  - name: good\n    columns:\n      - {name: b, description: x}", "model marts.good has no column b"),
    ("modules: []", ":1: unknown key 'modules'"),
]


@pytest.mark.parametrize("text, message", PROPERTIES)
def test_mistakes_in_property_files(project, text, message):
    project.model("marts.good", "SELECT 1 AS a")
    project.properties(text)
    assert message in project.run("run", code=2).err


def test_selection(project, database):
    project.model("marts.a", "SELECT 1 AS x", materialized="table")
    project.model("marts.b", "SELECT x FROM a", materialized="table")
    project.model("staging.b", "SELECT 2 AS x", materialized="table")
    assert "reads model marts.a, which has not been built" in project.run("run", "marts.b", code=2).err
    assert "more than one model" in project.run("run", "b", code=2).err
    assert "no model is called 'c'" in project.run("run", "c", code=2).err
    assert "called 'stagin.b': did you mean 'staging.b'?" in project.run("run", "stagin.b", code=2).err
    assert set(project.results("marts.*")) == {"marts.a", "marts.b"}
    assert set(project.results("a", "staging.b")) == {"marts.a", "staging.b"}


def test_runs_take_turns_and_a_killed_one_is_noted(project, database):
    database.execute("CREATE TABLE raw.t (a int); INSERT INTO raw.t VALUES (1)")
    project.model("marts.m", "SELECT * FROM raw.t", materialized="table")
    for point in ("scheduler.model", "scheduler.commit"):
        assert project.run("run", env={"PENSTOCK_FAULT": point}, code=None).code == -9
    assert database.value("SELECT to_regclass('marts.m') IS NULL")
    runs = [project.start("run") for _ in range(4)]
    assert [run.wait() for run in runs] == [0] * 4
    assert database.execute("SELECT state, count(*) FROM penstock.run GROUP BY 1 ORDER BY 1") == [
        ("failed", 2), ("published", 4)]
    assert database.execute("TABLE marts.m") == [(1,)]
    wait_until(lambda: database.value("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'penstock%'") == 0)


def test_the_examples_of_the_docs(project, database):
    """docs/models.md: each block that names its file, run as it stands there."""
    text = (pathlib.Path(__file__).parents[2] / "docs" / "models.md").read_text()
    blocks = re.findall(r"```\w+\n(?:--|#) file: (\S+)\n(.*?)```", text, re.S)
    assert len(blocks) == 6
    for path, content in blocks:
        project.file(path, content)
    database.execute("CREATE TABLE raw.sales (shop int, amount int); CREATE TABLE raw.shops (shop int);"
                     "INSERT INTO raw.sales VALUES (1, 5), (1, 6), (2, 3); INSERT INTO raw.shops VALUES (1), (2);"
                     "CREATE TABLE raw.daily (day int, amount int, _file bigint, _row bigint);"
                     "INSERT INTO raw.daily VALUES (1, 5, 1, 1), (1, 6, 1, 2), (2, 7, 1, 3)")
    project.dataset("daily", {"day": "int", "amount": "int"}, "daily*.csv", ["_file", "_row"])
    assert project.results() == {"marts.days": ("published", 1, 0, 0), "marts.shop_totals": ("published", 2, 0, 0)}
    assert set(database.execute("SELECT state FROM penstock.check_result")) == {("pass",)}
    assert database.value("SELECT count(*) FROM penstock.check_result") == 6
    project.run("report")
    assert (project.folder / "output" / "best-shops.md").read_text().endswith("| 1 | 11 |\n| 2 | 3 |\n")
    assert "<title>1, total: 11</title>" in (project.folder / "output" / "shops.html").read_text()
