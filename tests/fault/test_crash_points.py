# SPDX-License-Identifier: Apache-2.0
"""
A crash between any two steps of the way in: the real process is killed at each fault point in the code,
a new one goes on, and the topic, the tables, the ledger and the archive are as if nothing had happened.
"""
import hashlib
import os
import pathlib
import re

import pytest

from support import chunks, versions
from support.wait import wait_until

TOP = pathlib.Path(__file__).resolve().parents[2]

# The points of a worker, and whether the ledger has the chunks when the process dies there.
WORKER_POINTS = {
    "loader.noted": False, "loader.looked_up": False, "loader.begun": False, "loader.files": False,
    "loader.target": False, "loader.lookups": False, "loader.ledger": False, "loader.writers": False, "loader.conflict": False, "loader.rows": False,
    "loader.rejects": False, "loader.counted": False, "loader.committed": True, "loader.completed": True,
    "worker.loaded": True, "worker.buried": True, "worker.committed": True,
}
# The points of a producer, with the pass at which it dies.
PRODUCER_POINTS = {
    "producer.claimed": 1, "producer.archived": 1, "producer.manifest": 1, "producer.judged": 1,
    "producer.chunk": 3, "producer.acknowledged": 1, "producer.recorded": 1, "producer.hidden": 1,
    "producer.removed": 1,
}
# Tested by a function of their own: here, or in the file named.
OTHER_POINTS = {
    "worker.dead_letter_sent": "fault/test_crash_points.py",
    "producer.quarantined": "fault/test_crash_points.py",
    "fetch.page": "integration/test_fetch.py",
    "fetch.kept": "integration/test_fetch.py",
    "fetch.whole": "integration/test_fetch.py",
    "fetch.released": "integration/test_fetch.py",
    "fetch.done": "integration/test_fetch.py",
    "retract.noted": "e2e/test_verify_retract.py",
    "rebuild.compared": "e2e/test_verify_retract.py",
    "rebuild.applied": "e2e/test_verify_retract.py",
    "rebuild.marked": "e2e/test_verify_retract.py",
    "rebuild.committed": "e2e/test_verify_retract.py",
    "rebuild.loaded": "e2e/test_replay.py",
    "replay.begun": "e2e/test_replay.py",
    "replay.published": "e2e/test_replay.py",
    "replay.corrected": "e2e/test_replay.py",
    "replay.retracted": "e2e/test_replay.py",
    "replay.letter_sent": "e2e/test_dead_letters.py",
    "scheduler.model": "integration/test_models.py",
    "scheduler.commit": "integration/test_models.py",
}


def test_every_fault_point_has_a_scenario():
    pattern = re.compile(r'"((?:worker|loader|producer|scheduler)\.[a-z_]+)"')
    calls = re.compile(r'fault_point\("([^"]+)"\)')
    found = set()
    for path in TOP.glob("services/**/*.c"):
        text = path.read_text()
        if "fault_point(" in text:
            found |= set(pattern.findall(text)) | set(calls.findall(text))
    for path in TOP.glob("common/**/*.c"):
        found |= set(calls.findall(path.read_text()))
    assert found == {*WORKER_POINTS, *PRODUCER_POINTS, *OTHER_POINTS}
    for point, path in OTHER_POINTS.items():
        assert f'"{point}' in (TOP / "tests" / path).read_text(), f"{path} does not crash at {point}"


