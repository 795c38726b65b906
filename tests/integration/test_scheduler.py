# SPDX-License-Identifier: Apache-2.0
"""The scheduler as a service, on a real Postgres: election, triggers, reports, metrics."""
import urllib.request

import pytest

from support.models import after_load_project
from support.process import free_port
from support.wait import wait_until


@pytest.fixture
def project(request, database, unique, tmp_path):
    yield from after_load_project(request, database, unique, tmp_path, "300ms")


def load(database, value, state="complete", notify=True):
    """What a worker leaves behind."""
    file_id = database.value("SELECT coalesce(max(file_id), 0) + 1 FROM penstock.file")
    database.execute(
        "BEGIN; INSERT INTO raw.t VALUES (%s);"
        "INSERT INTO penstock.file (dataset, file_id, sha256, name, chunks, state, complete_at) "
        "VALUES ('t', %s, 'x', 'f', 1, %s, now());"
        "INSERT INTO penstock.chunk (dataset, file_id, chunk, byte_start, byte_end, first_row, records, rows, rejects, "
        "partition, \"offset\", worker, crc) VALUES ('t', %s, 0, 0, 1, 1, 1, 1, 0, 0, 0, 'w', '0'); COMMIT",
        (value, file_id, state, file_id))
    if notify:
        database.execute("SELECT pg_notify('penstock_loaded', 't ' || %s)", (str(file_id),))


def values(database):
    if not database.value("SELECT to_regclass('marts.m') IS NOT NULL"):
        return None
    return [row[0] for row in database.execute("SELECT a FROM marts.m ORDER BY a")]


def leader(database):
    rows = database.execute("SELECT generation, split_part(holder, ':', 2)::int FROM penstock.leader")
    return rows[0] if rows else (0, 0)


def test_loads_trigger_runs(project, database):
    load(database, 2)
    service = project.start("scheduler")
    # Loaded while nobody led: found by looking.
    wait_until(lambda: values(database) == [1, 2])
    load(database, 3)
    wait_until(lambda: values(database) == [1, 2, 3])
    # Marked complete by nobody: found by sweeping.
    load(database, 4, state="loading", notify=False)
    wait_until(lambda: values(database) == [1, 2, 3, 4])
    # Many files at once, one or two runs.
    runs = database.value("SELECT count(*) FROM penstock.run")
    for i in range(5, 25):
        load(database, i)
    wait_until(lambda: values(database) == list(range(1, 25)))
    assert database.value("SELECT count(*) FROM penstock.run") - runs <= 4
    assert set(database.execute("SELECT trigger, state FROM penstock.run")) == {("load", "published")}
    assert service.stop() == 0


def test_a_model_has_a_clock_of_its_own(project, database):
    """What fell due for it alone runs it alone; a load runs all others."""
    project.config["schedule"]["recalculate"] = {"cron": "@yearly", "after_load": True, "debounce": "100ms"}
    project.write()
    project.model("marts.own", "SELECT a FROM raw.t", materialized="table", schedule="@yearly")
    database.execute("INSERT INTO penstock.run (trigger, state, generation, started_at) "
                     "VALUES ('hand', 'published', 0, now() - interval '2 years');"
                     "INSERT INTO penstock.model_run (run_id, model, materialized, state) VALUES (1, 'marts.own', 'table', 'published')")
    service = project.start("scheduler")
    wait_until(lambda: database.execute("SELECT run_id, trigger, models FROM penstock.run WHERE state = 'published' "
                                        "ORDER BY 1")[1:] == [(2, "cron", ["marts.own"])])
    load(database, 2)
    wait_until(lambda: values(database) == [1, 2])
    assert database.execute("TABLE marts.own") == [(1,)]
    assert service.stop() == 0
    assert {(row[0], tuple(row[1])) for row in database.execute("SELECT trigger, models FROM penstock.run WHERE run_id > 1")} == {
        ("cron", ("marts.own",)), ("load", ("marts.m",))}


def test_the_clock_triggers_runs(project, database):
    project.config["schedule"]["recalculate"] = {"cron": "*/10 * * * *", "time_zone": "Asia/Kathmandu", "after_load": False}
    project.write()
    project.model("marts.own", "-- schedule: @yearly\nSELECT 1 AS a", materialized="table")
    # The last run is long past: what fell due since is made up for once.
    database.execute("INSERT INTO penstock.run (trigger, state, generation, started_at) "
                     "VALUES ('cron', 'published', 0, now() - interval '1 day')")
    service = project.start("scheduler")
    wait_until(lambda: values(database) == [1])
    assert database.execute("SELECT DISTINCT model FROM penstock.model_run") == [("marts.m",)]
    assert database.value("SELECT to_regclass('marts.own') IS NULL")
    assert service.stop() == 0
    project.config["schedule"]["recalculate"]["time_zone"] = "Asia/Nowhere"
    project.write()
    assert "no such zone" in project.run("scheduler", code=2).err


