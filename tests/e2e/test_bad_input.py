# SPDX-License-Identifier: Apache-2.0
"""
Every kind of bad input, dropped into one inbox on one day: what loads, what is rejected and why, what is
quarantined, and that preview says the same. The expectations are written by hand, case by case.
"""
import codecs
import gzip
import io
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

import pytest

from support.penstock import Project, binary
from support.process import free_port, unprivileged_user
from support.wait import wait_until

MIB = 1 << 20
PRODUCER_MAX = 64 * MIB
WORKER_MAX = 96 * MIB

DECIMAL = {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}
ITEM = [
    {"name": "id", "type": "long"},
    {"name": "name", "type": ["null", "string"]},
    {"name": "price", "type": ["null", DECIMAL]},
    {"name": "day", "type": ["null", {"type": "int", "logicalType": "date"}]},
]
EVOLVED = [
    {"name": "id", "type": "long", "aliases": ["number"]},
    {"name": "name", "type": "string", "aliases": ["title", "label"]},
    {"name": "colour", "type": "string", "default": "none"},
]
WIDE = [{"name": "small", "type": "int"}, {"name": "big", "type": ["null", "long"]},
        {"name": "tiny", "type": ["null", "int"], "penstock.type": "smallint"},
        {"name": "real", "type": ["null", "double"]},
        {"name": "at", "type": ["null", {"type": "long", "logicalType": "timestamp-micros"}]},
        {"name": "yes", "type": ["null", "boolean"]},
        {"name": "code", "type": ["null", {"type": "string", "logicalType": "uuid"}]}]
APPEND = ["_file", "_row"]
HEAD = b"id,name,price,day\n"


class Case:
    """
    A file and what must become of it. rows: {row number: tuple of text}; rejects: [(record number,
    the record's own bytes, column, words of the reason)]; refused: words of the quarantine's reason.
    encoding: what iconv makes UTF-8 of; rejects keep that, and their ranges count the content's bytes.
    """

    def __init__(self, name, dataset, content, rows=None, rejects=(), refused=None, packed=None, encoding=None):
        self.name = name
        self.dataset = dataset
        self.content = content
        self.packed = content if packed is None else packed
        self.rows = rows or {}
        self.rejects = rejects
        self.refused = refused
        self.encoding = encoding

    def utf8(self, data):
        return data.decode(self.encoding).encode() if self.encoding else data

    def __repr__(self):
        return self.name


def item(number, name=None, price=None, day=None):
    return (str(number), name, price, day)


