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
    wait_until(lambda: database.value("SELECT count(*) FROM penstock.dead_letter") == 3, 60,
               "three dead letters")
    wait_until(lambda: database.value(
        "SELECT count(*) FROM penstock.file WHERE state = 'complete'") == 1, 60, "the good file complete")
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
                           if topic == f"{prefix}orders" and end), 60, "all offsets committed")
    assert worker.running()
    lag = project.json("lag")
    assert sum(row["lag"] for row in lag if row["topic"] == f"{prefix}orders") == 0


def test_messages_larger_than_any_chunk_stop_nothing(project, database, kafka):
    """Nothing of ours is that large, but a topic takes it from anybody; also where the dead topic takes less."""
    project.dataset("orders", {"id": "long"}, "orders*.csv", ["id"])
    prefix = project.config["topics"]["prefix"]
    for largest, omitted in ((16_777_216, 0), (1_000_000, 2)):
        if omitted:
            kafka.create_topic(f"{prefix}small.dead", max_message_bytes=largest)
            project.config["topics"]["prefix"] = f"{prefix}small."
            project.write()
        project.run("init")
        topic = project.config["topics"]["prefix"]
        for size in (1_000_100, 1_048_400):
            kafka.kcat("-P", "-t", f"{topic}orders", "-p", "0", "-X", "message.max.bytes=1048576",
                       str(project.file("large", b"x" * size)))
        project.run("publish", "--again", project.file("orders.csv", "id\n1\n"))
        worker = project.start("worker")
        wait_until(lambda: database.value(
            "SELECT count(*) FROM penstock.dead_letter WHERE topic = %s", (f"{topic}orders",)) == 2, 60, "two dead letters")
        wait_until(lambda: sum(row["lag"] for row in project.json("lag")) == 0, 60, "nothing waits")
        dead = kafka.kcat("-C", "-t", f"{topic}dead", "-e", "-q", "-D", "", "-f", "%S %h\n").stdout.decode().splitlines()
        assert len(dead) == 2 and sum("penstock.omitted.bytes=1" in line for line in dead) == omitted
        assert sum(int(line.split()[0]) for line in dead) == (0 if omitted else 2_048_500)
        assert worker.stop() == 0
    assert database.value("SELECT count(*) FROM raw.orders") == 1


def test_dead_letters_are_sent_again(project, database, kafka):
    """One that would load by now, one that never will, one that is gone; a kill between sending and noting."""
    project.dataset("orders", versions.FIELDS, "orders*.csv", ["id"])
    elsewhere, prefix = project.config["topics"]["prefix"] + "x.", project.config["topics"]["prefix"]
    project.config["topics"]["prefix"] = elsewhere
    project.write().run("init")
    rows = versions.make_rows(1, 100, 100)
    good = project.json("publish", project.file("orders.csv", versions.to_csv(rows)))[0]
    chunk = kafka.kcat("-C", "-t", f"{elsewhere}orders", "-o", "beginning", "-e", "-q", "-D", "", "-f", "%s").stdout
    project.config["topics"]["prefix"] = prefix
    project.write().run("init")
    for offset, content in ((900, chunk), (901, b"rubbish\x00"), (900, chunk)):
        kafka.kcat("-P", "-t", f"{prefix}dead", "-H", f"__connect.errors.topic={prefix}orders",
                   "-H", "__connect.errors.partition=1", "-H", f"__connect.errors.offset={offset}", "-k", "key",
                   str(project.file("letter", content)))
    for offset in (900, 901, 902):
        database.execute("INSERT INTO penstock.dead_letter (topic, partition, \"offset\", dataset, stage, reason, worker)"
                         " VALUES (%s, 1, %s, 'orders', 'chunk', 'why', 'w')", (f"{prefix}orders", offset))
    worker = project.start("worker")
    outcomes = ["sent again", "sent again", "not in the dead topic any more"]
    assert [row["outcome"] for row in project.json("replay", "--dead-letters", "--dry-run", code=3)] == [
        "would be sent again", "would be sent again", outcomes[2]]
    project.run("replay", "--dead-letters", code=-9, env={"PENSTOCK_FAULT": "replay.letter_sent"})
    assert database.value("SELECT count(*) FROM penstock.dead_letter WHERE replayed_at IS NOT NULL") == 0
    assert [row["outcome"] for row in project.json("replay", "--dead-letters", code=3)] == outcomes
    wait_until(lambda: database.value("SELECT count(*) FROM penstock.file WHERE state = 'complete'") == 1, 60, "loaded")
    versions.assert_same(versions.table(database, "raw.orders"), versions.expected([(good["file_id"], rows)]))
    wait_until(lambda: database.value("SELECT count(*) FROM penstock.dead_letter") == 4, 60, "rubbish is dead again")
    assert database.value("SELECT count(*) FROM penstock.dead_letter WHERE replayed_at IS NOT NULL") == 2
    assert worker.running()
