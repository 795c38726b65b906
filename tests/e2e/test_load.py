# SPDX-License-Identifier: Apache-2.0
"""
Promise 1: the table is a function of the set of publications, whatever the number of workers, the
order of arrival, and however often a file is published.
"""
import datetime
import decimal
import io
import json

import avro.datafile
import avro.io
import avro.schema
import pytest

from support import versions
from support.wait import wait_until

FILES = 8
ROWS = 600
KEYS = 700
RULES = {"last": "last", "first": "first", "greatest": {"greatest": "updated_at"}}


def complete(database, files):
    return database.value("SELECT count(*) FROM penstock.file WHERE state = 'complete'") == files


def publish_all(project, seed, dataset="orders"):
    """Publishes every file twice; returns [(file_id, rows)]."""
    contents = [versions.make_rows(seed * 100 + number, ROWS, KEYS) for number in range(FILES)]
    paths = [project.file(f"{dataset}-{number}.csv", versions.to_csv(rows)) for number, rows in enumerate(contents)]
    first = project.json("publish", "--dataset", dataset, *paths)
    again = project.json("publish", "--dataset", dataset, *paths)
    assert [each["file_id"] for each in again] == [each["file_id"] for each in first]
    assert all(each["outcome"] == "already published" for each in again)
    assert all(each["rows"] == ROWS and each["rejects"] == 0 and each["chunks"] > 1 for each in first)
    return [(each["file_id"], rows) for each, rows in zip(first, contents, strict=True)]


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_any_number_of_workers_gives_the_same_tables(project, database, kafka, workers):
    for rule, on_conflict in RULES.items():
        project.dataset(rule, versions.FIELDS, f"{rule}*.csv", ["id"], on_conflict=on_conflict, chunk_bytes="16KiB")
    project.run("init")
    publications = {rule: publish_all(project, workers, rule) for rule in RULES}
    # Chunks of a file lie on all partitions: with several workers they arrive in any order.
    assert sum(1 for end in kafka.end_offsets(project.config["topics"]["prefix"] + "last").values() if end) > 1
    for _ in range(workers):
        project.start("worker")
    wait_until(lambda: complete(database, FILES * len(RULES)), 60, "all files complete")
    for rule in RULES:
        versions.assert_same(versions.table(database, f"raw.{rule}"), versions.expected(publications[rule], rule))
    versions.assert_ledger_whole(database)


def test_an_older_file_that_arrives_last_does_not_win(project, database, kafka):
    """Newest first: each file's chunks are loaded before those of the file published before it."""
    project.dataset("orders", versions.FIELDS, "orders*.csv", ["id"], chunk_bytes="16KiB")
    project.config["topics"]["partitions"] = 1
    project.write().run("init")
    publications = publish_all(project, 50)
    topic = project.config["topics"]["prefix"] + "orders"
    # Every message as kcat sees it, put back onto the topic newest file first behind the old ones.
    messages = kafka.kcat("-C", "-t", topic, "-e", "-q", "-f", "%k %o\n").stdout.decode().split()
    keys, offsets = messages[::2], [int(word) for word in messages[1::2]]
    order = sorted(range(len(keys)), key=lambda i: (-int(keys[i]), offsets[i]))
    start = len(keys)
    for i in order:
        payload = kafka.kcat("-C", "-t", topic, "-o", str(offsets[i]), "-c", "1", "-q", "-e", "-D", "").stdout
        part = project.file("message.bin", payload)
        kafka.kcat("-P", "-t", topic, "-k", keys[i], str(part))
    kafka.delete_before(topic, {0: start})
    project.start("worker")
    wait_until(lambda: complete(database, FILES), 60, "all files complete")
    first_loaded = database.value(
        "SELECT file_id FROM penstock.chunk ORDER BY \"offset\" LIMIT 1")
    assert first_loaded == max(file_id for file_id, _ in publications)
    versions.assert_same(versions.table(database, "raw.orders"), versions.expected(publications))
    versions.assert_ledger_whole(database)