LONG = b'7,"' + b"x" * (2 * MIB) + b'",,'
CASES = [
    # Nothing to load.
    Case("items-empty.csv", "items", b"", refused=["no header", "empty"]),
    Case("items-blank.csv", "items", b"\n\r\n\n", refused=["no header", "blank"]),
    Case("items-header.csv", "items", HEAD),
    Case("items-header-open.csv", "items", HEAD.rstrip()),
    # Line ends and marks.
    Case("items-bom.csv", "items", b"\xef\xbb\xbf" + HEAD + b"1,a,,\n", {1: item(1, "a")}),
    Case("items-utf16.csv", "items", (HEAD + b"1,a,,\n").decode().encode("utf-16"), refused=["UTF-16"]),
    Case("items-crlf.csv", "items", b"id,name,price,day\r\n1,a,1.50,2026-01-31\r\n\r\n2,b,,\r\n",
         {1: item(1, "a", "1.50", "2026-01-31"), 2: item(2, "b")}),
    Case("items-cr.csv", "items", b"id,name,price,day\r1,a,,\rx,b,,\r3,c,,",
         {1: item(1, "a"), 3: item(3, "c")}, [(2, b"x,b,,", "id", "whole number")]),
    Case("items-no-end.csv", "items", HEAD + b"1,a,,\n2,b,,", {1: item(1, "a"), 2: item(2, "b")}),
    # Quotes.
    Case("items-quotes.csv", "items", HEAD + b'1,"say ""hi"", you",,\n2,5" pipe,,\n3,"",,\n4,,,\n',
         {1: item(1, 'say "hi", you'), 2: item(2, '5" pipe'), 3: item(3, ""), 4: item(4)}),
    Case("items-newlines.csv", "items", HEAD + b'1,"a\nb\r\n\nc",,\nx,"d\ne",,\n3,f,,\n',
         {1: item(1, "a\nb\r\n\nc"), 3: item(3, "f")}, [(2, b'x,"d\ne",,', "id", "whole number")]),
    Case("items-open-quote.csv", "items", HEAD + b'1,a,,\n2,"never closed,,\n3,c,,\n4,d,,\n',
         {1: item(1, "a"), 3: item(3, "c"), 4: item(4, "d")},
         [(2, b'2,"never closed,,', "name", "never closed")]),
    Case("items-behind-quote.csv", "items", HEAD + b'1,"a"b,,\n2,c,,\n', {2: item(2, "c")},
         [(1, b'1,"a"b,,', "name", "behind the closing quote")]),
    # Rows too short, too long, far too long.
    Case("items-ragged.csv", "items", HEAD + b"1,a\n2,b,,,\n3,c,,\n4\n",
         {3: item(3, "c")}, [(1, b"1,a", "", "2 cells, expected 4"), (2, b"2,b,,,", "", "5 cells, expected 4"),
                             (4, b"4", "", "1 cells, expected 4")]),
    Case("padded.csv", "padded", HEAD + b"1,a\n2,b,,,,\n3,c,,,x\n",
         {1: item(1, "a"), 2: item(2, "b")}, [(3, b"3,c,,,x", "", "5 cells, expected 4")]),
    Case("items-long.csv", "items", HEAD + b"1,a,,\n" + LONG + b"\n3,c,,\n",
         {1: item(1, "a"), 3: item(3, "c")}, [(2, LONG, "", "longer than 1048576 bytes")]),
    Case("items-too-large.csv", "items", HEAD + b"1," + b"y" * 1000000 + b",,\n2,b,,\n", {2: item(2, "b")},
         [(1, b"1," + b"y" * 1000000 + b",,", "", "bytes of a message")]),
    # Bytes that are no text.
    Case("items-nul.csv", "items", HEAD + b"1,a\0b,,\n2,b,,\n\0,c,,\n", {2: item(2, "b")},
         [(1, b"1,a\0b,,", "name", "NUL"), (3, b"\0,c,,", "id", "whole number")]),
    Case("items-nul-header.csv", "items", b"id,na\0me,price,day\n1,a,,\n", refused=["column 2", "NUL"]),
    Case("items-bytes.csv", "items", HEAD + b"1,caf\xe9,,\n2,caf\xc3\xa9,,\n3,\xff\xfe,,\n4,\xed\xa0\x80,,\n",
         {2: item(2, "café")}, [(1, b"1,caf\xe9,,", "name", "0xE9 is not UTF-8"),
                                (3, b"3,\xff\xfe,,", "name", "0xFF is not UTF-8"),
                                (4, b"4,\xed\xa0\x80,,", "name", "is not UTF-8")]),
    Case("latin.csv", "latin", HEAD + b"1,caf\xe9,,\n2,\xdcber \xa3,,\nx,\xe9,,\n",
         {1: item(1, "café"), 2: item(2, "Über £")}, [(3, b"x,\xe9,,", "id", "whole number")]),
    # Dialects: what is wrong in one is right in another.
    Case("odd.csv", "odd", "made by hand\n# a comment\nid||name||price||day\n1||'it\\'s'||1.234,5||3/1/2024\n"
         "2||b||1.5||3/1/2024\n\n3||'c||||3/1/2024\n4||d|||||30/2/2024\n#||\n5||e||,25||20240103\n6||f||1.2345||\n"
         "7||g||1||1/1/2024||h\nTotal||7\n\n(all)\n".encode(),
         {1: item(1, "it's", "1234.50", "2024-01-03"), 5: item(5, "e", "0.25", "2024-01-03")},
         [(2, b"2||b||1.5||3/1/2024", "price", "between groups of three digits"),
          (3, b"3||'c||||3/1/2024", "name", "never closed"),
          (4, b"4||d|||||30/2/2024", "day", "expected a text like '%d/%m/%Y'"),
          (6, b"6||f||1.2345||", "price", "between groups of three digits"),
          (7, b"7||g||1||1/1/2024||h", "day", "'1/1/2024||h': expected a text")]),
    Case("utf16.csv", "utf16", codecs.BOM_UTF16_LE + "id¦name¦price¦day\r\n1¦Łódź¦¦\r\n《¦東京¦¦\n3¦🌊¦1¦\n4¦Ċ\r\n"
         .encode("utf-16-le"), {1: item(1, "Łódź"), 3: item(3, "🌊", "1.00")},
         [(2, "《¦東京¦¦".encode(), "id", "whole number"), (4, "4¦Ċ".encode(), "", "2 cells, expected 4")],
         encoding="utf-16-le"),
    # Values that do not fit.
    Case("items-values.csv", "items", HEAD + b"1,a,1.999,\n2,b,12345678.00,\n3,c,x,\n4,d,-1234567.89,2024-02-29\n"
         b"5,e,,2026-02-29\n6,f,,31.12.2026\n7,g,,2026-1-1\n9223372036854775808,h,,\n-9223372036854775808,i,,\n"
         b"1.5,j,,\n1e3,k,,\n 8,l,,\n",
         {4: item(4, "d", "-1234567.89", "2024-02-29"), 9: item(-9223372036854775808, "i")},
         [(1, b"1,a,1.999,", "price", "scale"), (2, b"2,b,12345678.00,", "price", "precision"),
          (3, b"3,c,x,", "price", "decimal number"), (5, b"5,e,,2026-02-29", "day", "no such day"),
          (6, b"6,f,,31.12.2026", "day", "YYYY-MM-DD"), (7, b"7,g,,2026-1-1", "day", "YYYY-MM-DD"),
          (8, b"9223372036854775808,h,,", "id", "out of range of an 8-byte integer"),
          (10, b"1.5,j,,", "id", "whole number"), (11, b"1e3,k,,", "id", "whole number"),
          (12, b" 8,l,,", "id", "whole number")]),
    Case("wide.csv", "wide", b"small,big,tiny,real,at,yes,code\n"
         b"2147483647,1,32767,1e308,2026-01-01 10:00:00+02:00,yes,0F0E0D0C-0B0A-0908-0706-050403020100\n"
         b"2147483648,,,,,,\n1,,32768,,,,\n2,,,1e999,,,\n3,,,,2026-01-01 25:00:00Z,,\n4,,,,2026-01-01 10:00:00,,\n"
         b"5,,,,,maybe,\n6,,,,,,0F0E0D0C\n,,,,,,\n7,,,NaN,,,\n",
         {1: ("2147483647", "1", "32767", "1e+308", "2026-01-01 08:00:00+00", "true",
              "0f0e0d0c-0b0a-0908-0706-050403020100"),
          6: ("4", None, None, None, "2026-01-01 10:00:00+00", None, None),
          10: ("7", None, None, "NaN", None, None, None)},
         [(2, b"2147483648,,,,,,", "small", "4-byte"), (3, b"1,,32768,,,,", "tiny", "2-byte"),
          (4, b"2,,,1e999,,,", "real", "double"), (5, b"3,,,,2026-01-01 25:00:00Z,,", "at", "no such day or time"),
          (7, b"5,,,,,maybe,", "yes", "true or false"),
          (8, b"6,,,,,,0F0E0D0C", "code", "uuid"), (9, b",,,,,,", "small", "null")]),
    # Headers.
    Case("items-unknown.csv", "items", b"id,name,price,day,extra\n1,a,,,\n", refused=["schema does not name", "extra"]),
    Case("lenient.csv", "lenient", b"extra,day,price,name,id\nx,,2.00,a,1\n", {1: item(1, "a", "2.00")}),
    Case("items-missing.csv", "items", b"id,name\n1,a\n", refused=["missing columns", "price, day"]),
    Case("items-reordered.csv", "items", b"day,price,name,id\n2026-01-02,3.00,a,1\n",
         {1: item(1, "a", "3.00", "2026-01-02")}),
    Case("items-duplicated.csv", "items", b"id,name,price,day,name\n1,a,,,b\n",
         refused=["duplicate columns", "'name' (columns 2 and 5"]),
    Case("items-spelling.csv", "items", b"ID,Name,PRICE,D_a_y\n1,a,,\n", {1: item(1, "a")}),
    Case("items-nonsense.csv", "items", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)), refused=["header"]),
    Case("items-semicolons.csv", "items", b"id;name;price;day\n1;a;;\n", refused=["missing columns", "id;name"]),
    Case("evolved-alias.csv", "evolved", b"number,title\n1,a\n", {1: ("1", "a", "none")}),
    Case("evolved-both.csv", "evolved", b"number,title,label\n1,a,b\n", refused=["duplicate columns", "label"]),
    Case("evolved-null.csv", "evolved", b"id,name,colour\n1,,red\n2,\"\",red\n3,c,\n",
         {2: ("2", "", "red")}, [(1, b"1,,red", "name", "null"), (3, b"3,c,", "colour", "null")]),
    # Keys.
    Case("keyed.csv", "keyed", HEAD + b"1,a,,\n,b,,\n1,c,,\n2,d,,\n1,e,,\n", {4: item(2, "d"), 5: item(1, "e")},
         [(2, b",b,,", "id", "key field id is null")]),
    # Too many rejects.
    Case("counted-good.csv", "counted", HEAD + b"x,a,,\nx,b,,\n3,c,,\n", {3: item(3, "c")},
         [(1, b"x,a,,", "id", "whole number"), (2, b"x,b,,", "id", "whole number")]),
    Case("counted-bad.csv", "counted", HEAD + b"x,a,,\nx,b,,\n3,c,,\nx,d,,\n",
         refused=["3 of 4 records rejected", "max_rejects is 2", "record 1, column id"]),
    Case("shared-good.csv", "shared", HEAD + b"x,a,,\n" + b"2,b,,\n" * 9,
         {number: item(2, "b") for number in range(2, 11)}, [(1, b"x,a,,", "id", "whole number")]),
    Case("shared-bad.csv", "shared", HEAD + b"x,a,,\n" + b"2,b,,\n" * 8,
         refused=["1 of 9 records rejected", "max_rejects is 10 %"]),
    # Compressed.
    Case("items-packed.csv.gz", "items", HEAD + b"1,a,,\nx,b,,\n", {1: item(1, "a")},
         [(2, b"x,b,,", "id", "whole number")], packed=gzip.compress(HEAD + b"1,a,,\nx,b,,\n")),
    Case("items-cut.csv.gz", "items", b"", packed=gzip.compress(HEAD + b"1,a,,\n" * 5000)[:-9],
         refused=["gzip data broken off or corrupt"]),
    Case("items-flipped.csv.gz", "items", b"",
         packed=(lambda data: data[:-6] + bytes([data[-6] ^ 1]) + data[-5:])(gzip.compress(HEAD + b"1,a,,\n" * 5000)),
         refused=["corrupt"]),
    # JSON.
    Case("lines.ndjson", "lines", b'{"id":1,"name":"a","price":1.5,"day":"2026-01-01"}\r\n\n'
         b'{"id":2,"name":"b"\n[3]\n{"id":4,"extra":1}\n{"id":5,"id":6}\n{"id":"7"}\n{"name":"x"}\n'
         b'{"id":8,"name":"a\\u0000b"}\n{"id":9,"name":"\\ud800"}\n{"id":10,"name":"\xff"}\n'
         b'{"id":11,"price":1.234}\n{"id":1.0,"name":null}\n{"id":1e400}\n{"id":12}',
         {1: item(1, "a", "1.50", "2026-01-01"), 6: item(7), 14: item(12)},
         [(2, b'{"id":2,"name":"b"', "", ""), (3, b"[3]", "", "object"), (4, b'{"id":4,"extra":1}', "extra", "schema"),
          (5, b'{"id":5,"id":6}', "", "duplicate"), (7, b'{"name":"x"}', "id", "null"),
          (8, b'{"id":8,"name":"a\\u0000b"}', "name", "NUL"), (9, b'{"id":9,"name":"\\ud800"}', "", "surrogate"),
          (10, b'{"id":10,"name":"\xff"}', "", "UTF-8"), (11, b'{"id":11,"price":1.234}', "price", "scale"),
          (12, b'{"id":1.0,"name":null}', "id", "whole number"), (13, b'{"id":1e400}', "id", "whole number")]),
    Case("lines-empty.ndjson", "lines", b""),
    Case("docs.json", "docs", b'{"data":{"items":[{"id":1,"name":"a"}, {"id":"x"} ,\n{"id":3}]},"more":[1]}',
         {1: item(1, "a"), 3: item(3)}, [(2, b'{"id":"x"}', "id", "whole number")]),
    Case("docs-broken.json", "docs", b'{"data":{"items":[{"id":1},{"id":2}', refused=["ends"]),
    Case("docs-nowhere.json", "docs", b'{"data":{"rows":[{"id":1}]}}', refused=["items"]),
    Case("docs-empty.json", "docs", b"", refused=[""]),
]
DATASETS = {
    "items": {"fields": ITEM}, "padded": {"fields": ITEM, "csv": {"ragged": "pad"}},
    "latin": {"fields": ITEM, "csv": {"encoding": "latin1"}}, "wide": {"fields": WIDE},
    "odd": {"fields": ITEM, "forms": {"day": {"pattern": ["%d/%m/%Y", "%Y%m%d"]}}, "csv": {
        "delimiter": "||", "quote": "'", "escape": "\\", "skip": 1, "comment": "#", "footer": 2, "decimal": ",",
        "thousands": ".", "ragged": "fold"}},
    "utf16": {"fields": ITEM, "csv": {"encoding": "utf-16", "delimiter": "¦"}},
    "lenient": {"fields": ITEM, "unknown_columns": "ignore"}, "evolved": {"fields": EVOLVED},
    "keyed": {"fields": ITEM, "key": ["id"]}, "counted": {"fields": ITEM, "max_rejects": 2},
    "shared": {"fields": ITEM, "max_rejects": "10%"}, "lines": {"fields": ITEM, "format": "ndjson"},
    "docs": {"fields": ITEM, "format": "json", "json": {"records": "data.items"}},
}


