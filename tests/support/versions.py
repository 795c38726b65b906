# SPDX-License-Identifier: Apache-2.0
"""
Files whose keys repeat, and what must stand in the table after them: worked out here in plain Python,
from the rows, the order of publication and the rule, with nothing of the program's.
"""
import random

FIELDS = {
    "id": "long",
    "town": ["null", "string"],
    "amount": ["null", {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}],
    "updated_at": ["null", {"type": "long", "logicalType": "timestamp-micros"}],
    "note": ["null", "string"],
}
COLUMNS = list(FIELDS)
TOWNS = ["Bath", "York", "Zürich", "with, comma", 'with "quotes"', "two\nlines", None]


def make_rows(seed, count, keys):
    """Rows as tuples of text or None; keys repeat within and across files."""
    dice = random.Random(seed)
    rows = []
    for _ in range(count):
        stamp = f"2026-{dice.randint(1, 12):02}-{dice.randint(1, 28):02} 10:{dice.randint(0, 59):02}:00+00"
        rows.append((
            str(dice.randint(1, keys)), dice.choice(TOWNS),
            None if dice.random() < 0.1 else f"{dice.randint(-999999, 999999) / 100:.2f}",
            None if dice.random() < 0.2 else stamp,
            None if dice.random() < 0.3 else "".join(dice.choices("abcdefgh ", k=dice.randint(1, 200))).strip() or "x",
        ))
    return rows


def to_csv(rows):
    def cell(value):
        if value is None:
            return ""
        if any(c in value for c in ',"\n'):
            return '"' + value.replace('"', '""') + '"'
        return value
    return "\n".join([",".join(COLUMNS)] + [",".join(map(cell, row)) for row in rows]) + "\n"


def expected(publications, rule="last"):
    """
    {id: (row, file_id, row_number)} after all `publications`: [(file_id, rows)]; None stands where a
    record is a reject. Rules: last, first, greatest (by updated_at, null smallest, then last).
    """
    def rank(row, file_id, number):
        if rule == "greatest":
            return (row[3] is not None, row[3] or "", file_id, number)
        return (file_id, number)

    best = {}
    for file_id, rows in publications:
        for number, row in enumerate(rows, 1):
            if row is None:
                continue
            mine = rank(row, file_id, number)
            if row[0] not in best:
                best[row[0]] = (mine, row, file_id, number)
            elif (mine < best[row[0]][0]) if rule == "first" else (mine > best[row[0]][0]):
                best[row[0]] = (mine, row, file_id, number)
    return {key: (row, file_id, number) for key, (_, row, file_id, number) in best.items()}


def table(database, name):
    """The same shape, read from Postgres."""
    rows = database.execute(
        f"SELECT id::text, town, amount::text, to_char(updated_at AT TIME ZONE 'UTC', "
        f"'YYYY-MM-DD HH24:MI:SS') || '+00', note, _file, _row FROM {name}")
    return {row[0]: (tuple(row[:5]), row[5], row[6]) for row in rows}


def assert_same(actual, wanted):
    """Row for row; shows the first difference only."""
    assert len(actual) == len(wanted), f"{len(actual)} rows, expected {len(wanted)}"
    for key, value in wanted.items():
        assert actual.get(key) == value, f"key {key}: {actual.get(key)}, expected {value}"


def incomplete_files(database):
    return database.execute(
        "SELECT dataset, name, state, chunks FROM penstock.file WHERE state <> 'complete'")


def assert_ledger_whole(database):
    """Every file complete, every chunk there once, the byte ranges tiling each file."""
    assert incomplete_files(database) == []
    assert database.value("SELECT count(*) FROM penstock.dead_letter") == 0
    gaps = database.execute("""
        SELECT dataset, file_id, chunk FROM (
          SELECT c.*, f.chunks, f.size,
            lag(byte_end, 1, 0::bigint) OVER w AS before, row_number() OVER w - 1 AS number,
            count(*) OVER (PARTITION BY dataset, file_id) AS n, max(byte_end) OVER (PARTITION BY dataset, file_id) AS last
          FROM penstock.chunk c JOIN penstock.file f USING (dataset, file_id)
          WINDOW w AS (PARTITION BY dataset, file_id ORDER BY chunk)) t
        WHERE byte_start <> before OR chunk <> number OR n <> chunks""")
    assert gaps == []
