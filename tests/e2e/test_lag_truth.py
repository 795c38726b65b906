# SPDX-License-Identifier: Apache-2.0
"""`lag` and `status` say what Kafka's own tool says, at once, while every worker is dead."""
import time

from support import versions
from support.wait import wait_until

DATASETS = [f"orders{n}" for n in range(5)]
PARTITIONS = 8


def seconds(project, *arguments):
    """The quickest of three, so that a busy machine is not what is measured; and the last answer. Whoever waits for
    a member that is dead waits for ten seconds and more."""
    best = None
    for _ in range(3):
        began = time.monotonic()
        answer = project.json(*arguments)
        took = time.monotonic() - began
        best = took if best is None else min(best, took)
    return best, answer


def ends(kafka, topics):
    """{(topic, partition): end offset}, as kcat tells it."""
    asked = [word for topic in topics for partition in range(PARTITIONS)
             for word in ("-t", f"{topic}:{partition}:-1")]
    words = [line.split() for line in kafka.kcat("-Q", *asked).stdout.decode().splitlines()]
    return {(topic, int(partition.strip("[]"))): int(offset) for topic, partition, _, offset in words}


def test_a_broker_that_never_had_a_group(project):
    """First in this file, on a fresh broker: it makes its offsets topic now, and is no coordinator until it has."""
    project.dataset("orders", {"id": "long"}, "orders*.csv", ["id"])
    project.run("init")
    project.run("publish", project.file("orders.csv", "id\n1\n"))
    for _ in range(3):
        rows = project.json("lag")
        assert all(row["committed"] is None for row in rows) and sum(row["lag"] for row in rows) == 1


def test_dead_workers_half_way(project, database, kafka):
    project.config["topics"]["partitions"] = PARTITIONS
    project.config["kafka"].update({"session.timeout.ms": 2000, "heartbeat.interval.ms": 500})
    for name in DATASETS:
        project.dataset(name, versions.FIELDS, f"{name}-*.csv", ["id"], chunk_bytes="16KiB")
    project.run("init")
    files = []
    for number, name in enumerate(DATASETS):
        rows = versions.make_rows(number, 1200, 900)
        files.append(project.file(f"{name}-0.csv", versions.to_csv(rows)))
    project.run("publish", *files)
    # Killed on its way: some partitions are read, some not at all, some in Postgres but not committed.
    worker = project.start("worker")
    wait_until(lambda: database.value("SELECT count(*) FROM penstock.chunk") > 0, 60, "something is loaded")
    worker.kill()
    more = []
    for number, name in enumerate(DATASETS[:3]):
        rows = versions.make_rows(100 + number, 900, 900)
        more.append(project.file(f"{name}-1.csv", versions.to_csv(rows)))
    project.run("publish", *more)

    group = project.config["kafka"]["group.id"]
    prefix = project.config["topics"]["prefix"]
    truth = {key: value for key, value in kafka.group_lag(group).items() if key[0] != f"{prefix}dead"}
    took, rows = seconds(project, "lag")
    mine = {(row["topic"], row["partition"]): (row["committed"], row["end"]) for row in rows
            if row["topic"] != f"{prefix}dead"}
    assert {key: end for key, (_, end) in mine.items()} == ends(kafka, [f"{prefix}{name}" for name in DATASETS])
    for key, (committed, end) in truth.items():
        assert mine[key] == (committed, end), key
    for row in rows:
        key = (row["topic"], row["partition"])
        if key in mine:
            assert row["group"] == group
            assert row["committed"] == truth.get(key, (None, 0))[0]
            assert row["lag"] == row["end"] - (row["committed"] or 0)
            assert (row["oldest_seconds"] is None) == (row["lag"] == 0), row
            assert row["lag"] > 0 or not row["rows_estimate"], row
    assert sum(row["lag"] for row in rows) > 0
    status_took, _ = seconds(project, "status")
    print(f"lag answers in {took:.2f} s, status in {status_took:.2f} s")
    assert took < 5 and status_took < 5

    # And down to nothing once workers are back.
    project.start("worker")
    wait_until(lambda: sum(row["lag"] for row in project.json("lag")) == 0, 60, "nothing waits")
    versions.assert_ledger_whole(database)
