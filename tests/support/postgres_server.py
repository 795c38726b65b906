# SPDX-License-Identifier: Apache-2.0
"""A real Postgres: initdb in a folder of its own, a free port of 127.0.0.1, never as root."""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import psycopg2

from .process import die_with_parent, end, free_port, tail, unprivileged_user
from .wait import wait_until

USER = "penstock"

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "shared_buffers": "64MB",
    "max_connections": "60",
    "synchronous_commit": "on",
    "fsync": "off",  # a kill -9 of the server loses nothing the kernel has; only a power cut would
    "deadlock_timeout": "200ms",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] %q%a ",
    "timezone": "UTC",
}


def binaries():
    """The newest Postgres this machine has."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    assert found, "no PostgreSQL server is installed: apt-get install postgresql-15"
    return found[-1].parent


class PostgresServer:
    """start, stop, kill (-9), restart; databases by name."""

    def __init__(self, settings=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="penstock-postgres-"))
        self.data = self.folder / "data"
        self.log = self.folder / "server.log"
        self.port = free_port()
        self.process = None
        self._user = unprivileged_user()
        self._bin = binaries()
        if self._user:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
        done = subprocess.run(
            self._as_user([str(self._bin / "initdb"), "-D", str(self.data), "-U", USER, "-A", "trust",
                           "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            cwd=self.folder)
        assert done.returncode == 0, f"initdb failed:\n{done.stdout}"
        lines = {**SETTINGS, "port": str(self.port), "unix_socket_directories": str(self.folder),
                 **(settings or {})}
        with open(self.data / "postgresql.conf", "a") as config:
            config.writelines(f"{key} = '{value}'\n" for key, value in lines.items())

    def _as_user(self, command):
        """setpriv sets the death signal after it changed the user, where the kernel would forget it."""
        if not self._user:
            return command
        return ["setpriv", f"--reuid={self._user.pw_uid}", f"--regid={self._user.pw_gid}",
                "--clear-groups", "--pdeathsig=QUIT", *command]

    def start(self, timeout=90):
        """Returns once it takes connections (after recovery, where it needs one)."""
        assert self.process is None, "Postgres is running already"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self._as_user([str(self._bin / "postgres"), "-D", str(self.data)]),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                preexec_fn=die_with_parent(signal.SIGQUIT))
        try:
            wait_until(self._answers, timeout, f"Postgres answers on port {self.port}")
        except AssertionError as error:
            self.kill()
            raise AssertionError(f"{error}\n{tail(self.log)}") from None
        return self

    def _answers(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"Postgres ended with {self.process.returncode}")
        self.connect("postgres").close()
        return True

    def conninfo(self, database):
        """What penstock.yml's `postgres:` takes."""
        return f"host=127.0.0.1 port={self.port} user={USER} dbname={database}"

    def connect(self, database):
        """An autocommit connection."""
        connection = psycopg2.connect(self.conninfo(database), connect_timeout=30)
        connection.autocommit = True
        return connection

    def create_database(self, name):
        with Database(self, "postgres") as server:
            server.execute(f'CREATE DATABASE "{name}"')
        return Database(self, name)

    def drop_database(self, name):
        with Database(self, "postgres") as server:
            server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def stop(self):
        """A fast shutdown: sessions are ended, the data is clean."""
        if self.process is not None:
            end(self.process, signal.SIGINT)
            self.process = None

    def kill(self):
        """kill -9 of the postmaster and every backend."""
        if self.process is None:
            return
        backends = self._stopped() if self.process.poll() is None else []
        for pid in backends:
            os.kill(pid, signal.SIGKILL)
        end(self.process, signal.SIGKILL)
        wait_until(lambda: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in backends),
                   what="killed backends are gone")
        self.process = None

    def _stopped(self):
        """The backends, while the postmaster stands still: it makes no more, and none's number becomes another's."""
        self.process.send_signal(signal.SIGSTOP)
        wait_until(lambda: state(self.process.pid) == "T", what="the postmaster stands still")
        return children(self.process.pid)

    def freeze(self):
        """Stops the clock of the postmaster and every backend: connections stay, nothing answers."""
        for pid in self._stopped():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self):
        for pid in [*children(self.process.pid), self.process.pid]:
            os.kill(pid, signal.SIGCONT)

    def close(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def state(pid):
    """R, S, T ... as /proc tells it."""
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def children(pid):
    listed = subprocess.run(["pgrep", "-P", str(pid)], stdout=subprocess.PIPE, text=True, check=False)
    return [int(line) for line in listed.stdout.split()]


class Database:
    """One database and a connection to it. A call that finds the server gone fails; the next one connects anew."""

    def __init__(self, server, name):
        self.server = server
        self.name = name
        self._connection = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def conninfo(self):
        return self.server.conninfo(self.name)

    def connect(self):
        """A connection of the caller's own, for sessions that block or hold transactions."""
        return self.server.connect(self.name)

    def execute(self, sql, parameters=None):
        """Runs the statement; its rows as tuples, or [] where it gives none."""
        if self._connection is None or self._connection.closed:
            self._connection = self.connect()
        with self._connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []

    def value(self, sql, parameters=None):
        """The only column of the only row."""
        rows = self.execute(sql, parameters)
        assert len(rows) == 1 and len(rows[0]) == 1, f"one value expected, got {rows!r} from {sql}"
        return rows[0][0]

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None
