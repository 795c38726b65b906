# SPDX-License-Identifier: Apache-2.0
"""Incremental models: after each run, whatever was loaded, the table is what the query gives."""
import datetime
import random

import pytest

from support.ledger import Loads
from support.models import ModelProject, make_ledger

COLUMNS = ["id", "shop", "day", "amount", "note"]
STAGED = "SELECT id, shop, coalesce(day, '2000-01-01') AS day, amount, trim(note) AS note FROM raw.sales WHERE amount < 90"
QUERIES = {
    "by_row": ("id", "SELECT id, upper(note) AS note, amount * 2 AS twice, s._file FROM raw.sales s WHERE amount >= 0"),
    "by_day": ("day", "SELECT day, sum(amount) AS total, count(*) AS n, count(DISTINCT shop) AS shops, "
                      "array_agg(note ORDER BY id) AS notes FROM staging.sales GROUP BY day HAVING sum(amount) > 60"),
    "by_month": ("month, shop", "SELECT date_trunc('month', s.day::timestamp)::date AS month, coalesce(c.name, '?') AS shop, "
                                "max(s.amount) AS most FROM staging.sales s LEFT JOIN raw.shops c ON c.id = s.shop GROUP BY 1, 2"),
    "by_shop": ("Shop name", 'SELECT c.name AS "Shop name", sum(s.amount) AS total, count(*) AS n FROM raw.sales s '
                             "JOIN raw.shops c ON c.id = s.shop WHERE s.amount > 3 OR s.note = 'x' GROUP BY c.name"),
    "latest": ("shop", "SELECT DISTINCT ON (shop) shop, day, id FROM staging.sales WHERE shop IS NOT NULL "
                       "ORDER BY shop, day DESC, id DESC"),
    "weighed": ("day, shop", "WITH big AS (SELECT * FROM raw.sales WHERE amount > 5 AND day IS NOT NULL) "
                             "SELECT b.day, b.shop, sum(b.amount * r.rate) AS worth FROM big b JOIN raw.rates r USING (shop) "
                             "GROUP BY b.day, b.shop"),
    "pairs": ("id, shop", "SELECT s.id, c.id AS shop FROM raw.sales s, raw.shops c "
                          "WHERE c.id <= s.shop AND s.id NOT IN (SELECT r.shop FROM raw.rates r)"),
    "united": ("kind, id", "SELECT 's' AS kind, id, note FROM staging.sales WHERE amount > 5 "
                           "UNION ALL SELECT 'c', id, name FROM raw.shops UNION ALL SELECT 'none', -1, NULL"),
    "joined": ("shop", "SELECT q.shop, count(*) AS n, max(q.x) AS x FROM (SELECT s.shop, s.id AS x FROM raw.sales s "
                       "JOIN raw.shops c ON c.id = s.shop UNION ALL SELECT c.id, 0 FROM raw.shops c) q GROUP BY q.shop"),
    "distinct": ("day", "SELECT DISTINCT day FROM staging.sales"),
}


class Warehouse:
    def __init__(self, database, project):
        self.database = database
        self.project = project
        make_ledger(database)
        database.execute(
            "CREATE SCHEMA raw;"
            "CREATE TABLE raw.sales (id bigint PRIMARY KEY, shop integer, day date, amount bigint, note text,"
            " _file bigint NOT NULL, _row bigint NOT NULL);"
            "CREATE TABLE raw.shops (id integer PRIMARY KEY, name text, _file bigint NOT NULL, _row bigint NOT NULL);"
            "CREATE TABLE raw.rates (shop integer, rate numeric); INSERT INTO raw.rates VALUES (1, 1.5), (2, 0.1), (3, 7)")
        project.dataset("sales", {"id": "long"}, "sales*.csv", ["id"])
        project.dataset("shops", {"id": "int"}, "shops*.csv", ["id"])
        self.sales = self.loads("sales", COLUMNS)
        self.shops = self.loads("shops", ["id", "name"])

    def loads(self, dataset, columns):
        return Loads(self.database.connect(), dataset, f"raw.{dataset}", "id", columns)

    def model(self, name, sql, key, **head):
        self.project.model(name, sql, materialized="incremental", unique_key=key, **head)

    def notes(self, *arguments, code=0):
        return {row["model"]: row["message"] for row in self.project.run("run", *arguments, "--json", code=code).json()}

    def note(self, *arguments):
        return self.notes(*arguments)["marts.m"]

    def check(self, name, sql):
        table = f"marts.{name}"
        wrong = self.database.execute(f"(TABLE {table} EXCEPT ALL ({sql})) UNION ALL (({sql}) EXCEPT ALL TABLE {table})")
        assert wrong == [], f"{table} is not what its query gives"


