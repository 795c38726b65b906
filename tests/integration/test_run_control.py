# SPDX-License-Identifier: Apache-2.0
"""Runs that are chosen, timed, tried again, cancelled and kept apart, on a real Postgres."""
import contextlib
import signal

import pytest

from support.models import ModelProject, make_ledger
from support.wait import wait_until


@pytest.fixture
def project(database, unique, tmp_path):
    make_ledger(database)
    database.execute("CREATE SCHEMA raw; CREATE TABLE raw.t (a int); INSERT INTO raw.t VALUES (1);"
                     "CREATE VIEW raw.gate AS SELECT a FROM raw.t, pg_advisory_xact_lock_shared(7)")
    project = ModelProject(tmp_path, database, f"{unique}.")
    yield project
    project.close()


@contextlib.contextmanager
def closed(database):
    """Whoever reads raw.gate waits."""
    connection = database.connect()
    connection.cursor().execute("SELECT pg_advisory_lock(7)")
    try:
        yield
    finally:
        connection.close()


def at_the_gate(database):
    """The sessions that wait there."""
    return [pid for pid, in database.execute("SELECT pid FROM pg_stat_activity WHERE application_name LIKE '%: model%' "
                                             "AND wait_event = 'advisory'")]


def states(database):
    return database.execute("SELECT run_id, state FROM penstock.run ORDER BY run_id")


def sessions(database):
    return database.value("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'penstock run%'")


def overlap(project, rule, **settings):
    project.config["schedule"] = {"recalculate": {"overlap": rule, **settings}}
    project.write()


def test_selection_follows_the_graph(project):
    for name, sql in {"a": "SELECT 1 AS x", "b": "SELECT x FROM a", "c": "SELECT x FROM b", "d": "SELECT x FROM b",
                      "e": "SELECT c.x FROM c JOIN d USING (x)", "f": "SELECT 2 AS x"}.items():
        project.model(f"marts.{name}", sql, materialized="table")

    def chosen(*words):
        return "".join(sorted(name[-1] for name in project.results(*words)))

    assert "(penstock run +marts.c)" in project.run("run", "c", code=2).err
    assert chosen("+c") == "abc"
    assert chosen() == "abcdef"
    assert chosen("d+") == "de"
    assert chosen("+marts.c+") == "abce"
    assert chosen("marts.[ab]", "f") == "abf"
    assert chosen("--select", "c", "-s", "d+") == "cde"
    assert chosen("--exclude", "b+") == "af"
    assert chosen("+e", "--exclude", "c", "--exclude", "marts.d") == "abe"
    assert "leaves no model" in project.run("run", "a", "--exclude", "a+", code=2).err
    assert "no model is called 'g+'" in project.run("run", "g+", code=2).err
    assert "names no model" in project.run("run", "+", code=2).err


def test_time_limits_are_kept(project, database):
    project.model("marts.slow", "SELECT a FROM raw.gate", materialized="table", timeout="300ms")
    project.model("marts.other", "SELECT 1 AS a", materialized="table")
    with closed(database):
        message = project.run("run", code=1).err
        assert "marts/slow.sql: the model took longer than its timeout allows" in message
        project.model("marts.slow", "SELECT a FROM raw.gate", materialized="table")
        overlap(project, "queue", timeout="300ms")
        assert "took longer than schedule.recalculate.timeout allows" in project.run("run", code=1).err
    assert [state for _, state in states(database)] == ["failed", "failed"]
    assert database.value("SELECT to_regclass('marts.other') IS NULL")
    project.run("run")
    for head, message in ({"timeout": "10"}, "expected a duration"), ({"timeout": "0"}, "expected a duration"):
        project.model("marts.other", "SELECT 1 AS a", materialized="table", **head)
        assert message in project.run("run", code=2).err
    project.model("marts.other", "SELECT 1 AS a", timeout="5s")
    assert "has no timeout" in project.run("run", code=2).err