@pytest.mark.parametrize("how", ["kill", "freeze"])
def test_another_takes_over(project, database, how):
    services = {}
    for _ in range(2):
        service = project.start("scheduler")
        services[service.pid] = service
    wait_until(lambda: leader(database)[1] in services)
    generation, first = leader(database)
    load(database, 2)
    wait_until(lambda: values(database) == [1, 2])
    second = next(service for pid, service in services.items() if pid != first)
    wait_until(lambda: "standing by: another scheduler leads" in second.output(), what="the second says that it waits")
    getattr(services[first], how)()
    wait_until(lambda: leader(database)[1] not in (0, first), timeout=60, what="the second leads")
    assert leader(database)[0] == generation + 1
    load(database, 3)
    wait_until(lambda: values(database) == [1, 2, 3])
    if how == "freeze":
        services[first].thaw()
        load(database, 4)
        wait_until(lambda: values(database) == [1, 2, 3, 4])
        wait_until(lambda: "leadership is lost" in services[first].output(), what="the frozen one noticed")
        assert leader(database)[0] == generation + 1
    assert database.execute("SELECT DISTINCT generation FROM penstock.run ORDER BY 1") == [(generation,), (generation + 1,)]
    wait_until(lambda: set(database.execute("SELECT state FROM penstock.run")) == {("published",)}, what="all runs are published")


def test_a_deposed_leader_publishes_nothing(project, database):
    """Somebody else is elected while the run is under way: its commit is fenced off."""
    database.execute("CREATE TABLE raw.gate (a int); INSERT INTO raw.gate VALUES (7)")
    project.model("marts.m", "SELECT a FROM raw.t UNION ALL SELECT a FROM raw.gate", materialized="table")
    gate = database.connect()
    gate.autocommit = False
    cursor = gate.cursor()
    service = project.start("scheduler")
    wait_until(lambda: leader(database)[0] == 1)
    cursor.execute("LOCK TABLE raw.gate IN ACCESS EXCLUSIVE MODE")
    load(database, 2)
    wait_until(lambda: database.value("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'penstock run%' "
                                      "AND wait_event_type = 'Lock'") == 1)
    database.execute("UPDATE penstock.leader SET generation = 50")
    gate.rollback()
    gate.close()
    wait_until(lambda: database.value("SELECT count(*) FROM penstock.run WHERE state = 'failed' "
                                      "AND error LIKE '%another scheduler has taken over%'") >= 1)
    assert values(database) is None
    service.kill()


def test_reports_and_metrics(project, database):
    listen = f"127.0.0.1:{free_port()}"
    project.check("small", "SELECT a FROM marts.m WHERE a > 100")
    project.report("all", "SELECT a FROM marts.m ORDER BY a")
    project.start("scheduler", "--listen", listen)
    load(database, 2)
    report = project.folder / "output" / "all.csv"
    wait_until(lambda: report.exists() and report.read_text() == "a\n1\n2\n")
    load(database, 101)
    wait_until(lambda: 'penstock_runs_total{state="failed"} 1' in metrics(listen))
    assert "penstock_scheduler_leader 1" in metrics(listen)
    assert 'penstock_run_failed_checks{severity="error"} 1' in metrics(listen)
    assert values(database) == [1, 2] and report.read_text() == "a\n1\n2\n"


def metrics(listen):
    with urllib.request.urlopen(f"http://{listen}/metrics", timeout=60) as answer:
        return answer.read().decode()


def test_postgres_may_go_and_come_back(project, database, postgres):
    service = project.start("scheduler")
    wait_until(lambda: leader(database)[0] == 1)
    postgres.kill()
    wait_until(lambda: "away" in service.output() or "leadership" in service.output())
    postgres.start()
    wait_until(lambda: leader(database)[0] >= 2, timeout=60)
    load(database, 2)
    wait_until(lambda: values(database) == [1, 2])
    assert service.stop() == 0


def test_a_configuration_mistake_ends_it(project):
    project.model("marts.bad", "-- what: ever\nSELECT 1")
    assert "unknown key 'what'" in project.run("scheduler", code=2).err
