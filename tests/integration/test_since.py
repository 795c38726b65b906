# SPDX-License-Identifier: Apache-2.0
"""What came since a model's last publication, told by the ledger; on a real Postgres."""
import subprocess

import pytest

from support.ledger import Loads
from support.models import ModelProject, make_ledger
from support.postgres_server import PostgresServer, binaries

TABLE = "CREATE TABLE raw.{} (id bigint PRIMARY KEY, word text, amount bigint, _file bigint NOT NULL, _row bigint NOT NULL)"


class Warehouse:
    """Two raw tables and a model that reads both."""

    def __init__(self, database, project):
        self.database = database
        self.project = project
        make_ledger(database)
        database.execute("CREATE SCHEMA raw")
        for name in ("sales", "shops"):
            database.execute(TABLE.format(name))
            project.dataset(name, {"id": "long", "word": ["null", "string"], "amount": "long"}, f"{name}*.csv", ["id"])
        project.model("marts.totals", "SELECT s.word, sum(s.amount) AS total FROM raw.sales s "
                      "LEFT JOIN raw.shops USING (id) GROUP BY s.word", materialized="table")

    def loads(self, name="sales", database=None):
        return Loads((database or self.database).connect(), name, f"raw.{name}", "id", ["id", "word", "amount"])

    def reason(self, database=None, growing="sales", fixed=("shops",)):
        return (database or self.database).value(
            "SELECT penstock.full_reason('marts.totals', definition, %s, %s) FROM penstock.model",
            (growing, list(fixed)))

    def since(self, database=None, name="sales"):
        rows = (database or self.database).execute(
            f"SELECT t.id FROM raw.{name} t JOIN penstock.since_rows('marts.totals', %s) s "
            "ON t._file = s.file_id AND t._row BETWEEN s.first_row AND s.last_row ORDER BY t.id", (name,))
        return [row[0] for row in rows]

    def run(self):
        self.project.run("run")


@pytest.fixture
def warehouse(database, unique, tmp_path):
    project = ModelProject(tmp_path, database, f"{unique}.")
    yield Warehouse(database, project)
    project.close()


def one(number):
    return (number, "a", 1)


def test_rows_are_told_apart_by_the_snapshot(warehouse):
    before, across = warehouse.loads(), warehouse.loads()
    before.chunk(7, 0, 1, {1: one(1), 2: one(2)})
    across.chunk(7, 1, 3, {3: one(3)}, commit=False)  # open while the batch looks
    warehouse.run()
    assert (warehouse.reason(), warehouse.since()) == (None, [])
    across.commit()
    before.chunk(7, 4, 9, {9: one(9)})  # its neighbours come later, or never
    before.chunk(8, 0, 1, {})
    before.chunk(8, 1, 1, {1: one(11), 4: one(14)})
    assert (warehouse.reason(), warehouse.since()) == (None, [3, 9, 11, 14])
    before.chunk(7, 2, 4, {4: one(4)})
    assert warehouse.since() == [3, 4, 9, 11, 14]
    warehouse.run()
    assert (warehouse.reason(), warehouse.since()) == (None, [])


def test_what_was_not_only_added_needs_the_full_query(warehouse):
    sales, shops = warehouse.loads(), warehouse.loads("shops")
    sales.chunk(7, 0, 1, {1: one(1)})
    assert warehouse.database.value("SELECT penstock.full_reason('marts.totals', '', 'sales', '{}')") == "never published"
    changes = [
        (lambda: sales.chunk(8, 0, 1, {1: one(1)}), "rows were replaced: sales"),
        (lambda: sales.chunk(6, 0, 1, {1: one(1)}), "rows were replaced: sales"),  # though the older one loses
        (lambda: sales.retract(8), "rows were removed or rewritten: sales"),
        (lambda: shops.chunk(7, 0, 1, {1: one(1)}), "rows were added: shops"),
        (lambda: warehouse.database.execute("SELECT penstock.note_rewrite('shops')"),
         "rows were removed or rewritten: shops"),
        (lambda: warehouse.database.execute("DELETE FROM penstock.chunk WHERE dataset = 'sales'"),
         "rows were removed or rewritten: sales"),
    ]
    for change, reason in changes:
        warehouse.run()
        assert warehouse.reason() is None
        change()
        assert warehouse.reason() == reason
    warehouse.run()
    shops.chunk(9, 0, 1, {})  # no rows: nothing new in it
    assert warehouse.reason() is None
    assert warehouse.database.value("SELECT penstock.full_reason('marts.totals', 'other', 'sales', '{}')") \
        == "its SQL has changed since"


def test_a_table_that_another_dataset_loads_needs_the_full_query(warehouse):
    warehouse.run()
    note = "INSERT INTO penstock.dataset VALUES (%s, 'raw', 'sales', 'all')"
    for dataset in ("sales", "renamed"):
        warehouse.database.execute(note, (dataset,))
    assert warehouse.reason() is None
    renamed = warehouse.loads()
    renamed.dataset = "renamed"
    renamed.chunk(7, 0, 1, {1: one(1)})
    assert warehouse.reason() == "another dataset loaded its table: sales"


def test_a_model_left_out_of_a_run_keeps_its_snapshot(warehouse):
    sales = warehouse.loads()
    warehouse.project.model("marts.other", "SELECT 1 AS one", materialized="table")
    warehouse.run()
    sales.chunk(7, 0, 1, {1: one(1)})
    warehouse.project.run("run", "marts.other")
    assert warehouse.since() == [1]
    failing = warehouse.project.check("never", "SELECT 1")
    warehouse.project.run("run", code=3)
    assert warehouse.since() == [1]
    failing.unlink()
    warehouse.run()
    assert warehouse.since() == []


def copy(source, target):
    """pg_dump | psql"""
    dump = subprocess.run([binaries() / "pg_dump", "--no-owner", source.conninfo], stdout=subprocess.PIPE, check=True)
    subprocess.run([binaries() / "psql", "-qX", "-v", "ON_ERROR_STOP=1", target.conninfo], input=dump.stdout, check=True,
                   stdout=subprocess.DEVNULL)


def test_a_restore_voids_what_was_seen(warehouse):
    home = warehouse.database
    for _ in range(300):
        home.execute("SELECT pg_current_xact_id()")  # ids far beyond those of a new cluster
    warehouse.loads().chunk(7, 0, 1, {1: one(1)})
    warehouse.run()
    other = PostgresServer()
    try:
        other.start()
        there = other.create_database("there")
        copy(home, there)
        assert warehouse.reason(there) == "the database was restored"
        warehouse.loads(database=there).chunk(7, 1, 2, {2: one(2)})
        assert warehouse.reason(there) == "the database was restored"
        # Back home, with a transaction id among the others that means something else here.
        home.execute("DROP SCHEMA penstock, raw, marts CASCADE")
        copy(there, home)
        assert warehouse.reason() == "the database was restored"
        for database in (there, home):
            warehouse.project.config["postgres"] = database.conninfo
            warehouse.project.write()
            warehouse.run()
            assert (warehouse.reason(database), warehouse.since(database)) == (None, [])
            warehouse.loads(database=database).chunk(8, 0, 1, {1: one(3)})
            assert (warehouse.reason(database), warehouse.since(database)) == (None, [3])
        there.close()
    finally:
        other.close()