def add_datasets(project):
    for name, settings in DATASETS.items():
        settings = {"key": list(APPEND), **settings}
        forms = settings.pop("forms", {})
        project.dataset(name, settings.pop("fields"), [f"{name}*"], settings.pop("key"), **settings)
        project.config["datasets"][name]["fields"] = forms
    project.write()


class Day:
    """The project after everything was dropped and worked off."""

    def __init__(self, project, database, kafka):
        self.project = project
        self.database = database
        self.kafka = kafka
        self.producer = project.start("producer", "--settle", "50ms")
        self.worker = project.start("worker")

    def file(self, name):
        """file id, state, reason, size of the only publication of that name."""
        rows = self.database.execute("SELECT file_id, state, reason, size FROM penstock.file WHERE name = %s", (name,))
        assert len(rows) == 1, f"{name}: {rows}"
        return rows[0]

    def wait_for(self, files):
        wait_until(lambda: self.database.value(
            "SELECT count(*) FROM penstock.file WHERE state IN ('complete', 'quarantined')") == files, 60,
            f"{files} files complete or quarantined")

    def columns(self, dataset):
        return [field["name"] for field in DATASETS[dataset]["fields"]]

    def rows(self, dataset, file_id):
        columns = ", ".join(f'"{name}"::text' for name in self.columns(dataset))
        return {row[0]: row[1:] for row in self.database.execute(
            f"SELECT _row, {columns} FROM raw.{dataset} WHERE _file = %s", (file_id,))}

    def rejects(self, dataset, file_id):
        return self.database.execute(
            "SELECT record, byte_start, byte_end, column_name, reason, original, stage, row_number "
            "FROM penstock.reject WHERE dataset = %s AND file_id = %s ORDER BY record", (dataset, file_id))


