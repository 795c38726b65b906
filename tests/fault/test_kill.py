# SPDX-License-Identifier: Apache-2.0
"""kill -9 at seeded moments, of workers and of the producer: nothing lost, nothing doubled."""
import os
import random
import time

from support import versions
from support.wait import wait_until

FILES = 40
ROWS = 1200
KEYS = 4000
KILLS = 20


def keep_running(project, services, make):
    """Whatever was killed is started again, as a supervisor would."""
    for index, service in enumerate(services):
        if not service.running():
            services[index] = make()


def test_twenty_kills_lose_and_double_nothing(project, database):
    project.dataset("orders", versions.FIELDS, "orders*.csv", ["id"], chunk_bytes="16KiB")
    # A killed member's partitions are given to the others after this long.
    project.config["kafka"]["session.timeout.ms"] = "2000"
    project.config["kafka"]["heartbeat.interval.ms"] = "300"
    project.write().run("init")
    dice = random.Random(20)
    contents = {}
    producers = [project.start("producer")]
    workers = [project.start("worker"), project.start("worker")]
    dropped = 0
    for kill in range(KILLS):
        for _ in range(FILES // KILLS):
            rows = versions.make_rows(1000 + dropped, ROWS, KEYS)
            contents[f"orders-{dropped}.csv"] = rows
            project.drop(f"orders-{dropped}.csv", versions.to_csv(rows))
            dropped += 1
        # The moment itself is what is tested: a seeded span of the clock, no condition.
        time.sleep(dice.uniform(0.05, 1.2))
        victim = dice.choice(producers + workers)
        victim.kill()
        keep_running(project, producers, lambda: project.start("producer"))
        keep_running(project, workers, lambda: project.start("worker"))
    wait_until(lambda: not os.listdir(project.folder / "inbox"), 120, "the inbox is empty")
    wait_until(lambda: database.value(
        "SELECT count(*) FROM penstock.file WHERE state = 'complete'") == FILES, 120,
        "every file complete")
    names = dict(database.execute("SELECT file_id, name FROM penstock.file"))
    assert sorted(names.values()) == sorted(contents)
    publications = [(file_id, contents[name]) for file_id, name in names.items()]
    versions.assert_same(versions.table(database, "raw.orders"), versions.expected(publications))
    versions.assert_ledger_whole(database)
    for service in producers + workers:
        assert service.stop() == 0
