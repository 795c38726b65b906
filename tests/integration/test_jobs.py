# SPDX-License-Identifier: Apache-2.0
"""Command jobs on a real Postgres: by hand, by the clock, after batch runs; time limits, crashes, history."""
import os

import pytest

from support.models import after_load_project
from support.wait import wait_until


@pytest.fixture
def project(request, database, unique, tmp_path):
    yield from after_load_project(request, database, unique, tmp_path, "200ms")


def jobs(project, **entries):
    project.config["jobs"] = entries
    project.write()


def runs(database, columns="state"):
    return database.execute(f"SELECT {columns} FROM penstock.job_run ORDER BY job_run_id")


def load(database):
    """What a worker leaves behind."""
    database.execute(
        "INSERT INTO penstock.file (dataset, file_id, sha256, name, chunks, state, complete_at) "
        "SELECT 't', n, 'x', 'a', 1, 'complete', now() FROM (SELECT count(*) + 1 AS n FROM penstock.file) f;"
        "INSERT INTO penstock.chunk (dataset, file_id, chunk, byte_start, byte_end, first_row, records, "
        "rows, rejects, partition, \"offset\", worker, crc) SELECT 't', max(file_id), 0, 0, 1, 1, 1, 1, 0, "
        "0, 0, 'w', '0' FROM penstock.file; NOTIFY penstock_loaded, 't 1'")


def test_by_hand(project, database):
    jobs(project, greet={"command": ["sh", "-c", "echo $WHO $PENSTOCK_JOB; psql -Atc "
                                                 "'SELECT a + 41 FROM raw.t'; pwd"],
                         "environment": {"WHO": "${WHO}"}, "folder": "sql"},
         fail={"command": ["sh", "-c", "echo broken >&2; exit 3"]})
    project.environment["WHO"] = "world"
    done = project.run("job", "greet")
    assert done.out == f"world greet\n42\n{project.folder.resolve()}/sql\n"
    failed = project.json("job", "fail", code=1)
    assert failed == [{"job": "fail", "number": 2, "state": "failed",
                       "milliseconds": failed[0]["milliseconds"], "error": "exit code 3"}]
    assert runs(database, "job, trigger, state, exit_code, error, output") == [
        ("greet", "hand", "succeeded", 0, "", done.out),
        ("fail", "hand", "failed", 3, "exit code 3", "broken\n")]
    listed = {row["job"]: row for row in project.json("status")["jobs"]}
    assert listed["greet"]["state"] == "succeeded" and listed["fail"]["exit_code"] == 3
    assert "did you mean greet?" in project.run("job", "gret", code=2).err


def test_after_a_published_run_by_the_clock_and_never_two_at_once(project, database):
    jobs(project,
         follow={"command": ["sh", "-c", "psql -Atc 'SELECT sum(a) FROM marts.m'"],
                 "after": "run"},
         tick={"command": ["sh", "-c", "sleep 600"], "cron": "* * * * *", "timeout": "1h"})
    # Last started two hours ago: due now.
    database.execute("INSERT INTO penstock.job_run (job, trigger, state, holder, started_at) VALUES "
                     "('tick', 'cron', 'running', 'dead:1', now() - interval '2 hours')")
    first = project.start("scheduler")
    project.start("scheduler")
    load(database)
    wait_until(lambda: ("follow", "succeeded", "1\n") in runs(database, "job, state, output"))
    assert database.value("SELECT run_id FROM penstock.job_run WHERE job = 'follow'") == \
        database.value("SELECT max(run_id) FROM penstock.run WHERE state = 'published'")
    wait_until(lambda: database.value(
        "SELECT count(*) FROM penstock.job_run WHERE job = 'tick' AND state = 'running' AND holder <> 'dead:1'") == 1)
    # What a dead process left is told as that, and is not run twice.
    assert database.value("SELECT error FROM penstock.job_run WHERE holder = 'dead:1'") == \
        "the process ended before the job did"
    assert "is running already" in project.run("job", "tick", code=1).err
    assert first.stop() == 0
    wait_until(lambda: database.value("SELECT count(*) FROM penstock.job_run "
                                      "WHERE job = 'tick' AND state IN ('stopped', 'running')") >= 1)


def test_time_limit_and_kill(project, database):
    jobs(project, slow={"command": ["sh", "-c", "echo begun; sleep 600"], "timeout": "1s"},
         child={"command": ["sh", "-c", "echo $$ > pid; sleep 600"]})
    assert "took longer than its timeout" in project.run("job", "slow", code=1).out
    assert runs(database, "state, exit_code, output") == [("timed_out", None, "begun\n")]
    service = project.start("job", "child")
    wait_until(lambda: (project.folder / "pid").exists() and (project.folder / "pid").read_text().strip())
    service.kill()
    pid = int((project.folder / "pid").read_text())
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"))


def test_mistakes_in_the_configuration(project):
    for entry, message in [({}, "missing; expected a list"),
                           ({"command": []}, "names no program"),
                           ({"command": ["x"], "cron": "61 * * * *"}, "jobs.j.cron"),
                           ({"command": ["x"], "after": "load"}, "expected run or none"),
                           ({"command": ["x"], "environment": {"A B": "c"}}, "expected NAME: text"),
                           ({"command": ["x"], "timout": "1s"}, "did you mean timeout?")]:
        jobs(project, j=entry)
        assert message in project.run("scheduler", code=2).err
    jobs(project, j={"command": ["no-such-program"]})
    assert "no-such-program" in project.run("job", "j", code=1).err
    jobs(project, j={"command": ["x"], "environment": {"API_KEY": "hunter2"}})
    checked = project.run("config", "print")
    assert "hunter2" not in checked.out and "API_KEY" in checked.out
