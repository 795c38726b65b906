# SPDX-License-Identifier: Apache-2.0
"""A hundred runs under constant readers: whoever reads whatever kind of model, at whatever isolation, never waits and
sees one version of all of them; what others hung on the models is still there at the end."""
import random
import threading

import psycopg2
import pytest

from support.ledger import Loads
from support.models import ModelProject, make_ledger

RUNS = 100

MODELS = {
    "shops": ("SELECT DISTINCT shop FROM raw.lines", {"materialized": "table", "unique_key": "shop"}),
    "lines": ("SELECT shop, amount FROM raw.lines", {"materialized": "table"}),
    "totals": ("SELECT shop, sum(amount) AS total, count(*) AS n FROM lines GROUP BY shop",
               {"materialized": "table", "unique_key": "shop"}),
    "fast": ("SELECT * FROM totals", {"materialized": "materialized_view", "unique_key": "shop"}),
    "seen": ("SELECT shop, total, n FROM totals", {}),
    "added": ("SELECT id, shop, amount FROM raw.lines", {"materialized": "incremental", "unique_key": "id"}),
    "groups": ("SELECT shop, sum(amount) AS total, count(*) AS n FROM raw.lines GROUP BY shop",
               {"materialized": "incremental", "unique_key": "shop"}),
}
# What each says of the version: all its rows and their sum, by way of a view of somebody else's.
VERSIONS = {
    "lines": "count(*), sum(amount)", "added": "count(*), sum(amount)", "totals": "sum(n), sum(total)",
    "fast": "sum(n), sum(total)", "seen": "sum(n), sum(total)", "groups": "sum(n), sum(total)",
}
QUERY = "SELECT " + ", ".join(
    f"(SELECT concat_ws('/', {columns}) FROM others.{name})" for name, columns in VERSIONS.items()
) + ", (SELECT count(*) FROM others.totals t LEFT JOIN others.shops s USING (shop) WHERE s.shop IS NULL)"


class Reader(threading.Thread):
    """Reads for ever; any wait, gap or mixture is a failure."""

    def __init__(self, database, role, isolation):
        super().__init__()
        self.connection = database.connect()
        self.connection.autocommit = False
        self.connection.set_session(isolation_level=isolation, readonly=True)
        self.role = role
        self.repeatable = isolation == "REPEATABLE READ"
        self.over = threading.Event()
        self.seen, self.bad = [], []

    def look(self, cursor):
        cursor.execute(f"SET LOCAL ROLE {self.role}; SET LOCAL lock_timeout = '20ms'; SET LOCAL statement_timeout = '60s'")
        versions = []
        for _ in range(2):
            cursor.execute(QUERY)
            *said, orphans = cursor.fetchone()
            if len(set(said)) != 1 or orphans:
                self.bad.append((said, orphans))
            versions.append(said[0])
        if self.repeatable and versions[0] != versions[1]:
            self.bad.append(versions)
        self.seen += versions

    def run(self):
        with self.connection.cursor() as cursor:
            while not self.over.wait(0.04):
                try:
                    self.look(cursor)
                    self.connection.commit()
                except psycopg2.Error as error:
                    self.bad.append(str(error))
                    self.connection.rollback()
        self.connection.close()


@pytest.fixture
def project(database, unique, tmp_path):
    make_ledger(database)
    database.execute("CREATE SCHEMA raw; CREATE TABLE raw.lines (id bigint PRIMARY KEY, shop integer, amount bigint,"
                     " _file bigint NOT NULL, _row bigint NOT NULL)")
    project = ModelProject(tmp_path, database, f"{unique}.")
    project.dataset("lines", {"id": "long"}, "lines*.csv", ["id"])
    for name, (sql, head) in MODELS.items():
        project.model(f"marts.{name}", sql, **head)
    yield project
    project.close()


def hang_things_on(database, role):
    """A foreign key, grants, views, indexes and a comment of other people's."""
    database.execute(f"CREATE ROLE {role}; CREATE SCHEMA others; GRANT USAGE ON SCHEMA others, marts TO {role};"
                     "ALTER TABLE marts.totals ADD FOREIGN KEY (shop) REFERENCES marts.shops DEFERRABLE")
    for name in MODELS:
        kind = "MATERIALIZED VIEW" if name == "fast" else "VIEW" if name == "seen" else "TABLE"
        database.execute(f"CREATE VIEW others.{name} AS SELECT * FROM marts.{name}; COMMENT ON {kind} marts.{name} IS 'mine';"
                         f"GRANT SELECT ON others.{name}, marts.{name} TO {role}")
        if name != "seen":
            database.execute(f"CREATE INDEX ON marts.{name} (shop)")


def what_hangs(database, role):
    return database.execute(
        "SELECT c.oid, c.relname, c.relkind, obj_description(c.oid), has_table_privilege(%s, c.oid, 'SELECT'),"
        " (SELECT array_agg(i.indexrelid ORDER BY 1) FROM pg_index i WHERE i.indrelid = c.oid),"
        " (SELECT array_agg(k.oid ORDER BY 1) FROM pg_constraint k WHERE k.conrelid = c.oid)"
        "FROM pg_class c WHERE c.relnamespace IN ('marts'::regnamespace, 'others'::regnamespace)"
        " AND c.relkind <> 'i' ORDER BY 1", (role,))


def load(loads, rng, turn, known):
    """New lines, and now and then a changed or a removed one; some shops come, some go."""
    rows = {i: (1000 * turn + i, rng.randrange(turn // 10, 30), rng.randrange(1, 100)) for i in range(1, 6)}
    if turn % 7 == 0:
        rows[6] = (rng.choice(known), rng.randrange(40), 1)
    known += [row[0] for row in rows.values()]
    loads.chunk(turn, 0, 1, rows)
    if turn % 11 == 0:
        loads.retract(rng.randrange(1, turn))


def test_readers_see_whole_versions_and_what_hangs_on_models_stays(project, database, unique):
    role = f"reader_{unique}"
    rng, known = random.Random(5), []
    loads = Loads(database.connect(), "lines", "raw.lines", "id", ["id", "shop", "amount"])
    load(loads, rng, 1, known)
    project.run("run")
    hang_things_on(database, role)
    hung = what_hangs(database, role)
    readers = [Reader(database, role, level) for level in ("READ COMMITTED", "REPEATABLE READ")]
    version = "SELECT concat_ws('/', count(*), sum(amount)) FROM raw.lines"
    published = [database.value(version)]
    for reader in readers:
        reader.start()
    for turn in range(2, RUNS + 2):
        load(loads, rng, turn, known)
        project.run("run")
        published.append(database.value(version))
    for reader in readers:
        reader.over.set()
        reader.join()
    assert [reader.bad for reader in readers] == [[], []]
    order = {said: turn for turn, said in enumerate(published)}
    for reader in readers:
        turns = [order[said] for said in reader.seen]
        assert turns == sorted(turns), "a reader saw an older version after a newer one"
        assert len(set(turns)) > RUNS / 4
    assert what_hangs(database, role) == hung
    notes = [note for note, in database.execute("SELECT note FROM penstock.model_run WHERE model = 'marts.groups'")]
    assert sum(note.startswith("new rows") for note in notes) > RUNS / 2
    database.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
