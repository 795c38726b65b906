# SPDX-License-Identifier: Apache-2.0
"""A publication taken back: the table is what the others say, also beside workers, also after a kill at any step."""
import pytest

from support import versions
from support.wait import wait_until

RULES = {"last": "last", "first": "first", "greatest": {"greatest": "updated_at"}}
POINTS = ["retract.noted", "rebuild.compared", "rebuild.applied", "rebuild.marked", "rebuild.committed"]


def state_of(database, file_id):
    return database.value("SELECT state FROM penstock.file WHERE file_id = %s", (file_id,))


def publish(project, name, seed, dataset, rows=300, keys=350):
    content = versions.make_rows(seed, rows, keys)
    path = project.file(name, versions.to_csv(content))
    return project.json("publish", "--dataset", dataset, path)[0]["file_id"], content


def publish_all(project, seeds, dataset, rows=300, keys=350):
    contents = [versions.make_rows(seed, rows, keys) for seed in seeds]
    paths = [project.file(f"{seed}.csv", versions.to_csv(content)) for seed, content in zip(seeds, contents)]
    return [(one["file_id"], content) for one, content in
            zip(project.json("publish", "--dataset", dataset, *paths), contents)]


def complete(database, files):
    return database.value("SELECT count(*) FROM penstock.file WHERE state = 'complete'") == files


def test_each_rule_gives_back_what_was_replaced(project, database):
    for name, rule in RULES.items():
        project.dataset(name, versions.FIELDS, "none", ["id"], on_conflict=rule, chunk_bytes="16KiB")
    project.dataset("appended", versions.FIELDS, "none", ["_file", "_row"], chunk_bytes="16KiB")
    project.run("init")
    project.start("worker")
    names = [*RULES, "appended"]
    publications = {name: publish_all(project, range(4), name) for name in names}
    wait_until(lambda: complete(database, 16), 60, "all is loaded")
    for name in RULES:
        foreseen = project.json("retract", "--dataset", name, "2.csv", "--dry-run")[0]
        assert foreseen["outcome"] == "would be retracted"
        done = project.json("retract", "--dataset", name, "2.csv", "--reason", "a mistake")[0]
        assert [done[k] for k in ("removed", "came_back", "replaced")] == \
            [foreseen[k] for k in ("removed", "came_back", "replaced")]
        gone = publications[name].pop(2)
        assert state_of(database, gone[0]) == "retracted"
        versions.assert_same(versions.table(database, f"raw.{name}"), versions.expected(publications[name], name))
    assert project.json("retract", "--file-id", publications["appended"][0][0])[0]["removed"] == 300
    assert database.value("SELECT count(*) FROM raw.appended") == 900
    # Again is nothing; what does not exist or is not the only one is told.
    assert "retracted before" in project.run("retract", "--dataset", "last", "2.csv").out
    assert "no such publication" in project.run("retract", "9.csv", code=1).err
    assert "4 publications fit; say which:\n  --file-id" in project.run("retract", "3.csv", code=2).err
    assert "say which: FILE, --file-id or --sha256" in project.run("retract", code=2).err
    # The same content stays out until it is meant.
    path = project.file("2.csv", versions.to_csv(versions.make_rows(2, 300, 350)))
    told = project.run("publish", "--dataset", "last", path, code=1).out
    assert "retracted before" in told and "--again publishes it anew: a mistake" in told
    again = project.json("publish", "--dataset", "last", "--again", "--wait", path)[0]
    publications["last"].append((again["file_id"], versions.make_rows(2, 300, 350)))
    versions.assert_same(versions.table(database, "raw.last"), versions.expected(publications["last"]))


def test_what_waits_on_the_topic_stays_out(project, database):
    project.dataset("orders", versions.FIELDS, "*.csv", ["id"], chunk_bytes="16KiB")
    project.run("init")
    kept, gone = publish(project, "a.csv", 1, "orders"), publish(project, "b.csv", 2, "orders")
    assert project.json("retract", "b.csv")[0]["removed"] == 0
    project.start("worker")
    project.start("producer", "--repair", "300ms")
    wait_until(lambda: sum(row["lag"] for row in project.json("lag")) == 0, 30, "the topic is read")
    wait_until(lambda: complete(database, 1), 30, "the other file is complete")
    versions.assert_same(versions.table(database, "raw.orders"), versions.expected([kept]))
    assert state_of(database, gone[0]) == "retracted"
    # Nor does a rebuilt ledger bring it back.
    project.run("init", "--recreate", "--yes")
    wait_until(lambda: complete(database, 1), 30, "the other file is back")
    versions.assert_same(versions.table(database, "raw.orders"), versions.expected([kept]))
    project.run("verify")


def test_the_latest_file_taken_back_gives_the_one_before(project, database):
    project.dataset("stock", versions.FIELDS, "*.csv", ["id"], keep="latest_file", chunk_bytes="16KiB")
    project.run("init")
    project.start("worker")
    publications = publish_all(project, range(3), "stock")
    wait_until(lambda: complete(database, 1) and state_of(database, publications[2][0]) == "complete", 30)
    versions.assert_same(versions.table(database, "raw.stock"), versions.expected(publications[2:]))
    project.run("retract", "2.csv")
    versions.assert_same(versions.table(database, "raw.stock"), versions.expected([publications[1]]))
    assert [state_of(database, p[0]) for p in publications] == ["superseded", "complete", "retracted"]
    project.run("verify")
    project.run("retract", "0.csv")
    publications.append(publish(project, "3.csv", 3, "stock"))
    wait_until(lambda: state_of(database, publications[3][0]) == "complete", 30)
    versions.assert_same(versions.table(database, "raw.stock"), versions.expected([publications[3]]))
    assert state_of(database, publications[1][0]) == "superseded"


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_any_step_it_is_finished_by_the_next_try(project, database, point):
    project.dataset("orders", versions.FIELDS, "*.csv", ["id"], chunk_bytes="16KiB")
    project.run("init")
    project.start("worker")
    publications = publish_all(project, range(3), "orders")
    wait_until(lambda: complete(database, 3), 30, "all is loaded")
    project.run("retract", "1.csv", code=-9, env={"PENSTOCK_FAULT": point})
    done = point == "rebuild.committed"
    before, after = versions.expected(publications), versions.expected([publications[0], publications[2]])
    versions.assert_same(versions.table(database, "raw.orders"), after if done else before)
    # Verify knows already that it is not over.
    project.run("verify", code=0 if done else 3)
    if point == "rebuild.marked":
        project.run("verify", "--repair")
    else:
        project.run("retract", "1.csv")
    versions.assert_same(versions.table(database, "raw.orders"), after)
    assert state_of(database, publications[1][0]) == "retracted"
    project.run("verify")


def test_beside_workers_that_load(project, database):
    project.dataset("orders", versions.FIELDS, "*.csv", ["id"], chunk_bytes="16KiB")
    project.run("init")
    publications = publish_all(project, range(2), "orders", 600, 500)
    project.start("worker", "--jobs", "2")
    wait_until(lambda: complete(database, 2), 30)
    more = publish_all(project, range(2, 6), "orders", 600, 500)
    project.run("retract", "1.csv")
    project.run("retract", "4.csv")
    more += publish_all(project, range(6, 8), "orders", 600, 500)
    left = [p for n, p in enumerate(publications + more) if n not in (1, 4)]
    wait_until(lambda: complete(database, len(left)), 30, "the others are complete")
    versions.assert_same(versions.table(database, "raw.orders"), versions.expected(left))
    project.run("verify")
