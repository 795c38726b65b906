# SPDX-License-Identifier: Apache-2.0
"""The demo as a newcomer runs it: from files to the right answers, twice, and nothing left running."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

import psycopg2
import pytest

from support import world
from support.penstock import binary
from support.process import die_with_parent, end
from support.wait import wait_until

PATIENCE = 240


def processes_in(folder):
    """Command lines that name the folder."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in command and int(path.parent.name) != os.getpid():
            found.append(command)
    return found


def demo(folder):
    done = subprocess.run([world.FOLDER / "demo", folder], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE,
                          env={**os.environ, "PENSTOCK": str(binary())}, preexec_fn=die_with_parent())
    assert done.returncode == 0, done.stdout
    assert processes_in(folder) == []
    return done.stdout


def tables(folder):
    """Every row of every table of ours, and the ledger's chunks, as `penstock dev` has them in the folder."""
    with open(folder / "again.log", "wb") as log:
        dev = subprocess.Popen([binary(), "-C", folder, "dev"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                               preexec_fn=die_with_parent(signal.SIGTERM))
    try:
        wait_until(lambda: b"penstock dev is ready" in (folder / "again.log").read_bytes(), 60, "dev is ready")
        address = re.search(r"^PENSTOCK_POSTGRES=(.*)$", (folder / ".penstock" / "dev.env").read_text(), re.M).group(1)
        with psycopg2.connect(address) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT table_schema, table_name FROM information_schema.tables"
                           " WHERE table_schema IN ('raw', 'marts') UNION"
                           " SELECT 'marts', matviewname FROM pg_matviews WHERE schemaname = 'marts'")
            names = [f"{schema}.{table}" for schema, table in cursor.fetchall()]
            rows = {}
            for name in names:
                cursor.execute(f"SELECT t::text FROM {name} t ORDER BY 1")
                rows[name] = [row for row, in cursor.fetchall()]
            cursor.execute("SELECT dataset, file_id, chunk, rows, rejects, loaded_at FROM penstock.chunk ORDER BY 1, 2, 3")
            rows["chunks"] = cursor.fetchall()
        connection.close()
        return rows
    finally:
        end(dev)


@pytest.fixture(scope="module")
def first():
    """The folder and the output of the first run. The unprivileged Postgres must reach the folder."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="penstock-demo-"))
    folder.chmod(0o755)
    yield folder, demo(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("report", sorted(world.ANSWERS))
def test_the_demo_gives_the_answers_the_files_give(first, report):
    folder, _ = first
    rows = world.markdown_rows(folder / "output" / f"{report}.md")
    assert rows == [["" if cell is None else str(cell) for cell in row] for row in world.ANSWERS[report]()]


def test_it_prints_report_lag_and_status(first):
    folder, out = first
    assert (folder / "output" / "1-growth.md").read_text() in out
    for dataset in world.raw_counts():
        assert f"world.{dataset}" in out


def test_a_second_run_changes_nothing(first):
    folder, _ = first
    before = tables(folder)
    assert {name: len(rows) for name, rows in before.items() if name.startswith("raw.")} == \
        {f"raw.{name}": count for name, count in world.raw_counts().items()}
    demo(folder)
    assert tables(folder) == before
