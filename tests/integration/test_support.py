# SPDX-License-Identifier: Apache-2.0
"""The servers the other tests stand on: real, restartable on the same data, gone at the end."""
import pytest

from support.wait import wait_until


def test_kafka_keeps_its_messages_over_kill_and_restart(kafka, unique):
    kafka.create_topic(unique, partitions=2)
    kafka.kcat("-P", "-t", unique, "-p", "1", input=b"one\ntwo\n")
    port = kafka.port
    kafka.kill()
    assert kafka.kcat("-L", "-m", "1", check=False).returncode != 0
    kafka.start()
    assert kafka.port == port
    assert kafka.kcat("-C", "-t", unique, "-p", "1", "-e", "-q").stdout == b"one\ntwo\n"
    assert kafka.end_offsets(unique) == {0: 0, 1: 2}


def test_group_lag_comes_from_kafka_itself(kafka, unique):
    kafka.create_topic(unique)
    kafka.kcat("-P", "-t", unique, input=b"one\ntwo\nthree\n")
    kafka.kcat("-G", f"g-{unique}", "-c", "2", "-q", unique, "-X", "auto.offset.reset=earliest")
    assert kafka.group_lag(f"g-{unique}")[unique, 0] == (2, 3)


def test_postgres_keeps_its_rows_over_kill_and_restart(postgres, database):
    database.execute("CREATE TABLE t AS SELECT generate_series(1, 1000) AS i")
    postgres.kill()
    with pytest.raises(Exception):
        database.value("SELECT count(*) FROM t")
    postgres.start()
    assert database.value("SELECT count(*) FROM t") == 1000


def test_every_test_has_a_database_of_its_own(database):
    assert database.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0


def test_wait_until_says_what_it_waited_for():
    with pytest.raises(AssertionError, match="the moon.*was 0"):
        wait_until(lambda: 0, 0.1, "the moon")
    with pytest.raises(AssertionError, match="the sun.*ZeroDivisionError"):
        wait_until(lambda: 1 / 0, 0.1, "the sun")
