# SPDX-License-Identifier: Apache-2.0
"""What can never load goes to the dead topic and into the ledger, byte for byte; the rest goes on."""
from support import versions
from support.wait import wait_until


def test_rubbish_on_the_topic(project, database, kafka):
    project.dataset("orders", versions.FIELDS, "orders*.csv", ["id"])
    project.run("init")
    prefix = project.config["topics"]["prefix"]
    rubbish = b"this is no chunk\x00\xff"
    kafka.kcat("-P", "-t", f"{prefix}orders", "-p", "0", "-k", "k1", str(project.file("rubbish", rubbish)))
    rows = versions.make_rows(1, 100, 100)
    good = project.json("publish", project.file("orders.csv", versions.to_csv(rows)))[0]
    # A whole chunk with one byte flipped, and one cut short.
    chunk = kafka.kcat("-C", "-t", f"{prefix}orders", "-o", "beginning", "-e", "-q", "-D", "",
                       "-f", "%s").stdout.replace(rubbish, b"")
    flipped = bytearray(chunk)
    flipped[-30] ^= 1
    kafka.kcat("-P", "-t", f"{prefix}orders", "-p", "1", str(project.file("flipped", bytes(flipped))))
    kafka.kcat("-P", "-t", f"{prefix}orders", "-p", "1", str(project.file("cut", chunk[:-1])))
    worker = project.start("worker")
    wait_until(lambda: database.value("SELECT count(*) FROM penstock.dead_letter") == 3, 30,
               "three dead letters")
    wait_until(lambda: database.value(
        "SELECT count(*) FROM penstock.file WHERE state = 'complete'") == 1, 30, "the good file complete")
    versions.assert_same(versions.table(database, "raw.orders"), versions.expected([(good["file_id"], rows)]))
    dead = kafka.kcat("-C", "-t", f"{prefix}dead", "-e", "-q", "-D", "\n--end--\n", "-f", "%h\n%s").stdout
    for original in (rubbish, bytes(flipped), chunk[:-1]):
        assert original in dead
    for header in (b"__connect.errors.topic", b"__connect.errors.partition", b"__connect.errors.offset",
                   b"__connect.errors.stage", b"__connect.errors.exception.message"):
        assert dead.count(header) == 3
    # Offsets are behind them: nothing is tried twice.
    wait_until(lambda: all(committed == end for (topic, _), (committed, end) in
                           kafka.group_lag(project.config["kafka"]["group.id"]).items()
                           if topic == f"{prefix}orders" and end), 30, "all offsets committed")
    assert worker.running()
    lag = project.json("lag")
    assert sum(row["lag"] for row in lag if row["topic"] == f"{prefix}orders") == 0