@pytest.fixture
def warehouse(database, unique, tmp_path):
    project = ModelProject(tmp_path, database, f"{unique}.")
    yield Warehouse(database, project)
    project.close()


class Random:
    """What workers may do: new rows, replaced ones, late chunks of old files, transactions that stay open."""

    def __init__(self, warehouse, seed):
        self.warehouse = warehouse
        self.rng = random.Random(seed)
        self.ids = 0
        self.files = 100
        self.parts = {}
        self.open = []

    def sale(self, number):
        pick = self.rng.choice
        day = pick([None, *(datetime.date(2024, 1, 1) + datetime.timedelta(self.rng.randrange(80)) for _ in range(4))])
        return (number, pick([None, 1, 2, 3, 4]), day, self.rng.randrange(-5, 100), pick([None, "x", " y ", ""]))

    def chunk(self, replace):
        rng = self.rng
        late = self.parts and rng.random() < 0.4
        file = rng.choice(list(self.parts)) if late else self.files
        if not late:
            self.files += 1
        number, first = self.parts.get(file, (0, 1))
        rows = {}
        for row in range(first, first + rng.randrange(1, 12)):
            self.ids += 1
            number_of = rng.randrange(1, self.ids + 1) if replace and rng.random() < 0.3 else self.ids
            if rng.random() < 0.9:
                rows[row] = self.sale(number_of)
        self.parts[file] = (number + 1, first + 12)
        loads = self.warehouse.loads("sales", COLUMNS)
        stays_open = rng.random() < 0.3 and not replace
        loads.chunk(file, number, first, rows, commit=not stays_open)
        if stays_open:
            self.open.append(loads)

    def change(self):
        rng = self.rng
        while self.open and rng.random() < 0.7:
            self.open.pop(rng.randrange(len(self.open))).commit()
        replace = rng.random() < 0.15
        if replace:  # replacing what another has not committed would wait for it
            self.finish()
        for _ in range(rng.randrange(4)):
            self.chunk(replace)
        if rng.random() < 0.15:
            self.files += 1
            self.warehouse.shops.chunk(self.files, 0, 1, {1: (rng.randrange(1, 9), rng.choice("abc"))})
        if rng.random() < 0.1:
            self.finish()
            self.warehouse.sales.retract(rng.choice(list(self.parts)))
        if rng.random() < 0.1:
            self.warehouse.database.execute("UPDATE raw.rates SET rate = rate + 1 WHERE shop = 2")

    def finish(self):
        while self.open:
            self.open.pop().commit()


def test_tables_are_always_what_their_queries_give(warehouse):
    warehouse.project.model("staging.sales", STAGED)
    for name, (key, sql) in QUERIES.items():
        warehouse.model(f"marts.{name}", sql, key)
    changes = Random(warehouse, 1)
    warehouse.shops.chunk(1, 0, 1, {i: (i, "abc"[i % 3]) for i in range(1, 4)})
    parts = dict.fromkeys(QUERIES, 0)
    for turn in range(18):
        changes.change()
        if turn % 5 == 3:
            assert warehouse.project.run("run", env={"PENSTOCK_FAULT": "scheduler.commit"}, code=None).code == -9
            changes.change()
        notes = warehouse.notes()
        for name, (_, sql) in QUERIES.items():
            warehouse.check(name, sql)
            parts[name] += notes[f"marts.{name}"].startswith("new rows since run ")
    changes.finish()
    warehouse.notes()
    for name, (_, sql) in QUERIES.items():
        warehouse.check(name, sql)
    assert set(warehouse.notes().values()) == {"nothing new", ""}
    assert all(n >= 4 for n in parts.values()), parts


def sale(number, shop=1, day="2024-01-31", amount=1, note=None):
    return (number, shop, day, amount, note)


