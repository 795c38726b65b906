# SPDX-License-Identifier: Apache-2.0
"""Avro container files, written by Apache's Python package (blocks of snappy, zstandard, xz by hand), against what preview shows."""
import bz2
import copy
import datetime
import decimal
import io
import json
import lzma
import pathlib
import random
import re
import struct
import subprocess
import uuid
import zlib

import avro.datafile
import avro.io
import avro.schema
import pytest

from support.penstock import binary

UTC = datetime.timezone.utc
SYNC = bytes(range(16))

NESTED = {"type": "record", "name": "Place", "fields": [
    {"name": "city", "type": "string"}, {"name": "zip", "type": ["null", "int"], "default": None}]}
FIELDS = [
    ("flag", "boolean"), ("small", "int"), ("big", "long"), ("single", "float"), ("real", "double"), ("name", "string"),
    ("raw", "bytes"), ("four", {"type": "fixed", "name": "Four", "size": 4}),
    ("color", {"type": "enum", "name": "Color", "symbols": ["RED", "GREEN", "BLUE"]}),
    ("price", {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}),
    ("total", {"type": "fixed", "name": "Total", "size": 9, "logicalType": "decimal", "precision": 20, "scale": 3}),
    ("day", {"type": "int", "logicalType": "date"}),
    ("clock", {"type": "int", "logicalType": "time-millis"}), ("clock6", {"type": "long", "logicalType": "time-micros"}),
    ("at", {"type": "long", "logicalType": "timestamp-millis"}), ("at6", {"type": "long", "logicalType": "timestamp-micros"}),
    ("id", {"type": "string", "logicalType": "uuid"}),
    ("note", ["null", "string"]), ("count", ["long", "null"]),
    ("place", NESTED), ("tags", {"type": "array", "items": "string"}), ("sizes", {"type": "map", "values": "long"}),
]
SCHEMA = {"type": "record", "name": "row", "fields": [{"name": name, "type": kind} for name, kind in FIELDS]}


def random_text(rng):
    return "".join(rng.choice("ab \"\\,\n\té漢🙂") for _ in range(rng.randrange(12)))


