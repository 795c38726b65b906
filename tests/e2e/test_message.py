# SPDX-License-Identifier: Apache-2.0
"""
docs/message.md, point by point, on real Kafka: every message read by kcat and Python's own Avro, every
row compared with what Python's csv reads from the file.
"""
import collections
import csv
import gzip
import hashlib
import io
import json
import pathlib

from avro.datafile import DataFileReader
from avro.io import BinaryDecoder, DatumReader
from avro.schema import parse

from support import chunks as chunk_support
from support import versions
from support.wait import wait_until

TOP = pathlib.Path(__file__).resolve().parents[2]
LONGS = parse('{"type": "array", "items": "long"}')
REJECTS = parse(json.dumps({"type": "array", "items": json.loads(
    (TOP / "schemas" / "penstock" / "reject.avsc").read_text())}))
KEYS = ["avro.schema", "avro.codec", *[f"penstock.{word}" for word in (
    "dataset file id name chunk start end first width records rows skipped rejects crc".split())]]
ONLY_INSIDE = {"penstock.skipped", "penstock.rejects", "penstock.crc"}

Message = collections.namedtuple("Message", "partition offset key headers payload meta rows skipped rejects")


def crc32c(data):
    """RFC 3720, appendix B.4, bit by bit."""
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ 0x82F63B78 if byte & 1 else byte >> 1
        table.append(byte)
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def decode(schema, data):
    stream = io.BytesIO(data)
    value = DatumReader(schema).read(BinaryDecoder(stream))
    assert stream.read() == b""
    return value


def read_topic(kafka, topic):
    out = kafka.kcat("-C", "-t", topic, "-o", "beginning", "-e", "-q", "-D", "",
                     "-f", "%p %o %k %S\n%h\n%s").stdout
    messages = []
    while out:
        line, _, out = out.partition(b"\n")
        headers, _, out = out.partition(b"\n")
        partition, offset, key, size = map(int, line.split())
        payload, out = out[:size], out[size:]
        reader = DataFileReader(io.BytesIO(payload), DatumReader())
        meta = {name: value for name, value in reader.meta.items() if name.startswith(("penstock.", "avro."))}
        messages.append(Message(
            partition, offset, key, dict(pair.split("=", 1) for pair in headers.decode().split(",")), payload,
            meta, list(reader), decode(LONGS, meta["penstock.skipped"]), decode(REJECTS, meta["penstock.rejects"])))
    return sorted(messages, key=lambda message: int(message.meta["penstock.chunk"]))


def block_of(message):
    """The rows' bytes: between the count and length behind the first marker, and the second one."""
    stream = io.BytesIO(message.payload)
    decoder = BinaryDecoder(stream)
    stream.read(4)
    for _ in range(decoder.read_long()):
        decoder.read_bytes()
        decoder.read_bytes()
    assert decoder.read_long() == 0
    header = message.payload[:stream.tell()]
    marker = stream.read(16)
    assert marker == hashlib.sha256(header).digest()[:16]
    if stream.tell() == len(message.payload):
        return 0, b""
    rows = decoder.read_long()
    block = stream.read(decoder.read_long())
    assert stream.read() == marker
    return rows, block


def assert_contract(message, last, file_id, name, content, archived, width):
    """What stands in one message by itself. `content`: the decompressed input."""
    meta = {key: value.decode() for key, value in message.meta.items()
            if key not in ("penstock.skipped", "penstock.rejects")}
    assert list(message.meta) == KEYS + (["penstock.chunks"] if last else [])
    assert meta["avro.codec"] == "null"
    assert meta["penstock.dataset"] == "orders" and meta["penstock.name"] == name
    assert meta["penstock.file"] == hashlib.sha256(archived).hexdigest()
    assert meta["penstock.id"] == str(file_id) and message.key == file_id
    assert file_id & 0xFFFFF == int(meta["penstock.file"][:5], 16)
    assert message.headers == {key: value for key, value in meta.items()
                               if key.startswith("penstock.") and key not in ONLY_INSIDE}
    count, block = block_of(message)
    assert count == len(message.rows) == int(meta["penstock.rows"]) <= 65536
    assert meta["penstock.crc"] == f"{crc32c(block):08x}"
    assert int(meta["penstock.width"]) == width
    first, records = int(meta["penstock.first"]), int(meta["penstock.records"])
    assert records * width == count + len(message.skipped)
    assert message.skipped == sorted(set(message.skipped))
    assert all(first <= row < first + records * width for row in message.skipped)
    assert 0 <= int(meta["penstock.start"]) <= int(meta["penstock.end"]) <= len(content)
    assert len(message.payload) <= 1_000_000
    for reject in message.rejects:
        assert reject["reason"] and len(reject["text"]) <= 4096
        assert content[reject["start"]:reject["end"]].rstrip(b"\r\n").startswith(reject["text"].rstrip(b"\r\n"))
        numbers = range((reject["record"] - 1) * width + 1, reject["record"] * width + 1)
        assert set(numbers) <= set(message.skipped)


