# SPDX-License-Identifier: Apache-2.0
"""What becomes of a check's result: kept rows, history, trend, freshness by the ledger, metrics, expiry."""
import json
import pathlib
import re
import urllib.request

import pytest

from support.models import ModelProject, make_ledger
from support.wait import wait_until


@pytest.fixture
def project(database, unique, tmp_path):
    make_ledger(database)
    database.execute('CREATE SCHEMA raw; CREATE TABLE raw.orders (id int, "odd na""me" text, amount numeric, doc jsonb)')
    project = ModelProject(tmp_path, database, f"{unique}.")
    project.dataset("orders", [{"name": "id", "type": "int"}], ["orders*.csv"], ["id"], table="raw.orders")
    project.model("marts.m", "SELECT id, amount FROM raw.orders", materialized="table")
    yield project
    project.close()


def sources(project, columns=(), tests=(), **table):
    project.properties(json.dumps({"sources": [{"name": "raw", "tables": [
        {"name": "orders", "columns": [{"name": name, "tests": list(checks)} for name, checks in columns], "tests": list(tests),
         **table}]}]}))


def kept(database, name):
    return database.execute("SELECT f.run_id, number, row FROM penstock.check_failure f JOIN penstock.run USING (run_id) "
                            "WHERE name = %s ORDER BY run_id, number", (name,))


def test_rows_that_fail_are_kept_though_the_run_is_rolled_back(project, database):
    database.execute("""INSERT INTO raw.orders VALUES (1, 'a', 1, NULL), (2, NULL, 'NaN', '{"x": [1]}'), (2, E'\\\\ "q" ä', -5, '"s"'),
                     (3, '', NULL, '1')""")
    stored = {"store_failures": True}
    sources(project, [("id", [{"unique": stored}, {"relationships": {"to": "raw.orders", "field": "amount", "config": stored}}]),
                      ("amount", [{"accepted_range": {"min_value": 0, **stored}}, {"not_null": {"severity": "warn", **stored}}]),
                      ('odd na"me', [{"regex": {"regex": "^[a]?$", "name": "odd", **stored}}, "not_null"])])
    project.check("negative", "-- store_failures: true\nSELECT id, amount * 2 AS twice FROM raw.orders WHERE amount < 0")
    project.run("run", code=3)
    assert database.value("SELECT to_regclass('marts.m') IS NULL")
    names = ["id", 'odd na"me', "amount", "doc"]
    whole = [dict(zip(names, row)) for row in database.execute("TABLE raw.orders")]
    row = lambda at: {**whole[at], "amount": "NaN" if at == 1 else whole[at]["amount"] and float(whole[at]["amount"])}
    rows = lambda name: [found for _, _, found in kept(database, name)]
    assert rows("unique_raw_orders_id") == [{"id": 2, "occurs": 2}]
    assert rows("relationships_raw_orders_id") == [row(1), row(2), row(3)]
    assert rows("accepted_range_raw_orders_amount") == [row(2)] and rows("not_null_raw_orders_amount") == [row(3)]
    assert rows("odd") == [row(2)] and rows("negative") == [{"id": 2, "twice": -10}]
    assert rows('not_null_raw_orders_odd na"me') == []
    assert project.json("check", "--failures", "odd") == [row(2)]
    text = project.run("check", "--failures", "odd")
    assert text.out.splitlines()[0].split() == ["id", "odd", 'na"me', "amount", "doc"] and "odd, run 1: 1 row" in text.err
    project.check("empty", "-- store_failures: true\nSELECT FROM raw.orders")
    project.run("check", "empty", code=3)
    assert project.json("check", "--failures", "empty") == [{}] * 4
    assert "empty, run 2: 4 rows" in project.run("check", "--failures", "empty").err
    assert "no rows of check 'nix' are kept" in project.run("check", "--failures", "nix", code=2).err
    assert "not both" in project.run("check", "--failures", "odd", "--history", code=2).err
    # A run that publishes keeps what warns, too.
    (project.folder / "sql/checks/empty.sql").unlink()
    database.execute("DELETE FROM raw.orders WHERE id = 2 OR \"odd na\"\"me\" = ''; INSERT INTO raw.orders VALUES (1000, 'a')")
    sources(project, [("amount", [{"not_null": {"severity": "warn", **stored}}])])
    project.run("run")
    assert [run for run, _, _ in kept(database, "not_null_raw_orders_amount")] == [1, 3]


def test_what_is_kept_has_bounds(project, database):
    database.execute("INSERT INTO raw.orders SELECT -n, repeat('x', CASE WHEN n % 7 = 0 THEN 20000 ELSE 10 END) FROM generate_series(1, 1200) n")
    project.config["checks"] = {"store_failures": True}
    project.write()
    range_ = lambda **options: {"accepted_range": {"min_value": 0, **options}}
    sources(project, [("id", [range_(), range_(name="few", limit=3), range_(name="none", store_failures=False), "unique"])],
            tests=[{"row_count": {"min": 5000}}])
    project.run("check", code=3)
    assert len(kept(database, "accepted_range_raw_orders_id")) == 500
    assert len(kept(database, "few")) == 3 and not kept(database, "none") and not kept(database, "row_count_raw_orders")
    assert database.value("SELECT failures FROM penstock.check_result WHERE name = 'few'") == 3
    assert database.value("SELECT max(octet_length(row::text)) FROM penstock.check_failure") <= 8192
    assert set(json.dumps(sorted(row)) for _, _, row in kept(database, "accepted_range_raw_orders_id")) == {
        '["amount", "doc", "id", "odd na\\"me"]', '["cut"]'}
    assert len(project.json("check", "--failures", "few", "--limit", "2")) == 2
    assert project.run("check", "--failures", "accepted_range_raw_orders_id", "--limit", "9").out.count("\n") == 10