def test_passing_trouble_is_tried_again(project, database):
    """Somebody ends the session, twice; then once more than is allowed."""
    project.model("marts.m", "SELECT a FROM raw.gate", materialized="table")
    for retries, code, expected in (2, 0, ["failed", "failed", "published"]), (1, 1, ["failed", "failed"]):
        overlap(project, "queue", retries=retries)
        seen = len(states(database))
        with closed(database):
            run = project.start("run")
            ended = []
            for _ in range(2):
                ended += wait_until(lambda: set(at_the_gate(database)) - set(ended))
                database.execute("SELECT pg_terminate_backend(%s)", (ended[-1],))
            if code == 0:
                wait_until(lambda: set(at_the_gate(database)) - set(ended))
        assert run.wait() == code
        assert [state for _, state in states(database)][seen:] == expected
    assert database.execute("SELECT attempt FROM penstock.run ORDER BY run_id") == [(1,), (2,), (3,), (1,), (2,)]


@pytest.mark.parametrize("how", ["command", "SIGINT", "SIGTERM"])
def test_a_cancelled_run_leaves_what_was(project, database, how):
    project.model("marts.m", "SELECT count(*) AS n FROM raw.gate", materialized="table")
    project.model("marts.n", "SELECT n FROM m", materialized="table")
    project.run("run")
    database.execute("INSERT INTO raw.t VALUES (2)")
    with closed(database):
        run = project.start("run")
        wait_until(lambda: at_the_gate(database))
        if how == "command":
            running = project.json("status")["runs"][0]
            assert (running["state"], running["progress"]) == ("running", "model 1 of 2: marts.m")
            assert "has ended already: it is published" in project.run("cancel", "1", code=1).err
            assert "there is no run 99" in project.run("cancel", "99", code=2).err
            assert project.run("cancel").out.startswith("run 2 is cancelled")
            assert run.wait() == 1
            assert "run 2 has ended: cancelled by " in run.output()
        else:
            run.process.send_signal(getattr(signal, how))
            assert run.wait() == 128 + getattr(signal, how)
    assert states(database) == [(1, "published"), (2, "cancelled")]
    assert database.execute("SELECT state FROM penstock.model_run WHERE run_id = 2 ORDER BY model") == [
        ("failed",), ("skipped",)]
    assert database.execute("TABLE marts.n") == [(1,)]
    assert "no run is under way" in project.run("cancel", code=1).err
    project.run("run")
    assert database.execute("TABLE marts.n") == [(2,)]


def test_a_request_alone_keeps_a_run_from_publishing(project, database):
    """No interrupt arrives (another role's, a session between two statements): the commit fails all the same."""
    project.model("marts.m", "SELECT a FROM raw.gate", materialized="table")
    with closed(database):
        run = project.start("run")
        wait_until(lambda: at_the_gate(database))
        database.execute("UPDATE penstock.run SET cancelled_by = 'a test' WHERE run_id = 1")
    assert run.wait() == 1
    assert "cancelled by a test" in run.output()
    assert states(database) == [(1, "cancelled")]
    assert database.value("SELECT to_regclass('marts.m') IS NULL")


def test_a_role_that_may_not_interrupt_is_heard_all_the_same(project, database, unique):
    role = f"clerk_{unique}"
    database.execute(f"CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA penstock TO {role};"
                     f"GRANT SELECT ON ALL TABLES IN SCHEMA penstock TO {role}; GRANT UPDATE ON penstock.run TO {role}")
    project.file("clerk.yml", f"kafka: {{bootstrap.servers: '127.0.0.1:1'}}\npostgres: {database.conninfo} user={role}\n")
    project.model("marts.m", "SELECT a FROM raw.gate", materialized="table")
    with closed(database):
        run = project.start("run")
        wait_until(lambda: at_the_gate(database))
        clerk = project.start("-c", "clerk.yml", "cancel")
        wait_until(lambda: database.value("SELECT cancelled_by IS NOT NULL FROM penstock.run"))
        assert clerk.running() and run.running()
    assert (run.wait(), clerk.wait()) == (1, 0)
    assert states(database) == [(1, "cancelled")]
    database.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_a_dead_run_is_cancelled_without_it(project, database):
    """Its process is gone, and another session has its process number by now."""
    database.execute("INSERT INTO penstock.run (trigger, state, generation, backend, backend_start) "
                     "SELECT 'hand', 'running', 0, pid, backend_start - interval '1 s' FROM pg_stat_activity "
                     "WHERE pid = pg_backend_pid()")
    assert project.json("status")["runs"][0]["progress"] == "its session is gone"
    assert project.run("cancel", "1").out.startswith("run 1 is cancelled")
    assert states(database) == [(1, "cancelled")]