@pytest.fixture(name="day", scope="module")
def day_fixture(kafka, postgres, tmp_path_factory):
    database = postgres.create_database("bad_input")
    project = Project(tmp_path_factory.mktemp("day"), kafka.bootstrap, database.conninfo, "bad_input.")
    add_datasets(project)
    try:
        project.run("init")
        for case in CASES:
            project.drop(case.name, case.packed)
        day = Day(project, database, kafka)
        day.wait_for(len(CASES))
        yield day
    finally:
        project.close()
        print(project.logs())
        database.close()


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_what_becomes_of_it(day, case):
    file_id, state, reason, size = day.file(case.name)
    assert state == ("quarantined" if case.refused else "complete"), reason
    assert day.rows(case.dataset, file_id) == case.rows
    assert not (day.project.folder / "inbox" / case.name).exists()
    aside = day.project.folder / "quarantine" / case.name
    if case.refused:
        assert all(words in reason for words in case.refused), reason
        assert aside.read_bytes() == case.packed
        assert reason in (aside.parent / f"{case.name}.reason.txt").read_text()
        assert day.rejects(case.dataset, file_id) == []
        return
    assert size == len(case.content) and not aside.exists()
    found = day.rejects(case.dataset, file_id)
    assert [row[0] for row in found] == [record for record, *_ in case.rejects]
    for (_, start, end, column, why, original, stage, number), (_, text, wanted_column, words) in zip(
            found, case.rejects):
        assert stage == "read" and number is None
        assert (column, words in why) == (wanted_column, True), why
        # The range names the record's own bytes, its line end at most behind them.
        record = case.content[start:end]
        assert case.utf8(record).rstrip(b"\r\n") == text
        assert original == text[:4096].decode(
            "utf-8", "replace").replace("\0", "\ufffd") or len(text) > 4096 and text.decode().startswith(original)