def test_only_what_new_rows_touch_is_calculated(warehouse):
    """A row smuggled in past the ledger would make the full query fail; its group is not touched."""
    warehouse.model("marts.m", "SELECT shop, sum(100 / amount) AS x FROM raw.sales GROUP BY shop", "shop")
    warehouse.model("marts.rows", "SELECT id, 100 / amount AS x FROM raw.sales", "id")
    warehouse.sales.chunk(1, 0, 1, {1: sale(1, shop=1), 2: sale(2, shop=2)})
    warehouse.notes()
    warehouse.database.execute("INSERT INTO raw.sales VALUES (9, 2, '2024-01-01', 0, NULL, 1, 9)")
    warehouse.sales.chunk(2, 0, 1, {1: sale(3, shop=1, amount=50), 2: sale(4, shop=3, amount=25)})
    results = warehouse.project.results()
    assert results["marts.m"] == ("published", 1, 1, 0)
    assert results["marts.rows"] == ("published", 2, 0, 0)
    assert warehouse.database.execute("SELECT * FROM marts.m ORDER BY 1") == [(1, 102), (2, 100), (3, 4)]
    assert "division by zero" in warehouse.project.run("run", "--full", code=1).err
    assert "division by zero" in warehouse.project.run("run", "--full-refresh", "rows", code=1).err


def test_arms_of_a_union_grow_alone(warehouse):
    """Rows smuggled in past the ledger would make the arms they are in fail."""
    warehouse.model("marts.rows", "SELECT 's' AS kind, id, 100 / amount AS x FROM raw.sales\nUNION ALL\n"
                    "SELECT 'h', id, 1 / length(name) FROM raw.shops", "kind, id")
    warehouse.model("marts.more", "SELECT id, note FROM raw.sales UNION ALL SELECT -1, 'unknown'", "id")
    warehouse.project.model("staging.names", "SELECT id, note AS name FROM raw.sales WHERE note <> '' UNION ALL "
                            "SELECT id, name FROM raw.shops WHERE 1 / length(name) >= 0")
    warehouse.model("marts.groups", "SELECT name, count(*) AS n, max(id) AS last FROM staging.names GROUP BY name", "name")
    warehouse.sales.chunk(1, 0, 1, {1: sale(1, note="a")})
    warehouse.shops.chunk(1, 0, 1, {1: (1, "a"), 2: (2, "bb")})
    warehouse.notes()
    warehouse.database.execute("INSERT INTO raw.shops VALUES (9, '', 0, 1)")
    warehouse.sales.chunk(2, 0, 1, {1: sale(2, note="a"), 2: sale(3, amount=5, note="new")})
    results = warehouse.project.results("--exclude", "groups")
    assert results["marts.rows"] == results["marts.more"] == ("published", 2, 0, 0)
    warehouse.database.execute("DELETE FROM raw.shops WHERE id = 9")
    assert warehouse.project.results()["marts.groups"] == ("published", 1, 1, 0)
    warehouse.database.execute("INSERT INTO raw.sales VALUES (99, 1, '2024-01-01', 0, NULL, 0, 1)")
    warehouse.shops.chunk(2, 0, 1, {1: (3, "bb")})
    results = warehouse.project.results()
    assert results["marts.rows"] == ("published", 1, 0, 0) and results["marts.groups"] == ("published", 0, 1, 0)
    assert warehouse.database.execute("SELECT * FROM marts.groups ORDER BY 1") == [("a", 3, 2), ("bb", 2, 3), ("new", 1, 3)]


def test_replaced_rows_of_the_same_key(warehouse):
    """A row smuggled in past the ledger would make the full query fail."""
    warehouse.project.model("staging.big", "SELECT id AS sale, shop, 100 / amount AS x FROM raw.sales WHERE shop > 0")
    query = "SELECT b.sale, b.x, c.name FROM staging.big b LEFT JOIN raw.shops c ON c.id = b.shop"
    warehouse.model("marts.m", query, "sale")
    warehouse.model("marts.other", "SELECT sale + 0 AS sale, x FROM staging.big WHERE x > 0", "sale")
    warehouse.shops.chunk(1, 0, 1, {1: (1, "a")})
    warehouse.sales.chunk(5, 0, 1, {i: sale(i) for i in range(1, 6)})
    warehouse.notes()
    warehouse.database.execute("INSERT INTO raw.sales VALUES (99, 1, '2024-01-01', 0, NULL, 0, 1)")
    warehouse.sales.chunk(7, 0, 1, {1: sale(1, amount=50), 2: sale(2, shop=0), 3: sale(6, amount=4), 4: sale(6, amount=5)})
    warehouse.sales.chunk(4, 0, 1, {1: sale(3, amount=9), 2: sale(7, shop=0)})  # older: the first stays out
    result = warehouse.project.run("run", "m", "--json").json()[0]
    assert (result["message"], result["inserted"], result["updated"], result["deleted"]) == (
        "new and replaced rows since run 1", 1, 1, 1)
    warehouse.database.execute("DELETE FROM raw.sales WHERE id = 99")
    warehouse.check("m", query)
    assert warehouse.notes()["marts.other"] == "in full: rows were replaced: sales"
    warehouse.sales.retract(7)
    assert warehouse.note() == "in full: rows were removed or rewritten: sales"
    warehouse.shops.chunk(2, 0, 1, {1: (1, "b")})
    warehouse.sales.chunk(8, 0, 1, {1: sale(3, amount=20)})
    assert warehouse.note() == "in full: rows were replaced: shops"
    warehouse.check("m", query)