def random_row(rng):
    moment = datetime.datetime(1970, 1, 1, tzinfo=UTC) + datetime.timedelta(microseconds=rng.randrange(-10**15, 4 * 10**15))
    day_us = datetime.datetime.min + datetime.timedelta(microseconds=rng.randrange(86400 * 10**6))
    return {
        "flag": rng.random() < 0.5, "small": rng.randrange(-2**31, 2**31), "big": rng.choice([0, -1, 2**63 - 1, -2**63, rng.randrange(10**12)]),
        "single": struct.unpack("f", struct.pack("f", rng.uniform(-1e6, 1e6)))[0], "real": rng.uniform(-1, 1) * 10.0 ** rng.randrange(-300, 300),
        "name": random_text(rng), "raw": rng.randbytes(rng.randrange(9)), "four": rng.choice([b"text", rng.randbytes(4)]),
        "color": rng.choice(["RED", "GREEN", "BLUE"]), "price": decimal.Decimal(rng.randrange(-10**11, 10**11)).scaleb(-2),
        "total": decimal.Decimal(rng.randrange(-10**19, 10**19)).scaleb(-3), "day": moment.date(),
        "clock": day_us.time().replace(microsecond=day_us.microsecond // 1000 * 1000), "clock6": day_us.time(),
        "at": moment.replace(microsecond=moment.microsecond // 1000 * 1000), "at6": moment, "id": str(uuid.UUID(int=rng.getrandbits(128))),
        "note": rng.choice([None, random_text(rng)]), "count": rng.choice([None, rng.randrange(100)]),
        "place": {"city": random_text(rng), "zip": rng.choice([None, 7])}, "tags": [random_text(rng) for _ in range(rng.randrange(4))],
        "sizes": {f"k{i}": rng.randrange(10) for i in range(rng.randrange(4))},
    }


def write(schema, rows, codec="null", interval=None):
    out = io.BytesIO()
    writer = avro.datafile.DataFileWriter(out, avro.io.DatumWriter(), avro.schema.parse(json.dumps(schema)), codec=codec)
    for at, row in enumerate(rows):
        writer.append(row)
        if interval and at % interval == interval - 1:
            writer.sync()
    writer.flush()
    return out.getvalue()


def number(n):
    n = n << 1 ^ n >> 63
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def text(data):
    return number(len(data)) + data


def container(schema, blocks, codec="null", sync=SYNC):
    """A file of (count, bytes) blocks, as they are given."""
    meta = {b"avro.schema": json.dumps(schema).encode(), b"avro.codec": codec.encode()}
    head = b"Obj\x01" + number(len(meta)) + b"".join(text(k) + text(v) for k, v in meta.items()) + b"\0" + SYNC
    return head + b"".join(number(count) + text(data) + sync for count, data in blocks)


def preview(folder, data, schema, name="rows.avro", rules=""):
    (folder / "row.avsc").write_text(json.dumps(schema))
    (folder / name).write_bytes(data)
    (folder / "penstock.yml").write_text("datasets:\n  a:\n    schema: row.avsc\n    files: '*.avro'\n    table: t\n"
                                         f"    key: [_file, _row]\n{rules}")
    done = subprocess.run([binary(), "preview", name, "--format", "ndjson"], cwd=folder, capture_output=True, timeout=60)
    rows = [json.loads(line, parse_float=decimal.Decimal) for line in done.stdout.splitlines()]
    return done.returncode, rows, done.stderr.decode()


def stamp(moment):
    shown = moment.strftime("%Y-%m-%dT%H:%M:%S")
    return shown.rjust(19, "0") + (f".{moment.microsecond:06d}".rstrip("0") if moment.microsecond else "") + "+00:00"


def shown(row):
    """What preview is to show of a row, from Python's values."""
    out = copy.deepcopy(row)
    for name in ("raw", "four"):
        out[name] = "\\x" + row[name].hex()
    for name in ("at", "at6"):
        out[name] = stamp(row[name])
    out["day"] = row["day"].isoformat()
    for name in ("clock", "clock6"):
        value = row[name]
        out[name] = value.strftime("%H:%M:%S") + (f".{value.microsecond:06d}".rstrip("0") if value.microsecond else "")
    return out


def same(got, row):
    want = shown(row)
    got = dict(got)
    assert struct.pack("f", float(got.pop("single"))) == struct.pack("f", want.pop("single"))
    assert float(got.pop("real")) == want.pop("real")
    assert got == want


@pytest.mark.parametrize("codec", ["null", "deflate", "bzip2"])
def test_every_type_comes_out_as_python_wrote_it(tmp_path, codec):
    rng = random.Random(codec)
    rows = [random_row(rng) for _ in range(300)]
    code, got, log = preview(tmp_path, write(SCHEMA, rows, codec, interval=40), SCHEMA)
    assert code == 0 and len(got) == 300, log
    for one, row in zip(got, rows):
        same(one, row)


def snappy(data):
    """Literals and the copies that repeat what stood just before."""
    out = b""
    n = len(data)
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    out += bytes([n])
    at = 0
    while at < len(data):
        back = next((k for k in (1, 3, 7, 40, 300, 2100) if k <= at and len(data) - at >= 6 and
                     all(data[at + i] == data[at + i - k] for i in range(6))), 0)
        if back and back < 2048:
            out, at = out + bytes([1 | 2 << 2 | back >> 8 << 5, back & 255]), at + 6
        elif back:
            out, at = out + bytes([2 | 5 << 2]) + struct.pack("<H", back), at + 6
        else:
            run = data[at:at + 1 + at % 70]
            out += (bytes([len(run) - 1 << 2]) if len(run) <= 60 else bytes([60 << 2, len(run) - 1])) + run
            at += len(run)
    return out + struct.pack(">I", zlib.crc32(data))


def zstd(data):
    return subprocess.run(["zstd", "-q", "-c"], input=data, capture_output=True, check=True).stdout


LONGS = {"type": "record", "name": "row", "fields": [{"name": "n", "type": "long"}, {"name": "s", "type": "string"}]}
PACK = {"snappy": snappy, "zstandard": zstd, "bzip2": bz2.compress, "xz": lzma.compress,
        "deflate": lambda data: zlib.compress(data)[2:-4], "null": bytes}


def longs(rng, count):
    rows = [{"n": rng.randrange(-2**40, 2**40), "s": rng.choice(["", "abc" * rng.randrange(60), random_text(rng)])} for _ in range(count)]
    return rows, b"".join(number(row["n"]) + text(row["s"].encode()) for row in rows)


@pytest.mark.parametrize("codec", PACK)
def test_a_codec_of_blocks(tmp_path, codec):
    rng = random.Random(codec)
    parts = [longs(rng, count) for count in (1, 400, 30)]
    data = container(LONGS, [(len(rows), PACK[codec](raw)) for rows, raw in parts], codec)
    code, got, log = preview(tmp_path, data, LONGS)
    assert code == 0 and got == [row for rows, _ in parts for row in rows], log
    # One byte that changed on the way is noticed where the codec has a checksum, and never a crash.
    for _ in range(20):
        at = rng.randrange(len(data) - 400, len(data) - 16)
        broken = data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1:]
        code, got, log = preview(tmp_path, broken, LONGS)
        assert code in (0, 1, 3), log
        if codec not in ("null", "deflate"):
            assert code == 1 and "quarantined" in log, log


def test_a_cut_file_is_refused_but_between_blocks(tmp_path):
    rng = random.Random(7)
    whole = container(LONGS, [(2, longs(rng, 2)[1]), (3, longs(rng, 3)[1])])
    empty = len(container(LONGS, []))
    first = empty + whole[empty:].index(SYNC) + 16
    for at in sorted({*range(0, len(whole), 9), empty - 1, empty, empty + 1, first - 1, first, first + 1, len(whole) - 1}):
        code, got, log = preview(tmp_path, whole[:at], LONGS)
        if at in (empty, first):
            assert code == 0 and len(got) == (2 if at == first else 0), log
        else:
            assert code == 1 and "would be quarantined" in log, (at, log)


ROW = number(5) + text(b"five")


@pytest.mark.parametrize("data,why", [
    (container(LONGS, [(1, ROW + b"\0")]), "surplus bytes"),
    (container(LONGS, [(2, ROW)]), "does not fit the schema"),
    (container(LONGS, [(1, ROW)], sync=bytes(16)), "sync marker"),
    (container(LONGS, [(-1, ROW)]), "negative size"),
    (container(LONGS, [(1, number(5) + number(2**40) + b"x")]), "does not fit the schema"),
    (container(LONGS, []) + number(1) + number(2**30), "the Avro block at byte 167: the file ends inside of it"),
    (container(LONGS, []) + number(1) + number(2**30) + ROW, "the file ends inside of it"),
    (container(LONGS, []) + number(1) + number(2**62) + number(1) + number(2**60) + bytes(2**21), "the file ends inside of it"),
    (container(LONGS, [(1, zlib.compress(bytes(2**25))[2:-4])], "deflate"), "surplus bytes"),
    (container(LONGS, [(1, zlib.compress(ROW)[2:-4] + b"more")], "deflate"), "deflate data is cut or corrupt"),
    (container(LONGS, [(1, zlib.compress(ROW)[2:-6])], "deflate"), "deflate data is cut or corrupt"),
    (container(LONGS, [(1, bytes(2**24 + 1))], "snappy"), "longer than 16 MiB, which codec snappy may be"),
    (container(LONGS, [(1, b"\x80\x80\x80\x80\x08")], "snappy"), "snappy data is cut or corrupt"),
    (container(LONGS, [(1, ROW)], "lzo"), "codec 'lzo' is not read, only null, deflate, snappy, zstandard, bzip2, xz"),
    (container({"type": "record", "name": "row", "fields": [{"name": "n", "type": ["null", "int", "string"]}]}, []), "union"),
    (container({"type": "record", "name": "row", "fields": [{"name": "n", "type": ["null", "row"]}]}, []), "contains itself"),
    (container("long", []), "the schema in the file"),
    (b"n,s\n1,a\n", "no Avro container file"),
    (b"", "no Avro container file"),
], ids=lambda value: value if isinstance(value, str) else "file")
def test_a_broken_file_is_refused_with_its_reason(tmp_path, data, why):
    code, _, log = preview(tmp_path, data, LONGS)
    assert code == 1 and why in log, log


def test_a_bad_value_rejects_its_record_alone(tmp_path):
    color = {"type": "enum", "name": "Color", "symbols": ["RED", "BLUE"]}
    schema = {"type": "record", "name": "row", "fields": [
        {"name": "n", "type": "int"}, {"name": "s", "type": "string"}, {"name": "c", "type": color},
        {"name": "m", "type": {"type": "map", "values": "int"}}]}
    tail = number(0) + number(0)
    twice = number(0) + number(2) + (text(b"k") + number(1)) * 2 + b"\0"
    rows = [number(1) + text(b"ok") + tail, number(2) + text(b"\xff") + tail, number(2**40) + text(b"wide") + tail,
            number(4) + text(b"enum") + number(9) + number(0), number(5) + text(b"twice") + twice,
            # An array or map in blocks that tell their size, as some writers have them.
            number(6) + text(b"sized") + number(0) + number(-1) + number(3) + text(b"k") + number(8) + b"\0"]
    code, got, log = preview(tmp_path, container(schema, [(len(rows), b"".join(rows))]), schema)
    assert code == 3
    assert got == [{"n": 1, "s": "ok", "c": "RED", "m": {}}, {"n": 6, "s": "sized", "c": "RED", "m": {"k": 8}}]
    lines = log.splitlines()
    assert 'record 2, column s: not valid UTF-8: {"n":2,"c":"RED","m":{}}' in lines[0]
    assert "record 3, column n: out of the range of its type" in lines[1]
    assert "record 4, column c: no such symbol" in lines[2]
    assert "record 5, column m: duplicate member" in lines[3]


def test_a_file_is_read_by_the_datasets_schema(tmp_path):
    """Names, aliases, defaults, promotion; what the schema does not name."""
    written = {"type": "record", "name": "old", "fields": [
        {"name": "n", "type": "int"}, {"name": "f", "type": "float"}, {"name": "b", "type": "bytes"}, {"name": "more", "type": "int"}]}
    wanted = {"type": "record", "name": "row", "fields": [
        {"name": "total", "type": "double", "aliases": ["n"]}, {"name": "F", "type": "double"}, {"name": "b", "type": "string"},
        {"name": "new", "type": "string", "default": "none"}]}
    data = write(written, [{"n": 3, "f": struct.unpack("f", struct.pack("f", 0.1))[0], "b": "né".encode(), "more": 1}])
    code, _, log = preview(tmp_path, data, wanted)
    assert code == 1 and "columns the schema does not name: more" in log
    code, got, log = preview(tmp_path, data, wanted, rules="    unknown_columns: ignore\n")
    assert code == 0, log
    row = got[0]
    assert float(row["F"]) == struct.unpack("f", struct.pack("f", 0.1))[0]
    assert (row["total"], row["b"], row["new"]) == (3, "né", "none")


def test_compressed_as_a_whole_and_big(tmp_path):
    rng = random.Random(1)
    rows, raw = longs(rng, 20000)
    data = container(LONGS, [(len(rows), PACK["deflate"](raw))], "deflate")
    code, got, log = preview(tmp_path, zstd(data), LONGS)
    assert code == 0 and got == rows, log
    # A record of a megabyte and more is one reject.
    huge = number(1) + text(b"x" * (1 << 20))
    code, got, log = preview(tmp_path, container(LONGS, [(3, ROW + huge + ROW)]), LONGS)
    assert code == 3 and len(got) == 2 and "record 2: longer than 1048576 bytes" in log, log


EVERYTHING = {"type": "record", "name": "Everything", "fields": [
    {"name": "b", "type": "boolean"}, {"name": "i", "type": ["null", "int"]}, {"name": "f", "type": "float"},
    {"name": "d", "type": "double"}, {"name": "x", "type": {"type": "fixed", "name": "Two", "size": 2}},
    {"name": "e", "type": {"type": "enum", "name": "E", "symbols": ["P", "Q"]}},
    {"name": "m", "type": {"type": "map", "values": ["bytes", "null"]}}, {"name": "l", "type": {"type": "array", "items": "long"}}]}


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_a_record_of_megabytes_is_passed_over(tmp_path, codec):
    """Whatever it is made of; a block of many megabytes is no more than the records in it."""
    rng = random.Random(3)
    schema = {"type": "record", "name": "row", "fields": [
        {"name": "n", "type": "long"}, {"name": "all", "type": {"type": "array", "items": EVERYTHING}}]}

    def row(n, items):
        return {"n": n, "all": [{
            "b": rng.random() < 0.5, "i": rng.choice([None, rng.randrange(-2**31, 2**31)]), "f": 0.5, "d": rng.random(), "x": rng.randbytes(2),
            "e": rng.choice("PQ"), "m": {random_text(rng): rng.choice([None, rng.randbytes(rng.randrange(300))])},
            "l": [rng.randrange(2**40) for _ in range(rng.randrange(3))]} for _ in range(items)]}
    rows = [row(1, 2), row(2, 15000), row(3, 3), row(4, 25000), row(5, 0)]
    code, got, log = preview(tmp_path, write(schema, rows, codec), schema)
    assert code == 3 and [row["n"] for row in got] == [1, 3, 5], log
    assert [len(row["all"]) for row in got] == [2, 3, 0]
    assert "record 2: longer than 1048576 bytes" in log and "record 4: longer than" in log, log


def test_content_tells_which_dataset_an_avro_file_is_of(tmp_path):
    other = {"type": "record", "name": "other", "fields": [{"name": "n", "type": "long"}]}
    (tmp_path / "other.avsc").write_text(json.dumps(other))
    more = "  b:\n    schema: other.avsc\n    files: '*.avro'\n    table: o\n    key: [_file, _row]\n"
    _, _, log = preview(tmp_path, container(LONGS, [(1, ROW)]), LONGS, rules=more)
    assert "dataset a: 1 row," in log
    _, _, log = preview(tmp_path, container(other, [(2, number(1) + number(2))]), LONGS, rules=more)
    assert "dataset b: 2 rows" in log
    code, _, log = preview(tmp_path, container({**other, "fields": [{"name": "x", "type": "long"}]}, []), LONGS, rules=more)
    assert code == 1 and "columns the schema does not name: x" in log


DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs" / "formats.md"
EXAMPLE = re.compile(r"^## Avro$.*?^```python\n(.*?)^```\n```json\n(.*?)^```\n```text\n(.*?)^```$", re.M | re.S)


def test_the_example_of_the_docs_is_read_as_shown(tmp_path):
    code, wanted, shown_rows = EXAMPLE.search(DOCS.read_text()).groups()
    names = {"Decimal": decimal.Decimal, "datetime": datetime.datetime, "timezone": datetime.timezone}
    exec(code, names)  # the documentation's own lines
    preview(tmp_path, write(names["schema"], names["rows"], "deflate"), json.loads(wanted))
    done = subprocess.run([binary(), "preview", "rows.avro"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stdout == shown_rows, done.stderr