def assert_file(messages, file_id, name, content, archived, width=1):
    """The messages of one file, together; returns {row number: record} and {record number: reject}."""
    rows, rejects, at, number = {}, {}, 0, 1
    for message in messages:
        last = message is messages[-1]
        assert_contract(message, last, file_id, name, content, archived, width)
        meta = message.meta
        assert int(meta["penstock.start"]) == at and int(meta["penstock.first"]) == number
        at = int(meta["penstock.end"])
        records = int(meta["penstock.records"])
        numbers = [n for n in range(number, number + records * width) if n not in set(message.skipped)]
        rows.update(zip(numbers, message.rows, strict=True))
        rejects.update({reject["record"]: reject for reject in message.rejects})
        number += records * width
    assert [int(m.meta["penstock.chunk"]) for m in messages] == list(range(len(messages)))
    assert int(messages[-1].meta["penstock.chunks"]) == len(messages)
    assert at == len(content)
    assert len({message.meta["avro.schema"] for message in messages}) == 1
    spread = collections.Counter(message.partition for message in messages)
    assert len(spread) == min(4, len(messages)) and max(spread.values()) - min(spread.values()) <= 1
    for partition in spread:
        offsets = [message.offset for message in messages if message.partition == partition]
        assert offsets == sorted(offsets)
    return rows, rejects


def orders_csv():
    """Quotes, line ends of both kinds, a BOM, empty cells; and records that are no orders."""
    rows = versions.make_rows(7, 1500, 900)
    lines = versions.to_csv(rows).split("\n")
    text = "\n".join(lines)
    bad = {"not a number,Bath,1.00,,": "id", "5,Bath,12.345,,": "amount", "6,Bath,,yesterday,": "updated_at",
           "7,too,few": "", "8,Bath,1.00,,x,surplus": ""}
    text += "".join(f"{line}\r\n" for line in bad for _ in range(40))
    return b"\xef\xbb\xbf" + text.encode(), list(bad.values())


def test_every_word_of_the_contract(project, kafka):
    project.dataset("orders", versions.FIELDS, ["orders*.csv", "orders*.csv.gz"], ["id"], chunk_bytes="16KiB")
    project.run("init")
    topic = project.config["topics"]["prefix"] + "orders"
    content, columns = orders_csv()
    name = "orders für Zürich.csv.gz"
    path = project.file(name, gzip.compress(content))
    result = project.json("publish", path, code=3)[0]
    messages = read_topic(kafka, topic)
    assert len(messages) == result["chunks"] > 8
    assert parse(messages[0].meta["avro.schema"]) == parse(
        (project.folder / "schemas" / "orders.avsc").read_text())
    rows, rejects = assert_file(messages, result["file_id"], name, content, path.read_bytes())

    wanted = {}
    records = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))[1:]
    for number, record in enumerate(records, 1):
        if number <= len(records) - 200:
            wanted[number] = tuple(cell if cell else None for cell in record)
        else:
            assert rejects[number]["column"] == columns[(number - len(records) + 199) // 40]
            assert rejects[number]["text"].decode().rstrip("\r\n") == ",".join(record)
    assert {number: chunk_support.as_text(row) for number, row in rows.items()} == wanted
    assert len(rejects) == 200 == result["rejects"]

    # Lost and sent again under another configuration: the same bytes on the same partitions.
    kafka.delete_before(topic, kafka.end_offsets(topic))
    project.config["datasets"]["orders"].update(chunk_bytes="300KiB", csv={"delimiter": ";", "header": 0})
    project.write()
    producer = project.start("producer")
    wait_until(lambda: "sent again" in producer.output(), 60, "it is sent again")
    again = read_topic(kafka, topic)
    assert [(m.partition, m.payload, m.headers) for m in again] == [(m.partition, m.payload, m.headers) for m in messages]


def test_a_record_that_becomes_several_rows(project, kafka):
    fields = {"country": "string", "year": "int", "people": ["null", "long"]}
    project.dataset("orders", fields, "orders*.csv", ["country", "year"], chunk_bytes="16KiB",
                    unpivot={"keep": ["country"], "names": "year", "values": "people", "skip_nulls": True})
    project.run("init")
    years = range(1990, 2000)
    table = [[f"country {n}", *[("" if (n + year) % 7 == 0 else "many" if (n, year) == (50, 1995) else str(n * year))
                                for year in years]] for n in range(900)]
    content = "\n".join(",".join(map(str, row)) for row in [["country", *years], *table]).encode()
    path = project.file("orders.csv", content)
    result = project.json("publish", path, code=3)[0]
    messages = read_topic(kafka, project.config["topics"]["prefix"] + "orders")
    assert len(messages) > 4
    rows, rejects = assert_file(messages, result["file_id"], "orders.csv", content, content, width=len(years))
    assert list(rejects) == [51] and rejects[51]["column"] == "1995"
    assert rows == {n * 10 + position: {"country": f"country {n}", "year": year, "people": n * year}
                    for n in range(900) if n != 50 for position, year in enumerate(years, 1) if (n + year) % 7}


def test_a_file_without_rows_is_one_message(project, kafka):
    project.dataset("orders", {"id": "long"}, "orders*.csv", ["id"])
    project.run("init")
    content = b"id\r\n"
    result = project.json("publish", project.file("orders.csv", content))[0]
    messages = read_topic(kafka, project.config["topics"]["prefix"] + "orders")
    assert len(messages) == 1 == result["chunks"]
    assert assert_file(messages, result["file_id"], "orders.csv", content, content) == ({}, {})
    assert messages[0].meta["penstock.crc"] == b"00000000"
