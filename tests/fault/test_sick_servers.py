# SPDX-License-Identifier: Apache-2.0
"""A sick environment never condemns good data: servers that die, freeze or are away at the start."""
import pytest

from support import versions
from support.kafka_server import KafkaServer
from support.penstock import Project
from support.postgres_server import PostgresServer
from support.wait import wait_until


@pytest.fixture
def own_servers(tmp_path):
    """Servers this test may kill; a project on them."""
    kafka, postgres = KafkaServer(), PostgresServer()
    try:
        kafka.start()
        postgres.start()
        database = postgres.create_database("sick")
        project = Project(tmp_path, kafka.bootstrap, database.conninfo, "sick.")
        project.dataset("orders", versions.FIELDS, "orders*.csv", ["id"], chunk_bytes="16KiB")
        project.config["kafka"]["session.timeout.ms"] = "3000"
        project.config["kafka"]["heartbeat.interval.ms"] = "500"
        project.write().run("init")
        yield project, kafka, postgres, database
        project.close()
        print(project.logs())
        database.close()
    finally:
        kafka.close()
        postgres.close()


def drop_files(project, first, count):
    contents = {}
    for number in range(first, first + count):
        rows = versions.make_rows(number, 800, 3000)
        contents[f"orders-{number}.csv"] = rows
        project.drop(f"orders-{number}.csv", versions.to_csv(rows))
    return contents


def all_there(project, database, contents):
    wait_until(lambda: database.value(
        "SELECT count(*) FROM penstock.file WHERE state = 'complete'") == len(contents), 120,
        "every file complete")
    names = dict(database.execute("SELECT file_id, name FROM penstock.file"))
    publications = [(file_id, contents[name]) for file_id, name in names.items()]
    versions.assert_same(versions.table(database, "raw.orders"), versions.expected(publications))
    versions.assert_ledger_whole(database)


def test_postgres_killed_and_started_again_under_load(own_servers):
    project, _, postgres, database = own_servers
    project.start("producer")
    worker = project.start("worker", "--jobs", "2")
    contents = drop_files(project, 0, 10)
    for round_ in range(3):
        seen = 3 * (round_ + 1)
        wait_until(lambda: database.value("SELECT count(*) FROM penstock.chunk") >= seen, 60, "some chunks")
        postgres.kill()
        contents.update(drop_files(project, 10 + 5 * round_, 5))
        postgres.start()
    all_there(project, database, contents)
    assert worker.running()


def test_kafka_killed_and_started_again_under_load(own_servers):
    project, kafka, _, database = own_servers
    producer = project.start("producer")
    worker = project.start("worker", "--jobs", "2")
    contents = drop_files(project, 0, 10)
    for round_ in range(2):
        seen = 3 * (round_ + 1)
        wait_until(lambda: database.value("SELECT count(*) FROM penstock.chunk") >= seen, 60, "some chunks")
        kafka.kill()
        contents.update(drop_files(project, 10 + 5 * round_, 5))
        kafka.start()
    all_there(project, database, contents)
    assert worker.running() and producer.running()


def test_services_started_before_their_servers_wait(own_servers):
    project, kafka, postgres, database = own_servers
    kafka.stop()
    postgres.stop()
    worker = project.start("worker")
    producer = project.start("producer")
    contents = drop_files(project, 0, 2)
    wait_until(lambda: "waiting for" in worker.output(), 60, "the worker says what it waits for")
    postgres.start()
    kafka.start()
    all_there(project, database, contents)
    assert producer.running()


def test_the_brokers_data_lost_is_sent_again_from_the_archive(own_servers):
    project, kafka, _, database = own_servers
    contents = {}
    for number in range(4):
        rows = versions.make_rows(number, 800, 3000)
        contents[f"orders-{number}.csv"] = rows
        path = project.file(f"orders-{number}.csv", versions.to_csv(rows))
        project.json("publish", path)
    kafka.wipe()
    project.run("init")
    project.start("worker")
    project.start("producer", "--repair", "1s")
    all_there(project, database, contents)


def test_a_message_the_broker_damaged_holds_up_its_partition_and_is_told(own_servers):
    """Nothing is skipped: the partition goes on once the broker's disk is mended, the others meanwhile."""
    project, kafka, _, database = own_servers
    contents = drop_files(project, 0, 3)
    project.run("publish", *sorted((project.folder / "inbox").iterdir()))
    kafka.stop()
    segments = sorted(kafka.data.glob("sick.orders-*/*.log"), key=lambda path: path.stat().st_size)
    healthy = segments[-1].read_bytes()
    broken = bytearray(healthy)
    broken[len(broken) // 2] ^= 0xFF
    segments[-1].write_bytes(broken)
    kafka.start()
    worker = project.start("worker")
    wait_until(lambda: "Kafka has a damaged message" in worker.output(), 120, "the worker tells")
    assert segments[-1].parent.name.replace("-", "/") in worker.output()
    wait_until(lambda: database.value("SELECT count(DISTINCT partition) FROM penstock.chunk") >= len(segments) - 1,
               120, "the other partitions load")
    assert worker.running()
    assert database.value("SELECT count(*) FROM penstock.dead_letter") == 0
    worker.stop()
    kafka.stop()
    segments[-1].write_bytes(healthy)
    kafka.start()
    project.start("worker")
    all_there(project, database, contents)
