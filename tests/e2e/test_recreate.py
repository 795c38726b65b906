# SPDX-License-Identifier: Apache-2.0
"""Promise 8, on purpose: `init --recreate` empties topics, tables and ledger; the archive brings all back."""
from support import versions
from support.wait import wait_until

FILES = 5
ROWS = 400
KEYS = 500


def prepare(project):
    project.dataset("orders", versions.FIELDS, "orders*.csv", ["id"], chunk_bytes="16KiB")
    project.run("init")


def publish(project, numbers):
    publications = []
    for number in numbers:
        rows = versions.make_rows(number, ROWS, KEYS)
        path = project.file(f"orders-{number}.csv", versions.to_csv(rows))
        publications.append((project.json("publish", path)[0]["file_id"], rows))
    return publications


def complete(database, files):
    return database.value("SELECT count(*) FROM penstock.file WHERE state = 'complete'") == files


def test_everything_comes_back_whether_it_was_loaded_or_waiting(project, database, kafka):
    prepare(project)
    loaded = publish(project, range(3))
    worker = project.start("worker")
    wait_until(lambda: complete(database, 3), 60, "the first files are loaded")
    assert worker.stop() == 0
    waiting = publish(project, range(3, FILES))
    topic = project.config["topics"]["prefix"] + "orders"
    ends = kafka.end_offsets(topic)
    project.run("init", "--recreate", "--yes")
    assert database.value("SELECT count(*) FROM raw.orders") == 0
    assert database.value("SELECT count(*) FROM penstock.file") == 0
    producer = project.start("producer", "--repair", "500ms")
    wait_until(lambda: producer.output().count("sent again") == FILES, 60, "all are sent again")
    # With every worker still away a second look takes none of them for lost.
    again = kafka.end_offsets(topic)
    assert sum(again.values()) == 2 * sum(ends.values())
    wait_until(lambda: len(list((project.folder / "inbox").iterdir())) == 0)
    project.drop("orders-new.csv", versions.to_csv(versions.make_rows(90, ROWS, KEYS)))
    wait_until(lambda: " published" in producer.output() or "msg=published" in producer.output(), 60,
               "a new file is published after it")
    project.start("worker")
    wait_until(lambda: complete(database, FILES + 1), 60, "all files are back")
    newest = database.value("SELECT max(file_id) FROM penstock.file")
    publications = [*loaded, *waiting, (newest, versions.make_rows(90, ROWS, KEYS))]
    versions.assert_same(versions.table(database, "raw.orders"), versions.expected(publications))
    versions.assert_ledger_whole(database)
    assert producer.output().count("sent again") == FILES


def test_a_running_producer_and_worker_bring_it_back_too(project, database):
    """The producer knows every file to be loaded, and one more comes before it looks again."""
    prepare(project)
    publications = publish(project, range(3))
    project.start("worker")
    producer = project.start("producer", "--repair", "300ms")
    wait_until(lambda: complete(database, 3), 60, "the files are loaded")
    for _ in range(2):
        project.run("init", "--recreate", "--yes")
        wait_until(lambda: complete(database, 3), 60, "the files are loaded again")
        versions.assert_same(versions.table(database, "raw.orders"), versions.expected(publications))
        versions.assert_ledger_whole(database)
    assert producer.running()


def test_forgotten_is_forgotten(project, database):
    prepare(project)
    publish(project, range(3))
    worker = project.start("worker")
    wait_until(lambda: complete(database, 3), 60, "the files are loaded")
    assert worker.stop() == 0
    publish(project, [3])
    project.run("init", "--recreate", "--forget", "--yes")
    assert list((project.folder / "archive").rglob("*.json")) == []
    producer = project.start("producer", "--repair", "300ms")
    project.start("worker")
    # A file of known content is new now, and the only one there is.
    rows = versions.make_rows(0, ROWS, KEYS)
    project.drop("orders-0.csv", versions.to_csv(rows))
    wait_until(lambda: complete(database, 1), 60, "the new file is loaded")
    file_id = database.value("SELECT file_id FROM penstock.file")
    versions.assert_same(versions.table(database, "raw.orders"), versions.expected([(file_id, rows)]))
    # What was deleted unread is no lag: there is nothing left to read.
    wait_until(lambda: sum(row["lag"] for row in project.json("lag")) == 0, 60, "nothing else waits")
    assert database.value("SELECT count(*) FROM penstock.file") == 1
    assert "sent again" not in producer.output()