@pytest.mark.parametrize("case", [case for case in CASES if len(case.packed) < MIB], ids=repr)
def test_preview_says_the_same(day, case):
    file_id, _, reason, _ = day.file(case.name)
    path = day.project.file(f"copies/{case.name}", case.packed)
    done = subprocess.run([binary(), "-C", day.project.folder, "preview", path, "--dataset", case.dataset],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    errors = done.stderr.decode()
    assert done.returncode == (1 if case.refused else 3 if case.rejects else 0), errors
    if case.refused:
        assert f"{path} would be quarantined: {reason}\n" in errors
        return
    # Postgres itself reads what preview printed and compares it with what was loaded.
    columns = ", ".join(f'"{name}"' for name in day.columns(case.dataset))
    with day.database.connect().cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE shown AS SELECT {columns} FROM raw.{case.dataset} LIMIT 0")
        cursor.copy_expert("COPY shown FROM STDIN (FORMAT csv, HEADER match)", io.BytesIO(done.stdout))
        loaded = f"SELECT {columns} FROM raw.{case.dataset} WHERE _file = {file_id}"
        if case.dataset == "keyed":  # preview shows every row, the table the winners
            cursor.execute(f"{loaded} EXCEPT SELECT * FROM shown")
            assert cursor.fetchall() == []
        else:
            cursor.execute(f"(SELECT * FROM shown EXCEPT ALL {loaded}) UNION ALL ({loaded} EXCEPT ALL SELECT * FROM shown)")
            assert cursor.fetchall() == []
    shown = [line for line in errors.splitlines() if ": record " in line]
    for line, (record, start, _, column, why, *_) in zip(shown, day.rejects(case.dataset, file_id), strict=True):
        number = len(re.findall(rb"\r\n|\r|\n", case.utf8(case.content[:start]))) + 1
        words = f": record {record}, column {column}: {why}: " if column else f": record {record}: {why}: "
        assert line.startswith(f"{path}:{number}{words}")


def test_nothing_is_lost(day):
    """Every byte of every file that loaded belongs to one chunk; nothing died; no queue is left."""
    assert day.database.value("SELECT count(*) FROM penstock.dead_letter") == 0
    gaps = day.database.execute("""
        SELECT f.name FROM penstock.file f CROSS JOIN LATERAL (
          SELECT sum(byte_end - byte_start) AS bytes, sum(records) AS records, sum(rows + rejects) AS accounted
          FROM penstock.chunk c WHERE c.file_id = f.file_id AND c.dataset = f.dataset) c
        WHERE f.state = 'complete' AND (c.bytes <> f.size OR c.records <> c.accounted)""")
    assert gaps == []
    rejects = sum(len(case.rejects) for case in CASES)
    assert day.database.value("SELECT count(*) FROM penstock.reject") == rejects
    assert day.database.value("SELECT sum(rejects) FROM penstock.chunk") == rejects
    assert day.producer.running() and day.worker.running()


# ---- what people are told of such a day ----

def aligned(text):
    """The cells of a printed table: each column begins, or ends, where its title does."""
    lines = text.rstrip("\n").splitlines()
    titles = [(match.start(), match.end()) for match in re.finditer(r"\S+(?: \S+)*", lines[0])]
    for line in lines[1:]:
        for start, end in titles[:-1]:
            at_start = start == 0 or line[start - 2:start].strip() == ""
            assert at_start or line[end:end + 2].strip() == "", f"not aligned:\n{lines[0]}\n{line}"
    return [title for title in re.split(r"  +", lines[0].strip())], len(lines) - 1


def test_rejects_are_listed(day):
    total = sum(len(case.rejects) for case in CASES)
    listed = day.project.json("rejects")
    assert len(listed) == total
    assert {row["file"] for row in listed} == {case.name for case in CASES if case.rejects}
    by_file = day.project.json("rejects", "--file", "items-values.csv")
    assert [row["record"] for row in by_file] == [1, 2, 3, 5, 6, 7, 8, 10, 11, 12]
    assert by_file[0] == {
        "file": "items-values.csv", "dataset": "items", "record": 1, "byte_start": 18, "byte_end": 29,
        "column": "price", "stage": "read", "reason": "'1.999': more digits behind the point than the scale",
        "original": "1,a,1.999,"}
    assert {row["dataset"] for row in day.project.json("rejects", "--dataset", "wide")} == {"wide"}
    assert len(day.project.json("rejects", "--limit", "3")) == 3
    titles, count = aligned(day.project.run("rejects").out)
    assert titles == ["file", "dataset", "record", "from byte", "to byte", "column", "stage", "reason", "original"]
    assert count == total


def test_status_tells_the_day(day):
    status = day.project.json("status")
    for row in status["datasets"]:
        mine = [case for case in CASES if case.dataset == row["dataset"]]
        good = [case for case in mine if not case.refused]
        assert row["files_complete"] == len(good) and row["files_loading"] == 0
        assert row["files_quarantined"] == len(mine) - len(good)
        assert row["rejects"] == sum(len(case.rejects) for case in good)
        if row["dataset"] != "keyed":
            assert row["rows"] == sum(len(case.rows) for case in good)
    assert sorted(row["name"] for row in status["files"]) == sorted(case.name for case in CASES if case.refused)
    assert all(row["state"] == "quarantined" and row["reason"] for row in status["files"])
    assert status["dead_letters"] == [] and [row["alive"] for row in status["workers"]] == [1]
    tables = day.project.run("status").out.split("\n\n")
    assert [table.split("\n", 1)[0] for table in tables] == ["files by dataset", "files not loaded", "workers"]
    for table in tables:
        aligned(table.split("\n", 1)[1])


def test_lag_is_nothing(day):
    wait_until(lambda: all(row["lag"] == 0 for row in day.project.json("lag")), 60, "nothing waits")
    titles, count = aligned(day.project.run("lag").out)
    assert titles[:6] == ["topic", "partition", "group", "committed", "end", "lag"]
    assert count == len(DATASETS) * 4


# ---- a line without end ----

def peak_bytes(service):
    found = re.search(r"VmHWM:\s+(\d+) kB", pathlib.Path(f"/proc/{service.pid}/status").read_text())
    return int(found[1]) * 1024


@pytest.mark.parametrize("quote", [b"", b'"'], ids=["plain", "quoted"])
def test_a_line_of_100_mb_costs_no_memory(day, quote):
    name = f"items-huge-{'quoted' if quote else 'plain'}.csv"
    path = day.project.folder / f".{name}"
    before = day.database.value("SELECT count(*) FROM penstock.file")
    with open(path, "wb") as file:
        file.write(HEAD + b"1,a,,\n2," + quote)
        for _ in range(100):
            file.write(b"z" * MIB)
        file.write(quote + b",,\n3,c,,\n")
    os.replace(path, day.project.folder / "inbox" / name)
    day.wait_for(before + 1)
    file_id, state, _, size = day.file(name)
    assert state == "complete"
    assert day.rows("items", file_id) == {1: item(1, "a"), 3: item(3, "c")}
    (record, start, end, column, reason, original, *_), = day.rejects("items", file_id)
    assert (record, start, end, column) == (2, len(HEAD) + 6, size - len(b"3,c,,\n"), "")
    assert "longer than 1048576 bytes" in reason
    assert original == "2," + quote.decode() + "z" * (4094 - len(quote))
    assert peak_bytes(day.producer) < PRODUCER_MAX
    assert peak_bytes(day.worker) < WORKER_MAX


# ---- what is no file ----

@pytest.fixture(name="unprivileged")
def unprivileged_fixture(kafka, database, unique):
    """A project whose commands do not run as root, who may read everything."""
    user = unprivileged_user()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="penstock-unprivileged-"))
    project = Project(folder / "project", kafka.bootstrap, database.conninfo, f"{unique}.")
    try:
        add_datasets(project)
        project.run("init")
        if user:
            shutil.copy(binary(), folder / "penstock")
            for path in [folder, *folder.rglob("*")]:
                os.chown(path, user.pw_uid, user.pw_gid)
            project.program = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups",
                               "--pdeathsig=KILL", str(folder / "penstock")]
        yield project
    finally:
        project.close()
        print(project.logs())
        shutil.rmtree(folder, ignore_errors=True)