def test_history_and_trend(project, database):
    sources(project, [("id", ["unique", {"not_null": {"severity": "warn"}}])])
    found = []
    for rows in ("(1)", "(1)", "(1), (2)", "(NULL)", None):
        database.execute("INSERT INTO raw.orders (id) VALUES " + rows if rows else "DELETE FROM raw.orders WHERE id = 1")
        project.run("check", code=None)
        found.append(database.value("SELECT count(*) FROM (SELECT id FROM raw.orders GROUP BY id HAVING count(*) > 1 AND id IS NOT NULL) q"))
    assert found == [0, 1, 1, 1, 0]
    history = project.json("check", "--history", "unique_raw_orders_id")
    assert [row["failures"] for row in history] == found[::-1]
    assert [row["change"] for row in history] == [-1, 0, 0, 1, None]
    assert database.execute("SELECT failures, change FROM penstock.check_trend WHERE name = 'unique_raw_orders_id' ORDER BY run_id") == [
        (0, None), (1, 1), (1, 0), (1, 0), (0, -1)]
    assert len(project.json("check", "--history", "unique_raw_orders_id", "--limit", "2")) == 2
    overview = {row["check"]: row for row in project.json("check", "--history")}
    assert overview["unique_raw_orders_id"]["before"] == "1 1 1 0" and overview["unique_raw_orders_id"]["state"] == "pass"
    assert overview["not_null_raw_orders_id"]["before"] == "1 0 0 0"
    first, turned = database.execute("SELECT to_char(checked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM "
                                     "penstock.check_result WHERE name = 'not_null_raw_orders_id' AND run_id IN (1, 4) ORDER BY run_id")
    assert overview["not_null_raw_orders_id"]["since"] == turned[0]
    assert "no result of a check called 'nix'" in project.run("check", "--history", "nix", code=2).err
    # A check that is gone leaves the overview with the next run, its history stays.
    sources(project, [("id", ["unique"])])
    project.run("check", "unique_*")
    assert [row["check"] for row in project.json("check", "--history")] == ["unique_raw_orders_id"]
    assert len(project.json("check", "--history", "not_null_raw_orders_id")) == 5
    # What is older than checks.keep goes.
    database.execute("UPDATE penstock.check_result SET checked_at = now() - interval '91 days' WHERE run_id < 5")
    project.run("check", "unique_*")
    assert database.value("SELECT min(run_id) FROM penstock.check_result") == 5


def fresh(project, database, *arguments):
    rows = project.run("check", "--json", code=None).json()
    return {row["check"]: (row["state"], row["message"]) for row in rows if row["check"].startswith("freshness")}


def test_freshness_comes_from_the_ledger(project, database):
    after = lambda count, period: {"count": count, "period": period}
    sources(project, freshness={"warn_after": after(12, "hour"), "error_after": after(2, "day")})
    name = "freshness_raw_orders"
    state, message = fresh(project, database)[name]
    assert state == "fail" and message.startswith("never loaded, warn_after 12:00:00, error_after 48:00:00")
    database.execute("INSERT INTO penstock.file (dataset, file_id, sha256, name, state, complete_at) VALUES "
                     "('orders', 1, 'x', 'a', 'complete', now() - interval '49 hours'), "
                     "('others', 1, 'x', 'a', 'complete', now()), ('orders', 3, 'x', 'a', 'loading', NULL)")
    state, message = fresh(project, database)[name]
    assert state == "fail" and ", 2 days 01:0" in message and message.startswith("last loaded 20")
    # A run is not the place to refuse what is old: it warns and publishes.
    project.run("run")
    assert database.value("SELECT state FROM penstock.check_result WHERE name = %s ORDER BY run_id DESC LIMIT 1", (name,)) == "warn"
    for age, expected in (("47 hours", "warn"), ("13 hours", "warn"), ("11 hours", "pass")):
        database.execute("UPDATE penstock.file SET complete_at = now() - %s::interval WHERE dataset = 'orders' AND file_id = 1", (age,))
        assert fresh(project, database)[name][0] == expected, age
    sources(project, freshness={"error_after": after(10, "hour")})
    assert fresh(project, database)[name][0] == "fail"
    sources(project, freshness={"warn_after": after(10, "hour")})
    assert fresh(project, database)[name][0] == "warn"
    sources(project, freshness={"error_after": after(100, "day"), "filter": "id > 1"},
            loaded_at_field="timestamptz '2000-01-01' + id * interval '1 minute'")
    assert fresh(project, database)[name][0] == "fail"
    database.execute("INSERT INTO raw.orders (id) VALUES (extract(epoch FROM now() - '2000-01-01')::int / 60)")
    assert fresh(project, database)[name][0] == "pass"
    # The source's is every table's that does not say otherwise.
    of = lambda text: project.properties("sources:\n- name: raw\n  tables:\n" + text + "  freshness: {warn_after: {count: 1, period: minute}}\n")
    of("  - {name: orders}\n")
    assert fresh(project, database)[name][0] == "warn"
    of("  - {name: orders, freshness: }\n")
    assert fresh(project, database) == {}