def test_runs_queue(project, database):
    project.model("marts.m", "SELECT a FROM raw.gate", materialized="table")
    with closed(database):
        first = project.start("run")
        wait_until(lambda: at_the_gate(database))
        second = project.start("run")
        wait_until(lambda: states(database) == [(1, "running"), (2, "queued")])
        third = project.start("run")
        wait_until(lambda: len(states(database)) == 3)
        wait_until(lambda: project.json("status")["runs"][0]["progress"] == "waiting")
        assert project.run("cancel", "2").out.startswith("run 2 is cancelled")
        assert second.wait() == 1
        third.kill()
    assert first.wait() == 0
    wait_until(lambda: sessions(database) == 0, timeout=60)
    project.run("run")
    assert states(database) == [(1, "published"), (2, "cancelled"), (3, "failed"), (4, "published")]


def test_runs_refuse_to_overlap(project, database):
    project.model("marts.m", "SELECT a FROM raw.gate", materialized="table")
    overlap(project, "forbid")
    with closed(database):
        first = project.start("run")
        wait_until(lambda: at_the_gate(database))
        message = project.run("run", code=1).err
        assert "run 1 is under way (model 1 of 1: marts.m)" in message and "penstock cancel 1" in message
    assert first.wait() == 0
    assert states(database) == [(1, "published")]


def test_runs_replace_each_other(project, database):
    project.model("marts.m", "SELECT a FROM raw.gate", materialized="table")
    overlap(project, "replace")
    with closed(database):
        runs = []
        for i in range(4):
            runs.append(project.start("run"))
            wait_until(lambda: states(database)[-1:] == [(i + 1, "running")])
            wait_until(lambda: at_the_gate(database))
    assert [run.wait() for run in runs] == [1, 1, 1, 0]
    assert "cancelled by run 2" in runs[0].output()
    assert states(database) == [(1, "cancelled"), (2, "cancelled"), (3, "cancelled"), (4, "published")]


@pytest.mark.parametrize("rule", ["forbid", "replace"])
def test_the_service_keeps_to_the_rule(project, database, rule):
    """A load is not lost: forbidden runs are made up for, replaced ones too."""
    project.model("marts.m", "SELECT count(*) AS n FROM raw.gate", materialized="table")
    overlap(project, rule, after_load=True, debounce="100ms")
    with closed(database):
        by_hand = project.start("run")
        wait_until(lambda: at_the_gate(database))
        service = project.start("scheduler")
        wait_until(lambda: database.value("SELECT count(*) FROM penstock.leader"))
        database.execute("INSERT INTO penstock.file (dataset, file_id, sha256, name, chunks, state, complete_at) "
                         "VALUES ('t', 1, 'x', 'f', 1, 'complete', now());"
                         "INSERT INTO penstock.chunk (dataset, file_id, chunk, byte_start, byte_end, first_row, records, "
                         "rows, rejects, partition, \"offset\", worker, crc) VALUES ('t', 1, 0, 0, 1, 1, 1, 1, 0, 0, 0, "
                         "'w', '0'); SELECT pg_notify('penstock_loaded', 't 1')")
        if rule == "forbid":
            wait_until(lambda: "the run has to wait" in service.output())
        else:
            wait_until(lambda: states(database) == [(1, "cancelled"), (2, "running")])
    assert by_hand.wait() == (0 if rule == "forbid" else 1)
    wait_until(lambda: database.value("SELECT count(*) FROM penstock.run WHERE trigger = 'load' AND state = 'published'"))
    assert service.stop() == 0