def test_a_second_pass_over_the_topic_changes_nothing(project, database, kafka):
    """Every message redelivered: another group id reads the topic from the start."""
    project.dataset("orders", versions.FIELDS, "orders*.csv", ["id"], chunk_bytes="16KiB")
    project.run("init")
    publications = publish_all(project, 60)
    first = project.start("worker")
    wait_until(lambda: complete(database, FILES), 60, "all files complete")
    assert first.stop() == 0
    before = database.execute("SELECT xmin::text, ctid::text, * FROM raw.orders ORDER BY id")
    chunks = database.execute("SELECT * FROM penstock.chunk ORDER BY dataset, file_id, chunk")
    project.config["kafka"]["group.id"] += "-again"
    project.write()
    project.start("worker")
    topic = project.config["topics"]["prefix"] + "orders"
    group = project.config["kafka"]["group.id"]
    wait_until(lambda: (lag := kafka.group_lag(group)) and all(
        committed == end for (name, _), (committed, end) in lag.items() if name == topic and end), 60,
        "the second group has read everything")
    assert database.execute("SELECT xmin::text, ctid::text, * FROM raw.orders ORDER BY id") == before
    assert database.execute("SELECT * FROM penstock.chunk ORDER BY dataset, file_id, chunk") == chunks
    versions.assert_same(versions.table(database, "raw.orders"), versions.expected(publications))


def test_one_worker_with_jobs(project, database):
    project.dataset("orders", versions.FIELDS, "orders*.csv", ["id"], chunk_bytes="16KiB")
    project.run("init")
    worker = project.start("worker", "--jobs", "3")
    wait_until(lambda: worker.output().count("count=1") >= 2, 60, "each job has partitions")
    publications = publish_all(project, 70)
    wait_until(lambda: complete(database, FILES), 60, "all files complete")
    versions.assert_same(versions.table(database, "raw.orders"), versions.expected(publications))
    assert database.value("SELECT count(DISTINCT worker) FROM penstock.chunk") > 1
    assert worker.stop() == 0
    assert database.value("SELECT count(*) FROM penstock.worker WHERE state = 'stopped'") == 3


def test_publishing_again_on_purpose_is_a_new_publication(project, database):
    project.dataset("orders", versions.FIELDS, "orders*.csv", ["id"])
    project.run("init")
    rows = versions.make_rows(1, 50, 50)
    path = project.file("orders.csv", versions.to_csv(rows))
    first = project.json("publish", path)[0]
    second = project.json("publish", "--again", path)[0]
    assert second["file_id"] > first["file_id"] and second["outcome"] == "published"
    project.start("worker")
    wait_until(lambda: complete(database, 2), 60, "both publications complete")
    versions.assert_same(versions.table(database, "raw.orders"),
                         versions.expected([(first["file_id"], rows), (second["file_id"], rows)]))


SALES = [
    {"name": "id", "type": "long"}, {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}},
    {"name": "sold_at", "type": {"type": "long", "logicalType": "timestamp-micros"}}, {"name": "day", "type": {"type": "int", "logicalType": "date"}},
    {"name": "note", "type": ["null", "string"], "default": None}, {"name": "raw", "type": "bytes"},
    {"name": "tags", "type": {"type": "array", "items": "string"}}]


def avro_file(rows):
    out = io.BytesIO()
    schema = avro.schema.parse(json.dumps({"type": "record", "name": "sale", "fields": SALES}))
    writer = avro.datafile.DataFileWriter(out, avro.io.DatumWriter(), schema, codec="deflate")
    for row in rows:
        writer.append(row)
    writer.flush()
    return out.getvalue()


def test_avro_files_load_or_are_quarantined_whole(project, database):
    """Many chunks out of compressed blocks; what Python wrote is what Postgres has. A cut file loads nothing."""
    start = datetime.datetime(2024, 1, 31, 23, 59, tzinfo=datetime.timezone.utc)
    rows = [{"id": i, "price": decimal.Decimal(i * 7 - 900).scaleb(-2), "sold_at": start + datetime.timedelta(microseconds=i * 999983),
             "day": start.date() - datetime.timedelta(days=i), "note": None if i % 3 else f"né {i}", "raw": bytes([i % 256, 0]) * (i % 5),
             "tags": [f"t{k}" for k in range(i % 4)]} for i in range(3000)]
    project.dataset("sales", SALES, "sales*.avro", ["id"], chunk_bytes="16KiB")
    project.run("init")
    whole = avro_file(rows)
    done = project.json("publish", project.file("sales-1.avro", whole))[0]
    assert (done["rows"], done["rejects"]) == (3000, 0) and done["chunks"] > 3
    broken = project.run("publish", project.file("sales-2.avro", whole[:-100]), code=1)
    assert "the file ends inside of it" in broken.out
    project.start("worker")
    wait_until(lambda: complete(database, 1), 60, "the whole file complete")
    table = database.execute("SELECT id, price, sold_at, day, note, raw, tags FROM raw.sales ORDER BY id")
    assert [(*row[:5], bytes(row[5]), row[6]) for row in table] == [tuple(row[field["name"]] for field in SALES) for row in rows]
