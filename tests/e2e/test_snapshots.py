# SPDX-License-Identifier: Apache-2.0
"""keep: latest_file: the table is the newest complete file's rows, whatever comes late, twice, or dies on the way."""
from support import versions
from support.wait import wait_until


def prepare(project):
    project.dataset("stock", versions.FIELDS, "stock*.csv", ["id"], keep="latest_file", chunk_bytes="16KiB")
    project.config["kafka"]["session.timeout.ms"] = "600"
    project.config["kafka"]["heartbeat.interval.ms"] = "100"
    project.write().run("init")


def publish(project, seeds, *options, rows=400, keys=600):
    contents = [versions.make_rows(seed, rows, keys) for seed in seeds]
    paths = [project.file(f"stock-{seed}.csv", versions.to_csv(content)) for seed, content in zip(seeds, contents)]
    return [(one["file_id"], content) for one, content in
            zip(project.json("publish", *options, *paths), contents)]


def states(database):
    return [row[0] for row in database.execute("SELECT state FROM penstock.file ORDER BY file_id")]


def assert_is(project, database, publication):
    versions.assert_same(versions.table(database, "raw.stock"), versions.expected([publication]))
    project.run("verify")


def test_an_older_file_that_comes_late_stays_out(project, database, kafka):
    prefix = project.config["topics"]["prefix"]
    project.config["topics"]["prefix"] = f"{prefix}x."
    prepare(project)
    old = publish(project, [0])[0]
    start = b"Obj\x01"
    chunks = [start + rest for rest in kafka.kcat("-C", "-t", f"{prefix}x.stock", "-o", "beginning", "-e", "-q", "-D", "",
                                                  "-f", "%s").stdout.split(start)[1:]]
    assert len(chunks) > 2
    project.config["topics"]["prefix"] = prefix
    project.write().run("init")
    new = publish(project, [1])[0]
    project.start("worker")
    wait_until(lambda: states(database) == ["complete"], 60, "the newer file is complete")
    for number, chunk in enumerate(chunks):
        kafka.kcat("-P", "-t", f"{prefix}stock", "-p", str(number % 4), str(project.file("chunk", chunk)))
    wait_until(lambda: states(database) == ["superseded", "complete"], 60, "the older file is known, and out")
    wait_until(lambda: database.value("SELECT count(*) FROM penstock.chunk WHERE file_id = %s", (old[0],)) ==
               len(chunks), 60, "its chunks are in the ledger")
    assert_is(project, database, new)
    # Its content published on purpose is a new file, and the newest.
    again = publish(project, [0], "--again")[0]
    wait_until(lambda: states(database) == ["superseded", "superseded", "complete"])
    assert_is(project, database, again)


def test_two_workers_and_kills(project, database):
    prepare(project)
    publications = publish(project, range(4))
    for point in ("loader.rows", "loader.committed", "loader.completed"):
        worker = project.start("worker", "--jobs", "2", env={"PENSTOCK_FAULT": point})
        assert worker.wait() == -9, point
        publications += publish(project, [len(publications)])
    for _ in range(2):
        project.start("worker")
    wait_until(lambda: states(database)[-1] == "complete" and len(states(database)) == 7, 60, "the newest is complete")
    wait_until(lambda: states(database) == ["superseded"] * 6 + ["complete"], 60, "the others are out")
    assert_is(project, database, publications[-1])
    wait_until(lambda: sum(row["lag"] for row in project.json("lag")) == 0, 60, "nothing waits")
    assert_is(project, database, publications[-1])
    for service in project.services:
        service.kill()
    # From nothing, out of the archive.
    project.start("producer", "--repair", "300ms")
    project.run("init", "--recreate", "--yes")
    project.start("worker")
    wait_until(lambda: len(states(database)) == 7 and states(database)[-1] == "complete", 60, "all came back")
    wait_until(lambda: states(database) == ["superseded"] * 6 + ["complete"], 60, "and the older ones are out")
    assert_is(project, database, publications[-1])
