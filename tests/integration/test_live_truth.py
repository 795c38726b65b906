# SPDX-License-Identifier: Apache-2.0
"""The speed layer tells the truth: compared with the full query all the time, while real workers load, batches run,
rows are replaced, late, taken out, and the database is restored elsewhere."""
import random
import subprocess
import threading

from support.ledger import Loads
from support.postgres_server import PostgresServer, binaries
from support.wait import wait_until

QUERY = """SELECT shop, date_trunc('month', day::timestamp) AS month, sum(amount) AS total, count(*) AS sales,
  count(note) AS notes, min(amount) AS least, max(amount) AS most
FROM raw.sales WHERE shop <> 3 GROUP BY shop, 2"""
MODEL = f"""-- materialized: table
-- speed: group shop, month; sum total; count sales, notes; min least; max most
{QUERY}
"""
FIELDS = {"id": "long", "shop": "int", "day": {"type": "int", "logicalType": "date"},
          "amount": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}, "note": ["null", "string"]}
SAME = (f"SELECT NOT EXISTS (TABLE marts.totals_live EXCEPT ALL ({QUERY})) "
        f"AND NOT EXISTS (({QUERY}) EXCEPT ALL TABLE marts.totals_live), {{}}")
HOW = """(SELECT penstock.full_reason(model, definition, 'sales', '{}') FROM penstock.model),
  (SELECT count(*) FROM penstock.since_rows('marts.totals', 'sales'))"""


class Reader(threading.Thread):
    """Compares without a pause; counts what it saw."""

    def __init__(self, database, isolation, stop):
        super().__init__()
        self.connection = database.connect()
        self.isolation = isolation
        self.stop = stop
        self.wrong = []
        self.full = self.added = self.empty = 0

    def run(self):
        while not self.stop.is_set() and not self.wrong:
            with self.connection.cursor() as cursor:
                cursor.execute(f"BEGIN ISOLATION LEVEL {self.isolation}")
                if self.isolation == "READ COMMITTED":  # one statement sees one state
                    cursor.execute(SAME.format(HOW))
                    same, reason, ranges = cursor.fetchone()
                else:
                    cursor.execute("SELECT q::text FROM marts.totals_live q ORDER BY 1")
                    live = cursor.fetchall()
                    cursor.execute(f"SELECT q::text FROM ({QUERY}) q ORDER BY 1")
                    same = live == cursor.fetchall()
                    cursor.execute(f"SELECT {HOW}")
                    reason, ranges = cursor.fetchone()
                cursor.execute("COMMIT")
            self.full += reason is not None
            self.added += reason is None and ranges > 0
            self.empty += reason is None and ranges == 0
            if not same:
                self.wrong.append((reason, ranges))


class Batches(threading.Thread):
    def __init__(self, project, stop):
        super().__init__()
        self.project = project
        self.stop = stop
        self.turn = threading.Lock()  # who holds it keeps batches away
        self.done = 0

    def run(self):
        while not self.stop.wait(0.2):
            with self.turn:
                self.project.run("run")
            self.done += 1


class Truth:
    """Readers and batches at work on one database."""

    def __init__(self, project, database):
        self.stop = threading.Event()
        self.readers = [Reader(database, level, self.stop)
                        for level in ("READ COMMITTED", "REPEATABLE READ")]
        self.batches = Batches(project, self.stop)

    def __enter__(self):
        for thread in (*self.readers, self.batches):
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in (*self.readers, self.batches):
            thread.join()
        assert [reader.wrong for reader in self.readers] == [[], []]

    def seen(self, what, meanwhile=lambda: None):
        """Each reader sees two more of a kind."""
        wanted = [getattr(reader, what) + 2 for reader in self.readers]

        def met():
            meanwhile()
            return any(reader.wrong for reader in self.readers) or all(
                getattr(reader, what) >= count for reader, count in zip(self.readers, wanted))
        wait_until(met, 60, f"readers saw {what}", pause=0.2)

    def full_until_a_batch(self, change):
        with self.batches.turn:
            change()
            self.seen("full")
        self.seen("empty")