def no_files(project, folder):
    """{name: words of the reason}, made in `folder`; and the files that are fine."""
    good = HEAD + b"1,%s,,\n"
    (folder / "items-folder.csv").mkdir()
    (folder / "items-folder.csv" / "items-nested.csv").write_bytes(good % b"nested")
    (folder / "items-good.csv").write_bytes(good % b"good")
    target = project.file("elsewhere/items-target.csv", good % b"target")
    (folder / "items-link.csv").symlink_to(target)
    (folder / "items-dangling.csv").symlink_to(project.folder / "nowhere")
    os.mkfifo(folder / "items-fifo.csv")
    (folder / "items-secret.csv").write_bytes(good % b"secret")
    (folder / "items-secret.csv").chmod(0)
    (folder / "notes.txt").write_text("not for us")
    return target


def test_what_is_no_file_is_left_alone(unprivileged, database):
    project = unprivileged
    no_files(project, project.folder / "inbox")
    producer = project.start("producer", "--settle", "50ms", "--rescan", "200ms")
    worker = project.start("worker")
    wait_until(lambda: database.value("SELECT count(*) FROM raw.items") == 2, 60, "both good files loaded")
    told = {"items-link.csv": "symbolic link", "items-dangling.csv": "symbolic link", "items-fifo.csv": "regular file",
            "items-secret.csv": "Permission denied", "notes.txt": "no dataset"}
    lines = wait_until(lambda: (found := [line for line in producer.output().splitlines()
                                          if "left in the inbox" in line]) and len(found) >= len(told) and found,
                       20, "all are told of")
    for name, words in told.items():
        mine = [line for line in lines if name in line]
        assert len(mine) == 1 and words in mine[0], mine
    # What is mended is taken, without a restart.
    (project.folder / "inbox" / "items-secret.csv").chmod(0o644)
    wait_until(lambda: database.value("SELECT count(*) FROM raw.items") == 3, 60, "the third file loaded")
    assert {row[0] for row in database.execute("SELECT name FROM raw.items")} == {"nested", "good", "secret"}
    wait_until(lambda: {path.name for path in (project.folder / "inbox").iterdir() if not path.is_dir()} ==
               set(told) - {"items-secret.csv"}, 60, "what was loaded leaves")
    assert producer.stop() == 0 and worker.stop() == 0