def make_file(seed, count=400, keys=500):
    """(content, rows): in the rows, None stands where the file has a record that is a reject."""
    rows = versions.make_rows(seed, count, keys)
    refused = rows[count // 2]
    content = versions.to_csv(rows[:count // 2] + [(refused[0], refused[1], "1.234", *refused[3:])]
                              + rows[count // 2 + 1:])
    return content, rows[:count // 2] + [None] + rows[count // 2 + 1:]


@pytest.fixture
def orders(project):
    project.dataset("orders", versions.FIELDS, "orders*.csv", ["id"], chunk_bytes="16KiB")
    # A killed member's partitions are given to the others after this long.
    project.config["kafka"]["session.timeout.ms"] = "600"
    project.config["kafka"]["heartbeat.interval.ms"] = "100"
    project.write().run("init")
    return project


def assert_loaded(database, publications):
    """Tables, rejects and ledger after [(file id, rows)], worked out from the rows."""
    wait_until(lambda: database.value(
        "SELECT count(*) FROM penstock.file WHERE state = 'complete'") == len(publications), 60,
        "every file complete")
    versions.assert_same(versions.table(database, "raw.orders"), versions.expected(publications))
    versions.assert_ledger_whole(database)
    rejects = database.execute("SELECT file_id, record FROM penstock.reject ORDER BY 1, 2")
    assert rejects == sorted((file_id, rows.index(None) + 1) for file_id, rows in publications)


def assert_archived(project, contents):
    """Each content once, under its hash, and nothing half written that counts."""
    for content in contents:
        digest = hashlib.sha256(content.encode()).hexdigest()
        path = project.folder / "archive" / "orders" / "objects" / digest[:2] / digest
        assert path.read_bytes() == content.encode()
    objects = [path for path in (project.folder / "archive" / "orders" / "objects").rglob("*") if path.is_file()]
    assert len(objects) == len(contents)


@pytest.mark.parametrize("point", WORKER_POINTS)
def test_a_worker_that_dies_at(orders, database, point):
    files = [make_file(number) for number in range(2)]
    sent = orders.json("publish", *[orders.file(f"orders-{number}.csv", content)
                                    for number, (content, _) in enumerate(files)], code=3)
    publications = [(one["file_id"], rows) for one, (_, rows) in zip(sent, files)]
    victim = orders.start("worker", env={"PENSTOCK_FAULT": point})
    assert victim.wait() == -9
    assert (database.value("SELECT count(*) FROM penstock.chunk") > 0) == WORKER_POINTS[point]
    second = orders.start("worker")
    assert_loaded(database, publications)
    wait_until(lambda: sum(row["lag"] for row in orders.json("lag")) == 0, 60, "the offsets committed")
    assert second.stop() == 0


def test_a_worker_that_dies_between_dead_topic_and_ledger(orders, database, kafka):
    """The letter may be sent twice; it is noted once, and what is good loads."""
    rubbish = b"this is no chunk"
    kafka.kcat("-P", "-t", f"{orders.prefix}orders", "-p", "0", str(orders.file("rubbish", rubbish)))
    content, rows = make_file(1)
    sent = orders.json("publish", orders.file("orders.csv", content), code=3)[0]
    victim = orders.start("worker", env={"PENSTOCK_FAULT": "worker.dead_letter_sent"})
    assert victim.wait() == -9
    assert database.value("SELECT count(*) FROM penstock.dead_letter") == 0
    orders.start("worker")
    wait_until(lambda: database.value("SELECT count(*) FROM penstock.dead_letter") == 1, 60, "the dead letter")
    wait_until(lambda: database.value("SELECT state FROM penstock.file") == "complete", 60, "the file complete")
    versions.assert_same(versions.table(database, "raw.orders"), versions.expected([(sent["file_id"], rows)]))
    letters = chunks.payloads(kafka, f"{orders.prefix}dead")
    assert letters and set(letters) == {rubbish}
    assert database.value("SELECT count(*) FROM penstock.dead_letter") == 1


@pytest.mark.parametrize("point", PRODUCER_POINTS)
def test_a_producer_that_dies_at(orders, database, kafka, point):
    """Three files in the inbox; the process dies at the first (of the third for what is sent piecewise)."""
    files = [make_file(number) for number in range(3)]
    for number, (content, _) in enumerate(files):
        orders.drop(f"orders-{number}.csv", content)
    victim = orders.start("producer", "--settle", "100ms",
                          env={"PENSTOCK_FAULT": f"{point}:{PRODUCER_POINTS[point]}"})
    assert victim.wait() == -9
    second = orders.start("producer", "--settle", "100ms")
    orders.start("worker")
    wait_until(lambda: os.listdir(orders.folder / "inbox") == [], 60, "the inbox is empty")
    wait_until(lambda: database.value("SELECT count(*) FROM penstock.file") == 3, 60, "three publications")
    names = {name: file_id for file_id, name in database.execute("SELECT file_id, name FROM penstock.file")}
    publications = [(names[f"orders-{number}.csv"], rows) for number, (_, rows) in enumerate(files)]
    assert_loaded(database, publications)
    assert second.stop() == 0
    on_topic = chunks.publications(kafka, f"{orders.prefix}orders")
    assert sorted(on_topic) == sorted(names.values())
    for file_id, rows in publications:
        chunks.assert_whole(on_topic[file_id], rows)
    assert_archived(orders, [content for content, _ in files])


def test_a_producer_that_dies_between_refusing_a_file_and_moving_it(orders, kafka):
    content, _ = make_file(1)
    orders.drop("orders-bad.csv", content.replace("amount", "price", 1))
    victim = orders.start("producer", "--settle", "100ms", env={"PENSTOCK_FAULT": "producer.quarantined"})
    assert victim.wait() == -9
    orders.start("producer", "--settle", "100ms")
    wait_until(lambda: os.listdir(orders.folder / "inbox") == [], 60, "the inbox is empty")
    quarantined = orders.folder / "quarantine" / "orders-bad.csv"
    assert quarantined.read_text() == content.replace("amount", "price", 1)
    wait_until(lambda: quarantined.with_name("orders-bad.csv.reason.txt").exists(), 60, "the reason")
    assert chunks.payloads(kafka, f"{orders.prefix}orders") == []