class Files:
    """CSV files of sales; every id once, unless an earlier one is to be replaced."""

    def __init__(self, project):
        self.project = project
        self.random = random.Random(11)
        self.count = self.ids = 0

    def drop(self, rows=3000, replace=0):
        lines = ["id,shop,day,amount,note"]
        for number in range(rows):
            self.ids += 1
            key = self.random.randrange(1, self.ids) if number < replace else self.ids
            day = f"2024-{self.random.randrange(1, 13):02}-11"
            lines.append(f"{key},{self.random.randrange(1, 6)},{day},{self.random.randrange(-9999, 9999) / 100:.2f},"
                         f"{self.random.choice(['', 'a note'])}")
        self.count += 1
        self.project.drop(f"sales-{self.count}.csv", "\n".join(lines) + "\n")


def complete(database):
    return database.value("SELECT count(*) FROM penstock.file WHERE state = 'complete'")


def copy(source, target):
    """pg_dump | psql"""
    dump = subprocess.run([binaries() / "pg_dump", "--no-owner", source.conninfo], stdout=subprocess.PIPE, check=True)
    subprocess.run([binaries() / "psql", "-qX", "-v", "ON_ERROR_STOP=1", target.conninfo], input=dump.stdout, check=True,
                   stdout=subprocess.DEVNULL)


def test_live_equals_the_full_query_always(project, database):
    project.dataset("sales", [{"name": name, "type": kind} for name, kind in FIELDS.items()], "sales*.csv", ["id"],
                    chunk_bytes="16KiB")
    project.config["models"] = "sql/models"
    project.file("sql/models/marts/totals.sql", MODEL)
    project.write()
    project.run("init")
    project.run("run")
    producer = project.start("producer", "--repair", "500ms")
    workers = [project.start("worker") for _ in range(2)]
    files = Files(project)
    with Truth(project, database) as truth:
        for _ in range(4):
            truth.seen("added", files.drop)
        truth.full_until_a_batch(lambda: files.drop(rows=50, replace=40))
        late = Loads(database.connect(), "sales", "raw.sales", "id", ["id", "shop", "day", "amount", "note"])
        wait_until(lambda: complete(database) == files.count, 60, "all are loaded")
        truth.seen("empty")
        older = {1: (1, 1, "2020-01-01", "0.01", None), 2: (-1, 1, "2020-01-01", "7", None)}
        truth.full_until_a_batch(lambda: late.chunk(1, 0, 1, older))
        across = Loads(database.connect(), "sales", "raw.sales", "id", late.columns)
        across.chunk(2, 0, 1, {1: (-2, 2, "2020-01-01", "9", "open for long")}, commit=False)
        before = truth.batches.done
        wait_until(lambda: truth.batches.done > before + 1, 60, "a batch looks past the open transaction")
        across.commit()
        truth.seen("empty")
        truth.full_until_a_batch(lambda: late.retract(database.value("SELECT max(file_id) FROM penstock.file")))
    assert truth.batches.done > 5
    for worker in workers:
        assert worker.stop() == 0

    server = PostgresServer().start()
    try:
        there = server.create_database("there")
        copy(database, there)
        project.config["postgres"] = there.conninfo
        project.write()
        assert producer.stop() == 0
        project.start("producer", "--repair", "500ms")
        project.start("worker")
        files.drop()
        wait_until(lambda: complete(there) == files.count - 1, 60, "the first file after the restore is loaded")
        assert there.execute(SAME.format("penstock.is_restored()")) == [(True, True)]  # before any batch
        with Truth(project, there) as truth:
            for _ in range(2):
                truth.seen("added", files.drop)
        assert there.value("SELECT count(DISTINCT origin) FROM penstock.chunk") == 1
        there.close()
    finally:
        project.close()
        server.close()