def test_publish_names_what_is_no_file_and_goes_on(unprivileged):
    project = unprivileged
    folder = project.folder / "given"
    folder.mkdir()
    no_files(project, folder)
    names = ["items-folder.csv", "items-dangling.csv", "items-fifo.csv", "items-secret.csv", "missing.csv"]
    done = project.run("publish", "--dataset", "items", *(folder / name for name in names), folder / "items-link.csv",
                       folder / "items-good.csv", code=1)
    for name, words in zip(names, ["a folder", "No such file", "a fifo", "Permission denied",
                                   "No such file"]):
        assert [words in line for line in done.err.splitlines() if f"given/{name}" in line] == [True], done
    assert [line.split(":")[0] for line in done.out.splitlines()] == ["items-link.csv", "items-good.csv"]


# ---- several at once ----

def test_one_file_published_by_four_at_once(project, database):
    add_datasets(project)
    project.run("init")
    path = project.file("items-race.csv", HEAD + b"".join(b"%d,%s,,\n" % (i, b"r" * 500) for i in range(20000)))
    racers = [project.start("publish", path, "--json") for _ in range(4)]
    assert [racer.wait() for racer in racers] == [0] * 4
    ids = {json.loads(racer.output())[0]["file_id"] for racer in racers}
    assert len(ids) == 1
    worker = project.start("worker")
    wait_until(lambda: database.value("SELECT count(*) FROM penstock.file WHERE state = 'complete'") == 1, 60,
               "the file complete")
    wait_until(lambda: all(row["lag"] == 0 for row in project.json("lag")), 60, "nothing waits")
    assert database.execute("SELECT count(*), count(DISTINCT _row), max(_row) FROM raw.items") == [(20000,) * 3]
    assert database.value("SELECT count(*) FROM penstock.dead_letter") == 0
    assert database.value("SELECT count(*) FROM penstock.file") == 1
    assert worker.stop() == 0


def test_two_producers_on_one_inbox(project, database):
    add_datasets(project)
    project.run("init")
    producers = [project.start("producer", "--settle", "50ms", "--rescan", "200ms") for _ in range(2)]
    worker = project.start("worker")
    for number in range(30):
        project.drop(f"{number % 3}/items-{number}.csv", HEAD + b"%d,a,,\n" % number * 200)
        if number % 5 == 0:
            project.drop(f"items-bad-{number}.csv", b"id,name\n%d,a\n" % number)
    wait_until(lambda: database.value("SELECT count(*) FROM penstock.file WHERE state = 'complete'") == 30 and
               database.value("SELECT count(*) FROM penstock.file WHERE state = 'quarantined'") == 6, 60,
               "30 files complete, 6 quarantined")
    wait_until(lambda: not [path for path in (project.folder / "inbox").rglob("*") if path.is_file()], 60,
               "the inbox is empty")
    assert database.execute("SELECT id, count(*) FROM raw.items GROUP BY id ORDER BY id") == [
        (number, 200) for number in range(30)]
    assert len(list((project.folder / "quarantine").glob("*.reason.txt"))) == 6
    assert database.value("SELECT count(*) FROM penstock.dead_letter") == 0
    assert [service.stop() for service in [*producers, worker]] == [0] * 3
    assert not any("left in the inbox" in service.output() for service in producers)


# ---- exit codes, and what is wrong before a row moves ----

def test_exit_codes(project):
    add_datasets(project)
    project.run("init")
    assert project.run("publish", project.file("items-1.csv", HEAD + b"1,a,,\n")).out.endswith("1 row, 0 rejects, 1 chunk\n")
    assert "1 reject," in project.run("publish", project.file("items-2.csv", HEAD + b"x,a,,\n"), code=3).out
    refused = project.run("publish", project.file("items-3.csv", b"id\n1\n"), code=1)
    assert refused.out == "items-3.csv: quarantined: header: missing columns: name, price, day\n"
    again = project.run("publish", project.folder / "items-3.csv", code=1)
    assert again.out.startswith("items-3.csv: quarantined before: header: missing columns")
    mixed = project.run("publish", project.folder / "items-3.csv", project.file("items-4.csv", HEAD + b"4,a,,\n"), code=1)
    assert mixed.out.splitlines()[1].startswith("items-4.csv: dataset items")
    assert "no dataset takes" in project.run("publish", project.file("other.csv", b"x"), code=1).err
    assert "there is no dataset 'nosuch'" in project.run("publish", "--dataset", "nosuch", "x", code=2).err
    project.start("worker")
    loaded = project.run("publish", project.folder / "items-2.csv", "--wait", code=3)
    assert "0 rows, 1 reject" in loaded.err


