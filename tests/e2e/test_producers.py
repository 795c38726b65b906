# SPDX-License-Identifier: Apache-2.0
"""Producers that share inbox and archive, and people who publish the same files by hand meanwhile."""
import threading

from support import chunks, versions
from support.wait import wait_until

FILES = 10
ROWS = 300


def test_two_producers_and_a_person_make_one_publication_each(project, database, kafka):
    project.dataset("orders", versions.FIELDS, "orders*.csv", ["id"], chunk_bytes="16KiB")
    project.run("init")
    contents = {f"orders-{n}.csv": (rows := versions.make_rows(n, ROWS, 200), versions.to_csv(rows))
                for n in range(FILES)}
    by_hand = [project.file(f"hand/{name}", text) for name, (_, text) in contents.items()]
    producers = [project.start("producer", "--settle", "50ms", "--repair", "200ms") for _ in range(2)]
    for producer in producers:
        wait_until(lambda: "watching the inbox" in producer.output())
    outcomes = []
    person = threading.Thread(target=lambda: outcomes.extend(project.json("publish", *by_hand)))
    person.start()
    for name, (_, text) in contents.items():
        project.drop(name, text)
    person.join()
    wait_until(lambda: not list((project.folder / "inbox").iterdir()), 60, "the inbox is empty")
    assert len({outcome["file_id"] for outcome in outcomes}) == FILES

    # Whoever sent a chunk, and however often: the same bytes, the same numbers; and a backlog is left alone.
    topic = project.config["topics"]["prefix"] + "orders"
    sent = kafka.end_offsets(topic)
    found = chunks.publications(kafka, topic)
    assert set(found) == {outcome["file_id"] for outcome in outcomes}
    names = {outcome["file_id"]: outcome["name"] for outcome in outcomes}
    for file_id, numbers in found.items():
        chunks.assert_whole(numbers, contents[names[file_id]][0])
    project.start("worker")
    wait_until(lambda: database.value(
        "SELECT count(*) FROM penstock.file WHERE state = 'complete'") == FILES, 60, "all is loaded")
    assert kafka.end_offsets(topic) == sent
    publications = [(file_id, contents[names[file_id]][0]) for file_id in found]
    versions.assert_same(versions.table(database, "raw.orders"), versions.expected(publications))
    versions.assert_ledger_whole(database)
    assert all("sent again" not in producer.output() for producer in producers)
    assert all(producer.stop() == 0 for producer in producers)


def test_an_archive_out_of_order_is_told_once_and_waited_for(project, database):
    project.dataset("orders", versions.FIELDS, "orders*.csv", ["id"])
    project.run("init")
    project.start("worker")
    producer = project.start("producer", "--settle", "50ms")
    wait_until(lambda: "watching the inbox" in producer.output())
    incoming = project.folder / "archive" / ".incoming"
    incoming.rmdir()
    incoming.write_text("in the way")
    project.drop("orders-1.csv", versions.to_csv(versions.make_rows(1, 10, 10)))
    wait_until(lambda: "publishing waits" in producer.output(), 60, "it is told")
    # Some more tries: the first two come within a second and a half.
    database.execute("SELECT pg_sleep(2)")
    told = [line for line in producer.output().splitlines() if 'msg="publishing waits"' in line]
    assert len(told) == 1 and 'error="archiving to archive: Not a directory"' in told[0]
    incoming.unlink()
    incoming.mkdir()
    wait_until(lambda: database.value("SELECT count(*) FROM penstock.file WHERE state = 'complete'") == 1, 60, "loaded")
    assert 'msg="back to normal" after="publishing waits"' in producer.output()
