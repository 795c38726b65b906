# SPDX-License-Identifier: Apache-2.0
"""The speed layer: <name>_live, a model's last publication and the rows loaded since; on a real Postgres."""
import datetime
import pathlib
import re

import pytest

from support.ledger import Loads
from support.models import ModelProject, make_ledger

QUERY = """SELECT date_trunc('month', s.day::timestamp) AS month, c.name AS "Shop", sum(s.amount) AS total,
  count(*)::int AS n, count(s.note) AS notes, min(s.amount) AS least, max(s.day) AS last, sum(s.price) AS money
FROM raw.sales s -- the shops hardly ever change
LEFT JOIN raw.shops c ON c.id = s.shop
WHERE s.amount <> 13
GROUP BY 1, c.name"""
SPEED = "group month, Shop; sum total, money; count n, notes; min least; max last"
COLUMNS = ["id", "shop", "day", "amount", "price", "note"]


class Warehouse:
    def __init__(self, database, project):
        self.database = database
        self.project = project
        make_ledger(database)
        database.execute(
            "CREATE SCHEMA raw;"
            "CREATE TABLE raw.sales (id bigint PRIMARY KEY, shop integer, day date, amount bigint, price numeric, note text,"
            " _file bigint NOT NULL, _row bigint NOT NULL);"
            "CREATE TABLE raw.shops (id integer PRIMARY KEY, name text, _file bigint NOT NULL, _row bigint NOT NULL)")
        project.dataset("sales", {"id": "long"}, "sales*.csv", ["id"])
        project.dataset("shops", {"id": "int"}, "shops*.csv", ["id"])

    def model(self, query=QUERY, speed=SPEED, name="marts.totals", **head):
        lines = {"materialized": "table", **({"speed": speed} if speed else {}), **head}
        return self.project.model(name, query, **lines)

    def sales(self, connection=None):
        return Loads(connection or self.database.connect(), "sales", "raw.sales", "id", COLUMNS)

    def shops(self):
        return Loads(self.database.connect(), "shops", "raw.shops", "id", ["id", "name"])

    def same(self, query=QUERY, name="marts.totals"):
        """Whether the live view says what the query says, row for row."""
        return self.database.value(f"SELECT NOT EXISTS (TABLE {name}_live EXCEPT ALL ({query})) AND "
                                   f"NOT EXISTS (({query}) EXCEPT ALL TABLE {name}_live)")

    def plan(self, name="marts.totals", **settings):
        return "\n".join(row[0] for row in self.database.execute(
            f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT * FROM {name}_live"))


@pytest.fixture
def warehouse(database, unique, tmp_path):
    project = ModelProject(tmp_path, database, f"{unique}.")
    yield Warehouse(database, project)
    project.close()


def sale(number, shop=1, day="2024-01-31", amount=1, price="0.10", note=None):
    return (number, shop, day, amount, price, note)


def test_last_batch_and_rows_since(warehouse):
    sales, shops = warehouse.sales(), warehouse.shops()
    shops.chunk(1, 0, 1, {1: (1, "North"), 2: (2, None)})
    sales.chunk(5, 0, 1, {i: sale(i, shop=i % 3, amount=i) for i in range(1, 2000)})
    warehouse.model()
    results = warehouse.project.results()
    assert results["marts.totals"] == ("published", 2, 0, 0)
    assert results["marts.totals_live"][0] == "published"
    assert warehouse.same()
    assert set(warehouse.project.results().values()) == {("unchanged", 0, 0, 0)}

    sales.chunk(5, 1, 2000, {2000: sale(2000), 2001: sale(2001, shop=None, day=None, amount=5, price=None, note="x")})
    sales.chunk(6, 0, 1, {1: sale(3000, day="2025-02-01", amount=13), 2: sale(3001, day="2025-02-01", price="-1.005")})
    assert warehouse.database.value("SELECT count(*) FROM marts.totals") == 2
    assert warehouse.database.value("SELECT count(*) FROM marts.totals_live") == 4
    assert warehouse.same()
    plan = warehouse.plan()
    assert re.search(r"Index Scan (using|on) penstock_since_sales", plan), plan
    assert re.search(r"Scan on sales s_?\d* \(never executed\)", plan), plan
    assert "Seq Scan on sales s" in plan  # the full query, not run

    sales.chunk(7, 0, 1, {1: sale(3000, day="2025-02-01", amount=7)})  # replaces: only the full query is right
    assert warehouse.same()
    plan = warehouse.plan()
    assert re.search(r"Scan on totals t \(never executed\)", plan), plan
    warehouse.project.run("run")
    assert warehouse.same()
    assert "Scan on totals t (actual" in warehouse.plan()


REFUSED = [  # (query, speed, what the message says)
    ("SELECT shop,\n sum(amount) AS total,\n avg(amount)\nFROM raw.sales GROUP BY shop", "group shop; sum total",
     "totals.sql:5: no speed layer for this query: column avg is an average"),
    ("SELECT shop, sum(amount) AS total FROM raw.sales GROUP BY shop", "group shop; avg total",
     "totals.sql:2: speed: an average does not say of how many: keep sum and count"),
    ("SELECT shop, sum(amount) AS total FROM raw.sales GROUP BY shop", "group shop; maximum total",
     "totals.sql:2: speed: expected group, sum, count, min or max, not 'maximum'"),
    ("SELECT shop, sum(amount) AS total FROM raw.sales GROUP BY shop", "group shop",
     "totals.sql:2: speed: say what column total is: group, sum, count, min or max"),
    ("SELECT shop, sum(amount) AS total FROM raw.sales GROUP BY shop", "group shop; sum total, rest",
     "totals.sql:2: speed: the query has no column rest"),
    ("SELECT shop, sum(amount) AS total FROM raw.sales GROUP BY shop", "group shop; max total",
     "totals.sql:2: speed: column total is sum, not max, in the query"),
    ("SELECT shop, sum(amount) AS total FROM raw.sales GROUP BY shop", "group shop; sum total; sum total",
     "totals.sql:2: speed: column total is named twice"),
    ("SELECT shop, sum(amount) AS total FROM raw.sales\nJOIN raw.other USING (id) GROUP BY shop", "group shop; sum total",
     "totals.sql:4: speed: other is not the table of a dataset: the ledger does not tell what is new in it"),
    ("SELECT shop, sum(amount) AS total FROM raw.sales\nJOIN child USING (shop) GROUP BY shop", "group shop; sum total",
     "totals.sql:4: speed: child is not the table of a dataset"),
    ("SELECT shop, sum(price::float8) AS total FROM raw.sales GROUP BY shop", "group shop; sum total",
     "totals.sql:2: speed: column total is double precision, whose sum depends on the order of the rows"),
    ("SELECT shop, count(*) AS n\nFROM raw.sales WHERE day < now() GROUP BY shop", "group shop; count n",
     "totals.sql:4: speed: now() is not immutable"),
    ("SELECT shop, max(day::text) AS last\nFROM raw.sales GROUP BY shop", "group shop; max last",
     "totals.sql:2: speed: date_out(date) is not immutable"),
    ("SELECT shop, count(*) AS n\nFROM raw.sales WHERE note::date = day GROUP BY shop", "group shop; count n",
     "totals.sql:2: speed: date_in(cstring) is not immutable"),
    ("SELECT shop, max(ROW(day)::text) AS last\nFROM raw.sales GROUP BY shop", "group shop; max last",
     "totals.sql:2: speed: record_out(record) is not immutable"),
    ("SELECT shop, max(ARRAY[day]::text[]) AS last\nFROM raw.sales GROUP BY shop", "group shop; max last",
     "totals.sql:2: speed: date_out(date) is not immutable"),
    ("SELECT shop, count(*) AS n\nFROM raw.sales WHERE (day, 1) < (TIMESTAMPTZ '2024-01-01 00:00+00', 2) GROUP BY shop",
     "group shop; count n", "totals.sql:2: speed: date_lt_timestamptz(date,timestamp with time zone) is not immutable"),
    ("SELECT shop, own.count(amount) AS n\nFROM raw.sales GROUP BY shop", "group shop; count n",
     "totals.sql:3: speed: own.count(bigint) is not Postgres' own: its parts may not add up"),
    ("SELECT shop, count(*)::real AS n FROM raw.sales GROUP BY shop", "group shop; count n",
     "totals.sql:2: speed: column n is real, whose sum depends"),
    ("SELECT shop % 2 AS shop, count(*) AS n FROM raw.sales GROUP BY shop", "group shop; count n",
     "totals.sql:2: speed: GROUP BY means other columns than the query shows"),
]


def test_refused(warehouse):
    warehouse.database.execute("CREATE SCHEMA own; CREATE AGGREGATE own.count(bigint) (SFUNC = int8larger, STYPE = int8)")
    warehouse.project.model("marts.child", "SELECT 1 AS shop", materialized="table")
    for query, speed, message in REFUSED:
        warehouse.model(query, speed)
        result = warehouse.project.run("run", code=2)
        assert message in result.err, (query, result)
    for head in ({"materialized": "view"}, {"materialized": "materialized_view", "unique_key": "month, Shop"}):
        warehouse.model(**head)
        assert "only a model with a table of its own has a speed layer" in warehouse.project.run("run", code=2).err
    warehouse.model()
    other = warehouse.project.model("marts.totals_live", "SELECT 1 AS one")
    result = warehouse.project.run("run", code=2)
    assert "totals_live.sql: marts.totals_live is the speed layer of marts.totals" in result.err
    other.unlink()
    warehouse.project.run("run")


def test_the_live_view_is_a_model_like_others(warehouse):
    database, project, sales = warehouse.database, warehouse.project, warehouse.sales()
    warehouse.model("SELECT shop, sum(amount) AS total, max(day) AS last FROM raw.sales GROUP BY shop",
                    "group shop; sum total; max last")
    sales.chunk(1, 0, 1, {i: sale(i, shop=i % 2) for i in range(1, 11)})
    project.properties("models:\n  - name: totals_live\n    columns:\n      - name: shop\n        description: its number\n"
                       "        data_tests: [unique, not_null]\n")
    project.check("live_adds_up", "SELECT FROM marts.totals_live HAVING sum(total) <> "
                  "(SELECT sum(amount) FROM raw.sales)")
    project.report("totals", "SELECT * FROM marts.totals_live ORDER BY shop")
    project.run("run")
    role = f"reader_{database.name}"
    database.execute(f'CREATE ROLE "{role}"; GRANT USAGE ON SCHEMA marts TO "{role}"; '
                     f'GRANT SELECT ON marts.totals_live TO "{role}"')
    read = f'SET ROLE "{role}"; SELECT * FROM marts.totals_live ORDER BY shop'
    try:
        sales.chunk(2, 0, 1, {1: sale(20, shop=0, amount=100)})
        assert database.execute(read) == [(0, 105, datetime.date(2024, 1, 31)), (1, 5, datetime.date(2024, 1, 31))]
        database.execute("RESET ROLE")
        comment = "SELECT obj_description('marts.totals_live'::regclass), col_description('marts.totals_live'::regclass, 1)"
        assert database.execute(comment) == [("totals, and what was loaded since it was last calculated", "its number")]
        assert project.run("report") and "0,105" in (project.folder / "output/totals.csv").read_text()

        # A column more, another query: the view follows its model at once, what hangs on it stays.
        database.execute("CREATE VIEW public.mine AS SELECT shop FROM marts.totals_live")
        query = "SELECT shop, sum(amount) AS total, max(day) AS last, count(*) AS n FROM raw.sales WHERE id < 999 GROUP BY 1"
        warehouse.model(query, "group shop; sum total; max last; count n")
        project.run("run", "totals")
        sales.chunk(3, 0, 1, {1: sale(30, shop=5)})
        assert warehouse.same(query) and len(database.execute(read)) == 3
        database.execute("RESET ROLE")

        # A column less: by rebuild.
        query = "SELECT shop, sum(amount) AS total FROM raw.sales GROUP BY shop"
        warehouse.model(query, "group shop; sum total")
        project.properties("models: []\n")
        assert "run --rebuild marts.totals" in project.run("run", code=1).err
        assert database.value("SELECT count(*) FROM marts.totals_live") == 3
        project.run("run", "--rebuild", "marts.totals")
        sales.chunk(4, 0, 1, {1: sale(40, shop=6)})
        assert warehouse.same(query) and len(database.execute(read)) == 4
        database.execute("RESET ROLE")
        assert database.value("SELECT count(*) FROM public.mine") == 4

        # Without the line there is no view; as long as somebody's view needs it, that is said.
        warehouse.model(query, speed=None)
        assert "its line -- speed is gone" in project.run("run", code=1).err
        database.execute("DROP VIEW public.mine")
        project.run("run", code=3)  # the check still reads it
        (project.folder / "sql/checks/live_adds_up.sql").unlink()
        project.run("run")
        assert database.value("SELECT to_regclass('marts.totals_live') IS NULL")
    finally:
        database.execute(f'RESET ROLE; DROP OWNED BY "{role}"; DROP ROLE "{role}"')


def test_without_groups_there_is_one_row(warehouse):
    query = "SELECT sum(amount) AS total, count(*) AS n, min(day) AS first FROM raw.sales"
    warehouse.model(query, "sum total; count n; min first")
    warehouse.project.run("run")
    assert warehouse.database.execute("TABLE marts.totals_live") == [(None, 0, None)]
    sales = warehouse.sales()
    for step in (lambda: sales.chunk(1, 0, 1, {1: sale(1, amount=5)}), lambda: sales.chunk(2, 0, 1, {1: sale(1, amount=7)}),
                 lambda: warehouse.project.run("run"), lambda: sales.retract(2)):
        step()
        assert warehouse.same(query)


def test_new_rows_of_another_table_make_it_full(warehouse):
    sales, shops = warehouse.sales(), warehouse.shops()
    sales.chunk(1, 0, 1, {i: sale(i, shop=i) for i in range(1, 5)})
    warehouse.model()
    warehouse.project.run("run")
    shops.chunk(1, 0, 1, {1: (2, "South")})  # old sales now have a name
    sales.chunk(2, 0, 1, {1: sale(9, shop=2)})
    assert warehouse.same()
    warehouse.project.run("run")
    assert warehouse.same()


def test_the_example_of_the_docs(warehouse):
    """docs/speed.md: its model and its question, as they stand there."""
    text = (pathlib.Path(__file__).parents[2] / "docs" / "speed.md").read_text()
    path, content = re.search(r"```sql\n-- file: (\S+)\n(.*?)```", text, re.S).groups()
    question = re.search(r"```sql\n(SELECT model.*?)```", text, re.S)[1]
    warehouse.project.file(path, content)
    sales = warehouse.sales()
    sales.chunk(1, 0, 1, {1: sale(1), 2: sale(2)})
    warehouse.project.run("config", "check")
    warehouse.project.run("run")
    sales.chunk(1, 1, 3, {3: sale(3, amount=9)})
    day = datetime.date(2024, 1, 31)
    assert warehouse.database.execute("TABLE marts.shop_days_live") == [(1, day, 11, 3, 9)]
    assert warehouse.database.execute("TABLE marts.shop_days") == [(1, day, 2, 2, 1)]
    assert warehouse.database.execute(question) == [("marts.shop_days", None)]
    sales.chunk(2, 0, 1, {1: sale(3, amount=8)})
    assert warehouse.database.execute(question) == [("marts.shop_days", "rows were replaced: sales")]
    assert warehouse.database.execute("TABLE marts.shop_days_live") == [(1, day, 10, 3, 8)]


def test_an_incremental_model_has_one_too(warehouse):
    query = "SELECT shop, sum(amount) AS total, count(*) AS n FROM raw.sales WHERE shop > 0 GROUP BY shop"
    warehouse.model(query, "group shop; sum total; count n", materialized="incremental", unique_key="shop")
    sales = warehouse.sales()
    for number in range(1, 6):
        warehouse.project.run("run")
        assert warehouse.same(query)
        sales.chunk(number, 0, 1, {i: sale(100 * number + i, shop=i % 7) for i in range(1, 50)})
        assert warehouse.same(query)
    sales.chunk(9, 0, 1, {1: sale(101, shop=6, amount=50)})
    assert warehouse.same(query)
    warehouse.project.run("run")
    assert warehouse.same(query)


INDEXES = ("SELECT indexrelid::regclass::text, indisvalid FROM pg_index WHERE indrelid = 'raw.sales'::regclass "
           "AND indnatts = 2 ORDER BY 1")


def test_the_index_is_there_as_long_as_it_is_needed(warehouse):
    warehouse.database.execute("CREATE INDEX half ON raw.sales (_file, _row); "
                               "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'raw.half'::regclass")
    warehouse.model()
    for _ in range(2):  # one whose making was cut off is made anew
        warehouse.project.run("run")
        assert warehouse.database.execute(INDEXES) == [("raw.penstock_since_sales", True)]
    plain = warehouse.model("SELECT 1 AS one", speed=None, name="marts.plain")
    warehouse.project.run("run", "plain")
    assert warehouse.database.execute(INDEXES) == [("raw.penstock_since_sales", True)]
    warehouse.model(speed=None)
    warehouse.project.run("run", "plain")
    assert warehouse.database.execute(INDEXES) == []
    warehouse.database.execute("CREATE INDEX mine ON raw.sales (_file, _row)")
    warehouse.model()
    plain.unlink()
    warehouse.project.run("run")
    assert warehouse.database.execute(INDEXES) == [("raw.mine", True)]