def test_what_makes_a_run_full(warehouse):
    database, query = warehouse.database, "SELECT shop, max(id) AS last, loud(max(note)) AS note FROM raw.sales GROUP BY shop"
    database.execute("CREATE FUNCTION public.loud(text) RETURNS text LANGUAGE sql IMMUTABLE RETURN $1")
    warehouse.model("marts.m", query, "shop")
    warehouse.sales.chunk(1, 0, 1, {1: sale(1)})
    assert warehouse.note() == "in full: never published"
    assert warehouse.note() == "nothing new"
    assert warehouse.note("--full") == "in full: it was asked for"
    database.execute("CREATE OR REPLACE FUNCTION public.loud(text) RETURNS text LANGUAGE sql IMMUTABLE RETURN $1 || '!'")
    assert "functions" in warehouse.note()
    database.execute(f'ALTER DATABASE "{database.name}" SET timezone = \'Asia/Kathmandu\'')
    assert "settings" in warehouse.note()
    warehouse.model("marts.m", query + " HAVING count(*) > 0", "shop")
    assert warehouse.note() == "in full: its SQL has changed since"
    database.execute("ALTER TABLE marts.m DROP CONSTRAINT m_pkey")
    assert "no unique index" in warehouse.note()
    database.execute("ALTER TABLE marts.m ADD PRIMARY KEY (shop)")
    assert warehouse.note() == "nothing new"
    database.execute("CREATE TABLE marts.n (LIKE marts.m INCLUDING ALL); DROP TABLE marts.m; ALTER TABLE marts.n RENAME TO m")
    assert warehouse.note() == "in full: its table was made anew"
    database.execute("UPDATE penstock.model SET origin = 0")
    assert warehouse.note() == "in full: the database was restored"
    warehouse.sales.chunk(1, 1, 2, {2: sale(1, amount=3)})
    assert warehouse.note() == "in full: rows were replaced: sales"
    warehouse.project.run("run", "--rebuild", "marts.m")
    assert warehouse.note() == "nothing new"
    assert database.value("SELECT count(*) FROM penstock.model_run WHERE note LIKE 'in full%'") == 10


def test_keys_that_fail_a_full_run_fail_this_one(warehouse):
    warehouse.model("marts.m", "SELECT note AS k, amount FROM raw.sales", "k")
    warehouse.sales.chunk(1, 0, 1, {1: sale(1, note="a")})
    warehouse.notes()
    warehouse.sales.chunk(2, 0, 1, {1: sale(2, note="a")})
    assert "is not unique" in warehouse.project.run("run", code=1).err
    warehouse.sales.retract(2)
    assert warehouse.note() == "in full: rows were removed or rewritten: sales"
    warehouse.sales.chunk(3, 0, 1, {1: sale(3)})
    assert "is null" in warehouse.project.run("run", code=1).err
    assert warehouse.database.execute("TABLE marts.m") == [("a", 1)]


def test_a_key_whose_equality_is_out_of_sight(warehouse):
    """Without citext's own operator "a" and "A" would be two texts, and half of each group be left out."""
    warehouse.database.execute("CREATE SCHEMA ext; CREATE EXTENSION citext SCHEMA ext; "
                               "ALTER TABLE raw.sales ALTER note TYPE ext.citext")
    query = "SELECT note, count(*) AS n FROM raw.sales GROUP BY note"
    warehouse.model("marts.m", query, "note")
    warehouse.sales.chunk(1, 0, 1, {1: sale(1, note="a"), 2: sale(2, note="A")})
    warehouse.notes()
    warehouse.sales.chunk(2, 0, 1, {1: sale(3, note="A")})
    assert warehouse.note().startswith("in full: the operator = of the key's type")
    assert warehouse.database.value("SELECT n FROM marts.m") == 3
    warehouse.database.execute("ALTER EXTENSION citext SET SCHEMA public")
    warehouse.notes()
    warehouse.sales.chunk(3, 0, 1, {1: sale(4, note="A")})
    assert warehouse.note().startswith("new rows") and warehouse.database.value("SELECT n FROM marts.m") == 4


