# SPDX-License-Identifier: Apache-2.0
"""
A worker frozen in the middle of a load: others take over its partitions, wait for the chunks in its hand, and
end its session once it was silent for long enough. When it thaws it goes on, and nothing is there twice.
"""
import time

import pytest

from support import versions
from support.wait import wait_until

# What the tests set penstock.silence to: longer than the 10 s a worker waits for a lock, so that the first
# time the lock is refused the frozen session must be left alone.
SILENCE = 11


@pytest.fixture
def orders(project, database):
    project.dataset("orders", versions.FIELDS, "orders*.csv", ["id"], chunk_bytes="16KiB")
    project.config["kafka"]["session.timeout.ms"] = "1000"
    project.config["kafka"]["heartbeat.interval.ms"] = "200"
    project.write().run("init")
    database.execute(f'ALTER DATABASE "{database.name}" SET penstock.silence = \'{SILENCE} s\'')
    return project


def publish(project, first, count):
    files = [versions.make_rows(number, 600, 900) for number in range(first, first + count)]
    sent = project.json("publish", *[project.file(f"orders-{first + at}.csv", versions.to_csv(rows))
                                     for at, rows in enumerate(files)])
    return [(one["file_id"], rows) for one, rows in zip(sent, files)]


def silent_session(database):
    """The backend of the frozen worker: in a transaction, waiting for its client; and since when."""
    rows = database.execute("""
        SELECT pid, extract(epoch FROM clock_timestamp() - state_change)
        FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'penstock-worker'
          AND (state = 'idle in transaction' OR (state = 'active' AND wait_event = 'ClientRead'))
          AND state_change < clock_timestamp() - interval '0.5 s'""")
    return rows[0] if rows else None


def is_there(database, pid):
    return database.value("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", [pid]) == 1


def test_a_worker_frozen_in_a_load_is_taken_over_and_thaws(orders, database):
    publications = publish(orders, 0, 3)
    frozen = orders.start("worker", env={"PENSTOCK_FAULT": "loader.rows:1:stop"})
    pid, _ = wait_until(lambda: silent_session(database), 60, "the frozen worker's session is silent")
    began = time.monotonic()
    others = [orders.start("worker") for _ in range(2)]
    wait_until(lambda: not is_there(database, pid), 60, "the silent session was ended")
    assert time.monotonic() - began > SILENCE - 1.5
    assert any("55P03" in other.output() or "lock timeout" in other.output() for other in others)
    wait_until(lambda: database.value(
        "SELECT count(*) FROM penstock.file WHERE state = 'complete'") == 3, 60, "every file complete")
    chunks = database.execute("SELECT * FROM penstock.chunk ORDER BY dataset, file_id, chunk")
    frozen.thaw()
    wait_until(lambda: database.value("SELECT count(*) FROM penstock.worker WHERE heartbeat_at >"
                                      " now() - interval '5 s'") == 3 or not frozen.running(), 60,
               "the thawed worker is back, or gone")
    publications += publish(orders, 3, 2)
    wait_until(lambda: database.value(
        "SELECT count(*) FROM penstock.file WHERE state = 'complete'") == 5, 60, "every file complete")
    assert database.execute("SELECT * FROM penstock.chunk WHERE file_id = ANY (%s)"
                            " ORDER BY dataset, file_id, chunk",
                            [[file_id for file_id, _ in publications[:3]]]) == chunks
    versions.assert_same(versions.table(database, "raw.orders"), versions.expected(publications))
    versions.assert_ledger_whole(database)
    for worker in others:
        assert worker.stop() == 0
    if frozen.running():
        assert frozen.stop() == 0
