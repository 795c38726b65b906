# SPDX-License-Identifier: Apache-2.0
"""Behind pgbouncer in transaction mode: init, workers, publish --wait and status, sharing two server sessions."""
import os
import shutil
import subprocess

import psycopg2
import pytest

from support import versions
from support.process import die_with_parent, end, free_port, tail, unprivileged_user
from support.wait import wait_until

INI = """\
[databases]
* = host=127.0.0.1 port={server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users.txt
pool_mode = transaction
default_pool_size = 4
query_wait_timeout = 30
logfile = {folder}/pgbouncer.log
"""


@pytest.fixture
def pooler(postgres, database, tmp_path_factory):
    """A conninfo of `database` through a pgbouncer of this test's own."""
    folder = tmp_path_factory.mktemp("pgbouncer")
    port = free_port()
    user = database.value("SELECT current_user")
    (folder / "users.txt").write_text(f'"{user}" ""\n')
    (folder / "pgbouncer.ini").write_text(INI.format(server=postgres.port, port=port, folder=folder))
    account = unprivileged_user()
    command = [shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin"), str(folder / "pgbouncer.ini")]
    if account:
        for path in (folder, *folder.iterdir()):
            os.chown(path, account.pw_uid, account.pw_gid)
        folder.parent.chmod(0o755)
        folder.parent.parent.chmod(0o755)
        command[1:1] = ["-u", account.pw_name]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, preexec_fn=die_with_parent())
    conninfo = f"host=127.0.0.1 port={port} user={user} dbname={database.name}"

    def answers():
        assert process.poll() is None, tail(folder / "pgbouncer.log")
        psycopg2.connect(conninfo, connect_timeout=5).close()
        return True

    wait_until(answers, 60, "pgbouncer answers")
    yield conninfo
    end(process)


def test_all_that_loads_works_behind_it(project, database, pooler):
    project.config["postgres"] = pooler
    project.dataset("orders", versions.FIELDS, "orders*.csv", ["id"], chunk_bytes="16KiB")
    project.run("init")
    project.run("init")
    workers = [project.start("worker", "--jobs", "2") for _ in range(2)]
    publications = []
    for number in range(6):
        rows = versions.make_rows(number, 600, 900)
        path = project.file(f"orders-{number}.csv", versions.to_csv(rows))
        sent = project.json("publish", "--wait", path)[0]
        publications.append((sent["file_id"], rows))
    versions.assert_same(versions.table(database, "raw.orders"), versions.expected(publications))
    versions.assert_ledger_whole(database)
    # They did go through it: few sessions of the server's for more than that many clients.
    sessions = database.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                              " AND application_name LIKE 'penstock%'")
    assert sessions <= 4
    assert project.run("status").code == 0
    for worker in workers:
        assert worker.stop() == 0