@pytest.mark.parametrize("text, words", [
    ("{", ["bad.avsc:1"]),
    ('{"type":"record","name":"bad","fields":[{"name":"id","type":"lng"}]}', ["field 'id'", "unknown type 'lng'"]),
    ('{"type":"record","name":"bad","fields":[]}', ["field"]),
    ('{"type":"record","name":"bad","fields":[{"name":"id","type":["null","int","long"]}]}', ["field 'id'", "[\"null\", T]"]),
    ('{"type":"record","name":"bad","fields":[{"name":"no","type":"int"}]}', ["key", "id"]),
    ("", ["bad.avsc"]),
], ids=["json", "type", "no-fields", "union", "key", "empty"])
def test_a_schema_that_does_not_parse(tmp_path, text, words):
    project = Project(tmp_path, "127.0.0.1:1", "", "x.")
    project.dataset("bad", {"id": "int"}, "bad*", ["id"])
    (tmp_path / "schemas" / "bad.avsc").write_text(text)
    for command in (["config", "check"], ["init"], ["publish", "bad.csv"], ["worker"], ["producer"], ["preview", "x"]):
        done = project.run(*command, code=2)
        assert re.match(r"penstock: penstock.yml:\d+: ", done.err), done
        assert all(word in done.err for word in words), done


@pytest.mark.parametrize("ddl, words", [
    ("id bigint, name text, price numeric(9,2), day date, _file bigint, _row bigint", ["primary key"]),
    ("id numeric, name text, price numeric(9,2), day date, _file bigint, _row bigint, PRIMARY KEY (id)", ["id", "numeric", "bigint"]),
    ("id bigint PRIMARY KEY, name text, price numeric(9,2), day date, other int NOT NULL, _file bigint, _row bigint", ["other"]),
    ("id bigint PRIMARY KEY, name text, price numeric(9,2), day text, _file bigint, _row bigint", ["day", "text", "date"]),
], ids=["no-key", "type", "surplus", "text"])
def test_a_table_of_another_shape(project, database, ddl, words):
    add_datasets(project)
    database.execute(f"CREATE SCHEMA raw; CREATE TABLE raw.keyed ({ddl})")
    database.execute("INSERT INTO raw.keyed SELECT FROM generate_series(1, 0)")
    done = project.run("init", code=None)
    assert done.code in (1, 2) and "raw.keyed" in done.err.replace('"', ""), done
    assert all(word in done.err for word in words), done


# ---- servers that are away at the start ----

def interrupted(service, words, timeout=60):
    """It says what it waits for, once; Ctrl-C ends it."""
    wait_until(lambda: words in service.output(), timeout, f"'{words}' is said")
    service.process.send_signal(signal.SIGINT)
    return service.wait(), service.output()


def test_servers_away_at_the_start(project, database):
    add_datasets(project)
    project.run("init")
    path = project.file("items-1.csv", HEAD + b"1,a,,\n")
    kafka = project.config["kafka"]["bootstrap.servers"]
    project.config["kafka"]["bootstrap.servers"] = f"127.0.0.1:{free_port()}"
    project.write()
    code, output = interrupted(project.start("publish", path), "waiting for Kafka at 127.0.0.1:")
    assert code == 130 and output.count("waiting for Kafka") == 1, output
    code, output = interrupted(project.start("init"), "waiting for Kafka")
    assert code == 130, output
    assert "no Kafka broker answers" in project.run("lag", code=1).err
    assert project.json("status")["files"] == []
    project.config["kafka"]["bootstrap.servers"] = kafka
    project.config["postgres"] = f"host=127.0.0.1 port={free_port()} dbname=nowhere"
    project.write()
    # Publishing needs Kafka only; what was interrupted above goes out now, as the same publication.
    assert ", 1 row, " in project.run("publish", path).out
    code, output = interrupted(project.start("publish", path, "--wait"), "waiting for Postgres")
    assert code == 130 and "already published" in output
    code, output = interrupted(project.start("init"), "waiting for Postgres")
    assert code == 130, output
    for command in ("status", "rejects"):
        assert "cannot connect to Postgres" in project.run(command, code=1).err
    lag = project.run("lag")
    assert "rows and seconds are not estimated: cannot connect to Postgres" in lag.err
    # A database without a ledger is not a server that is away.
    project.config["postgres"] = database.server.conninfo("postgres")
    project.write()
    for command in (["status"], ["rejects"], ["worker"], ["publish", path, "--wait"]):
        done = project.run(*command, code=1)
        assert "there is no ledger in the database" in done.err and "penstock init" in done.err, done
    assert "there is no ledger" in project.run("lag").err
