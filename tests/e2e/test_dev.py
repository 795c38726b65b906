# SPDX-License-Identifier: Apache-2.0
"""`penstock dev`: everything on one machine, ended as one, and going on where it was."""
import os
import pathlib
import re
import shutil
import signal
import socket
import tempfile
import urllib.request

import psycopg2
import pytest

from support import versions
from support.penstock import Project
from support.wait import wait_until


@pytest.fixture
def project():
    """A project without servers of its own: dev brings them. Its unprivileged Postgres reaches the folder."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="penstock-dev-"))
    folder.chmod(0o755)
    project = Project(folder, "127.0.0.1:1", "", "penstock.")
    project.config["monitor"] = {"listen": "127.0.0.1:0"}
    project.dataset("orders", versions.FIELDS, "orders*.csv", ["id"])
    yield project
    project.close()
    print(project.logs())
    for log in sorted((project.folder / ".penstock" / "log").glob("*.log")):
        print(f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}")
    shutil.rmtree(folder, ignore_errors=True)


def start(project):
    dev = project.start("dev", "--workers", "2")
    wait_until(lambda: "penstock dev is ready" in dev.output() or not dev.running(), 60, "dev is ready")
    assert dev.running(), dev.output()
    return dev


def connect(dev):
    """With the line dev prints for people."""
    url = re.findall(r"psql '([^']+)'", dev.output())[-1]
    connection = psycopg2.connect(url)
    connection.autocommit = True
    return connection


def answers(url):
    try:
        return urllib.request.urlopen(url, timeout=60).status == 200
    except OSError:
        return False


def query(connection, sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


class Reader:
    """What support.versions asks of a database."""

    def __init__(self, connection):
        self.connection = connection

    def execute(self, sql):
        return query(self.connection, sql)


def family(folder):
    """Processes that name this project on their command line, or work in its folder."""
    found = {}
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            state = (process / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if str(folder) in words and state != "Z" and int(process.name) != os.getpid():
            found[int(process.name)] = words
    return found


def all_loaded(connection, files):
    return query(connection, "SELECT count(*) FROM penstock.file WHERE state = 'complete'") == [(files,)]


def test_dev_from_an_empty_folder_to_ctrl_c_and_on(project):
    contents = [versions.make_rows(n, 300, 400) for n in range(2)]
    dev = start(project)
    connection = connect(dev)
    project.drop("orders-0.csv", versions.to_csv(contents[0]))
    wait_until(lambda: all_loaded(connection, 1), 60, "the first file loaded")
    wait_until(lambda: "orders-0.csv" in dev.output(), 60, "dev tells about the file")
    # Other commands in the folder find the servers.
    # (A member that joins meanwhile delays the commit of an offset, not the rows.)
    wait_until(lambda: sum(row["lag"] for row in project.json("lag")) == 0, 60, "no lag")
    broker = re.findall(r"kcat -b (\S+)", dev.output())[-1]
    assert "penstock.orders" in os.popen(f"kcat -b {broker} -L").read()
    connection.close()
    dev.process.send_signal(signal.SIGINT)
    assert dev.wait() == 0
    assert family(project.folder) == {}

    # The second time: the broker has forgotten everything, the tables and the ledger have not.
    dev = start(project)
    connection = connect(dev)
    assert all_loaded(connection, 1)
    project.drop("orders-1.csv", versions.to_csv(contents[1]))
    wait_until(lambda: all_loaded(connection, 2), 60, "the second file loaded")
    ids = dict(query(connection, "SELECT name, file_id FROM penstock.file"))
    publications = [(ids[f"orders-{n}.csv"], contents[n]) for n in range(2)]
    versions.assert_same(versions.table(Reader(connection), "raw.orders"), versions.expected(publications))
    connection.close()
    assert dev.stop() == 0
    assert family(project.folder) == {}


def children_named(project, word):
    return [pid for pid, words in family(project.folder).items() if f" {word}" in words]


def test_what_dies_is_started_again_and_what_the_broker_forgot_is_repaired(project):
    dev = start(project)
    connection = connect(dev)
    for pid in children_named(project, "worker"):
        os.kill(pid, signal.SIGKILL)
    rows = versions.make_rows(5, 300, 400)
    project.drop("orders-5.csv", versions.to_csv(rows))
    wait_until(lambda: all_loaded(connection, 1), 60, "the file loaded by new workers")
    for pid in children_named(project, "dev broker"):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: "starting it and its clients anew" in dev.output(), 60, "dev notices")
    more = versions.make_rows(6, 300, 400)
    project.drop("orders-6.csv", versions.to_csv(more))
    wait_until(lambda: all_loaded(connection, 2), 60, "the next file loaded through the new broker")
    connection.close()
    # kill -9 of dev itself: the kernel tells its children.
    dev.kill()
    wait_until(lambda: family(project.folder) == {}, 60, "no process is left")


def test_a_taken_port_and_files_the_ledger_does_not_know_are_told(project):
    rows = versions.to_csv(versions.make_rows(1, 30, 40))
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = "127.0.0.1:%d" % other.getsockname()[1]
        project.config["monitor"] = {"listen": taken}
        project.write()
        dev = start(project)
        monitor, = re.findall(rf"monitor +(http://\S+) \({taken} is taken\)", dev.output())
        wait_until(lambda: answers(monitor + "livez"), 60, "the monitor answers where dev says")
        project.drop("order \"1\".csv", rows)
        wait_until(lambda: "no dataset takes files of this name" in dev.output(), 60, "dev tells of the file it leaves")
        assert re.search(r'^left +\S*inbox/order "1".csv +no dataset', dev.output(), re.M), dev.output()
        project.drop("orders-1.csv", rows)
        wait_until(lambda: "loaded         orders-1.csv" in dev.output(), 60, "the file loaded")
        project.drop("orders-2.csv", rows)
        wait_until(lambda: re.search(r"^known +orders-1.csv +the same content again", dev.output(), re.M), 60, "dev knows it")
        assert dev.stop() == 0


def test_a_second_dev_in_the_same_folder_is_refused(project):
    start(project)
    refused = project.run("dev", code=None, timeout=60)
    assert refused.code == 1 and "already runs" in refused.err


def refuse(project, reason):
    refused = project.run("dev", code=None, timeout=60)
    assert refused.code == 1 and reason in refused.err, refused.err
    assert str(project.folder / ".penstock" / "postgres.path") in refused.err


def test_data_that_cannot_be_reached_are_not_replaced_by_an_empty_database(project):
    dev = start(project)
    connection = connect(dev)
    project.drop("orders-1.csv", versions.to_csv(versions.make_rows(1, 30, 40)))
    wait_until(lambda: all_loaded(connection, 1), 60, "the file loaded")
    connection.close()
    assert dev.stop() == 0
    data = project.folder / ".penstock" / "postgres"
    data.rename(project.folder / "elsewhere")
    refuse(project, "it is gone")
    assert not data.exists()
    (project.folder / "elsewhere").rename(data)
    if os.geteuid() == 0:
        os.chmod(project.folder, 0o700)
        refuse(project, "Postgres' user may not pass a folder above it")
        os.chmod(project.folder, 0o755)
    dev = start(project)
    connection = connect(dev)
    assert all_loaded(connection, 1)
    connection.close()


def test_a_folder_postgres_may_not_enter_has_its_data_outside_and_goes_on(project):
    """As root only: an ordinary user's Postgres runs as himself, and enters what he enters."""
    os.chmod(project.folder, 0o700)
    dev = start(project)
    place = pathlib.Path((project.folder / ".penstock" / "postgres.path").read_text().strip())
    assert place.is_absolute() == (os.geteuid() == 0)
    connection = connect(dev)
    query(connection, "CREATE TABLE mine() ; SELECT 1")
    connection.close()
    assert dev.stop() == 0
    dev = start(project)
    connection = connect(dev)
    assert query(connection, "SELECT count(*) FROM mine") == [(0,)]
    connection.close()
    assert dev.stop() == 0
    if place.is_absolute():
        shutil.rmtree(place)
        pathlib.Path(f"{place}.log").unlink()