def test_the_monitor_shows_them(project, database):
    database.execute("INSERT INTO raw.orders (id) VALUES (1), (1)")
    sources(project, [("id", ["unique", "not_null"])])
    project.run("check", code=3)
    monitor = project.start("monitor", "--listen", "127.0.0.1:0")
    port = wait_until(lambda: re.search(r"port=(\d+)", monitor.log.read_text())).group(1)

    def series():
        text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60).read().decode()
        return {line for line in text.splitlines() if line.startswith("penstock_check_failures{")}

    wait_until(lambda: series() == {
        'penstock_check_failures{check="unique_raw_orders_id",model="raw.orders",severity="error"} 1',
        'penstock_check_failures{check="not_null_raw_orders_id",model="raw.orders",severity="error"} 0'})


def test_many_at_once_and_killed_ones(project, database):
    """Runs and checks by hand that meet each other, some of them killed: what is written is whole."""
    database.execute("INSERT INTO raw.orders (id) SELECT n / 2 FROM generate_series(1, 3000) n")
    sources(project, [("id", [{"unique": {"store_failures": True, "severity": "warn"}}, "not_null"])], tests=["not_empty"])
    started = [project.start(*words) for words in [("check",), ("run",), ("check", "raw.orders")] * 4]
    wait_until(lambda: database.value("SELECT count(*) FROM penstock.check_result") > 0)
    for process in started[-4:]:
        process.kill()
    assert [process.wait() for process in started[:-4]] == [0] * 8
    rows = database.execute("SELECT count(DISTINCT c.name), (SELECT count(*) FROM penstock.check_failure f WHERE f.run_id = c.run_id) "
                            "FROM penstock.check_result c GROUP BY c.run_id")
    assert set(rows) == {(3, 500)} and len(rows) >= 8
    assert sorted(database.execute("TABLE penstock.current_check")) == [
        ("not_empty_raw_orders",), ("not_null_raw_orders_id",), ("unique_raw_orders_id",)]


DOCS = pathlib.Path(__file__).parents[2] / "docs" / "checks.md"


def test_the_examples_of_the_docs(project, database):
    """docs/checks.md: the blocks that name their files, and the example of each kind in the table."""
    text = DOCS.read_text()
    database.execute("""DROP TABLE raw.orders; CREATE TABLE raw.orders (order_id int, line int, customer int, state text, at timestamptz,
                     mail text); CREATE TABLE raw.users (user_id int); CREATE TABLE raw.returns (order_id int);
                     INSERT INTO raw.orders VALUES (1, 1, 1, 'open', now(), 'a'), (2, 1, 1, 'lost', now(), 'b');
                     INSERT INTO penstock.file (dataset, file_id, sha256, name, state, complete_at) VALUES ('orders', 1, 'x', 'a', 'complete', now())""")
    (project.folder / "sql/models/marts/m.sql").unlink()
    project.model("marts.customers", "SELECT customer, count(*) AS orders FROM raw.orders GROUP BY customer", materialized="table")
    blocks = re.findall(r"```\w+\n(?:--|#) file: (\S+)\n(.*?)```", text, re.S)
    assert len(blocks) == 2
    for path, content in blocks:
        project.file(path, content)
    project.run("run")
    results = dict(database.execute("SELECT name, state FROM penstock.check_result"))
    assert results.pop("accepted_values_raw_orders_state") == "warn" and set(results.values()) == {"pass"} and len(results) == 7
    for path, _ in blocks:
        (project.folder / path).unlink()
    rows = re.findall(r"^\| `(\w+)` \| (column|table|column, table) \| `- (.*?)` \| .* \|$", text, re.M)
    assert len(rows) == 16
    on = {"relationships": "customer", "accepted_range": "line", "expression_is_true": "at", "recency": "at"}
    text = "sources:\n- name: raw\n  tables:\n  - name: orders\n    tests:\n"
    text += "".join(f"    - {example}\n" for _, place, example in rows if place == "table") + "    columns:\n"
    for column in ("order_id", "customer", "line", "at"):
        text += f"    - name: {column}\n      tests:\n"
        text += "".join(f"      - {example}\n" for kind, place, example in rows
                        if place != "table" and on.get(kind, "order_id") == column)
    project.properties(text)
    found = {row["check"]: row["state"] for row in project.run("check", "--json", code=None).json()}
    assert len(found) == 16 and set(found.values()) == {"pass", "fail"}
    assert found["expression_is_true_raw_orders_at"] == found["recency_raw_orders_at"] == "pass"