def test_a_null_key_that_no_result_has_is_none(warehouse):
    query = "SELECT shop, count(*) AS n FROM raw.sales GROUP BY shop HAVING count(shop) > 0"
    warehouse.model("marts.m", query, "shop")
    warehouse.sales.chunk(1, 0, 1, {1: sale(1)})
    warehouse.notes()
    warehouse.sales.chunk(2, 0, 1, {1: sale(2), 2: sale(3, shop=None)})
    assert warehouse.note() == "in full: a key is null"
    warehouse.check("m", query)


@pytest.mark.parametrize("key,query", [
    ("id", "SELECT id, (s.ctid IS NOT NULL) AS there FROM raw.sales s"),
    ("part", "SELECT unnest(ARRAY[shop, 9]) AS part, count(*) AS n FROM raw.sales GROUP BY 1")])
def test_a_query_that_cannot_be_split_runs_in_full(warehouse, key, query):
    warehouse.model("marts.m", query, key)
    warehouse.sales.chunk(1, 0, 1, {1: sale(1)})
    warehouse.notes()
    warehouse.sales.chunk(2, 0, 1, {1: sale(2)})
    assert "its parts cannot be had alone" in warehouse.note()
    warehouse.check("m", query)


REFUSED = [
    ("SELECT id FROM raw.sales ORDER BY id LIMIT 10", "LIMIT: added rows may push others out"),
    ("SELECT id, rank() OVER (ORDER BY amount) FROM raw.sales", "window functions"),
    ("SELECT id FROM raw.sales UNION SELECT 1", "UNION"),
    ("SELECT max(id) AS id FROM raw.sales GROUP BY shop", "column id of the unique_key is not in GROUP BY"),
    ("SELECT 1 AS id FROM raw.rates", "it reads no table of a dataset"),
    ("SELECT r.shop AS id FROM raw.rates r LEFT JOIN raw.sales s USING (shop)", "the side of an outer join that may be missing"),
    ("SELECT id FROM (SELECT DISTINCT id FROM raw.sales) q", "a subquery that forms groups"),
    ("SELECT id FROM raw.sales WHERE day > current_date - 30", "CURRENT_DATE, CURRENT_USER and their like"),
    ("SELECT id, now() AS at FROM raw.sales", "now() is something else at another time"),
    ("SELECT id, random() AS x FROM raw.sales", "random() is something else at another time"),
    ("SELECT id, age(day) AS x FROM raw.sales", "age(timestamp with time zone) is something else"),
    ("SELECT id, own() AS x FROM raw.sales", "own() is something else"),
    ("SELECT (SELECT max(s.id) FROM (VALUES (1)) v) AS id FROM raw.sales s", "a subquery takes an aggregate over the rows of the"),
    ("SELECT day FROM raw.sales", "has no column id, which the unique_key names"),
]


def test_what_can_never_be_split_is_refused(warehouse):
    warehouse.database.execute("CREATE FUNCTION public.own() RETURNS int LANGUAGE sql STABLE RETURN 1")
    for query, reason in REFUSED:
        warehouse.model("marts.m", query, "id")
        message = warehouse.project.run("run", code=2).err
        assert reason in message and "sql/models/marts/m.sql" in message
    warehouse.project.model("marts.m", "SELECT 1 AS id", materialized="incremental")
    assert "needs a line -- unique_key" in warehouse.project.run("run", code=2).err


def test_a_speed_layer_goes_with_it(warehouse):
    query = "SELECT shop, sum(amount) AS total, count(*) AS n FROM raw.sales GROUP BY shop"
    warehouse.model("marts.m", query, "shop", speed="group shop; sum total; count n")
    for file in range(1, 5):
        warehouse.sales.chunk(file, 0, 1, {i: sale(10 * file + i, shop=i) for i in range(1, file + 1)})
        notes = warehouse.notes()
        warehouse.check("m", query)
        warehouse.sales.chunk(file, 1, 6, {6: sale(100 + file, shop=file)})
        warehouse.check("m_live", query)
    assert notes["marts.m"].startswith("new rows since run ")
