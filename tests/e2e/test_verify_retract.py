# SPDX-License-Identifier: Apache-2.0
"""
Is the table what the files say? `verify` finds what somebody changed. And a publication taken back: the table is
what the others say, also beside workers, also after a kill at any step.
"""
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
    project.dataset("apart", versions.FIELDS, "none", ["id"])
    project.run("init")
    project.start("worker")
    names = [*RULES, "appended"]
    publications = {name: publish_all(project, range(4), name) for name in names}
    apart = [[(str(1000 * i + n), None, None, None, "x") for n in range(100)] for i in range(3)]
    paths = [project.file(f"apart-{i}.csv", versions.to_csv(rows)) for i, rows in enumerate(apart)]
    middle = project.json("publish", "--dataset", "apart", *paths)[1]["file_id"]
    wait_until(lambda: complete(database, 19), 60, "all is loaded")
    for name in RULES:
        foreseen = project.json("retract", "--dataset", name, "2.csv", "--dry-run")[0]
        assert foreseen["outcome"] == "would be retracted"
        done = project.json("retract", "--dataset", name, "2.csv", "--reason", "a mistake")[0]
        assert [done[k] for k in ("removed", "came_back", "replaced")] == \
            [foreseen[k] for k in ("removed", "came_back", "replaced")]
        gone = publications[name].pop(2)
        assert state_of(database, gone[0]) == "retracted"
        versions.assert_same(versions.table(database, f"raw.{name}"), versions.expected(publications[name], name))
    # Where nothing was replaced, not even the archive's content is needed.
    for name in ("appended", "apart"):
        for content in (project.folder / f"archive/{name}/objects").rglob("*"):
            if content.is_file():
                content.rename(content.with_suffix(".gone"))
    assert project.json("retract", "--file-id", publications["appended"][0][0])[0]["removed"] == 300
    assert database.value("SELECT count(*) FROM raw.appended") == 900
    for flags in (["--dry-run"], []):
        assert project.json("retract", "--file-id", middle, *flags)[0]["removed"] == 100
    assert [row[0] for row in database.execute("SELECT id FROM raw.apart ORDER BY id")] == [*range(100), *range(2000, 2100)]
    # Where something was, it is.
    project.run("publish", "--dataset", "apart", "--wait", project.file("more.csv", versions.to_csv(apart[0][:1])))
    assert "archive" in project.run("retract", "more.csv", code=1).err
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
    wait_until(lambda: sum(row["lag"] for row in project.json("lag")) == 0, 60, "the topic is read")
    wait_until(lambda: complete(database, 1), 60, "the other file is complete")
    versions.assert_same(versions.table(database, "raw.orders"), versions.expected([kept]))
    assert state_of(database, gone[0]) == "retracted"
    # Nor does a rebuilt ledger bring it back.
    project.run("init", "--recreate", "--yes")
    wait_until(lambda: complete(database, 1), 60, "the other file is back")
    versions.assert_same(versions.table(database, "raw.orders"), versions.expected([kept]))
    project.run("verify")


def test_the_latest_file_taken_back_gives_the_one_before(project, database):
    project.dataset("stock", versions.FIELDS, "*.csv", ["id"], keep="latest_file", chunk_bytes="16KiB")
    project.run("init")
    project.start("worker")
    publications = publish_all(project, range(3), "stock")
    wait_until(lambda: complete(database, 1) and state_of(database, publications[2][0]) == "complete")
    versions.assert_same(versions.table(database, "raw.stock"), versions.expected(publications[2:]))
    project.run("retract", "2.csv")
    versions.assert_same(versions.table(database, "raw.stock"), versions.expected([publications[1]]))
    assert [state_of(database, p[0]) for p in publications] == ["superseded", "complete", "retracted"]
    project.run("verify")
    project.run("retract", "0.csv")
    publications.append(publish(project, "3.csv", 3, "stock"))
    wait_until(lambda: state_of(database, publications[3][0]) == "complete")
    versions.assert_same(versions.table(database, "raw.stock"), versions.expected([publications[3]]))
    assert state_of(database, publications[1][0]) == "superseded"


def test_killed_at_any_step_it_is_finished_by_the_next_try(project, database):
    project.dataset("orders", versions.FIELDS, "*.csv", ["id"], chunk_bytes="16KiB")
    project.run("init")
    project.start("worker")
    left = publish_all(project, range(len(POINTS) + 2), "orders")
    wait_until(lambda: complete(database, len(left)), 60, "all is loaded")
    for number, point in enumerate(POINTS, 1):
        before = versions.expected(left)
        gone = left.pop(1)
        after = versions.expected(left)
        project.run("retract", f"{number}.csv", code=-9, env={"PENSTOCK_FAULT": point})
        done = point == "rebuild.committed"
        versions.assert_same(versions.table(database, "raw.orders"), after if done else before)
        # Verify knows already that it is not over.
        project.run("verify", code=0 if done else 3)
        if point == "rebuild.marked":
            project.run("verify", "--repair")
        else:
            project.run("retract", f"{number}.csv")
        versions.assert_same(versions.table(database, "raw.orders"), after)
        assert state_of(database, gone[0]) == "retracted"
    project.run("verify")


def test_a_frozen_worker_does_not_hold_it_up(project, database):
    project.dataset("orders", versions.FIELDS, "*.csv", ["id"], chunk_bytes="16KiB")
    project.run("init")
    database.execute(f"ALTER DATABASE \"{database.name}\" SET penstock.silence = '1 s'")
    publications = publish_all(project, range(2), "orders")
    worker = project.start("worker", env={"PENSTOCK_FAULT": "loader.rows:1:stop"})
    wait_until(lambda: database.value(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in tr%'"
        " AND application_name LIKE 'penstock%' AND state_change < now() - interval '0.5 s'") == 1, 60, "it is frozen")
    project.run("retract", "0.csv")
    worker.thaw()
    wait_until(lambda: complete(database, 1), 60, "the other file is complete")
    versions.assert_same(versions.table(database, "raw.orders"), versions.expected(publications[1:]))
    project.run("verify")


def test_beside_workers_that_load(project, database):
    project.dataset("orders", versions.FIELDS, "*.csv", ["id"], chunk_bytes="16KiB")
    project.run("init")
    publications = publish_all(project, range(2), "orders", 600, 500)
    project.start("worker", "--jobs", "2")
    wait_until(lambda: complete(database, 2))
    more = publish_all(project, range(2, 6), "orders", 600, 500)
    beside = project.start("retract", "1.csv")
    project.run("retract", "4.csv")
    assert beside.wait() == 0
    more += publish_all(project, range(6, 8), "orders", 600, 500)
    left = [p for n, p in enumerate(publications + more) if n not in (1, 4)]
    wait_until(lambda: complete(database, len(left)), 60, "the others are complete")
    versions.assert_same(versions.table(database, "raw.orders"), versions.expected(left))
    project.run("verify")


# ---- verify ----

def load(project, database, datasets, count=4, rows=300, keys=350):
    """Publishes the same files to each dataset; {dataset: [(file id, rows)]}."""
    contents = [versions.make_rows(number, rows, keys) for number in range(count)]
    paths = [project.file(f"orders-{number}.csv", versions.to_csv(content)) for number, content in enumerate(contents)]
    publications = {name: [(one["file_id"], content) for one, content in
                           zip(project.json("publish", "--dataset", name, *paths), contents)] for name in datasets}
    wait_until(lambda: complete(database, count * len(datasets)), 60, "all is loaded")
    return publications


def test_tampering_is_found_and_mended(project, database):
    for name, rule in RULES.items():
        project.dataset(name, versions.FIELDS, "none", ["id"], on_conflict=rule, chunk_bytes="16KiB")
    project.dataset("appended", versions.FIELDS, "none", ["_file", "_row"], chunk_bytes="16KiB")
    project.run("init")
    database.execute("ALTER TABLE raw.last ADD CHECK (amount > -9000)")
    project.start("worker")
    publications = load(project, database, [*RULES, "appended"])
    refused = database.value("SELECT count(*) FROM penstock.reject WHERE stage = 'load'")
    assert refused > 10
    clean = project.json("verify")
    assert [(d["dataset"], d["missing"], d["surplus"], d["different"]) for d in clean] == [
        (name, 0, 0, 0) for name in [*RULES, "appended"]]
    assert clean[3]["rows"] == 1200 and clean[0]["files"] == 4
    database.execute("""
        DELETE FROM raw.last WHERE id IN (SELECT id FROM raw.last ORDER BY id LIMIT 3);
        UPDATE raw.first SET note = 'somebody was here' WHERE id IN (SELECT id FROM raw.first ORDER BY id LIMIT 2);
        UPDATE raw.greatest SET _row = _row + 1 WHERE id = (SELECT min(id) FROM raw.greatest);
        INSERT INTO raw.appended (id, _file, _row) VALUES (1, 7, 1);
        DELETE FROM raw.appended WHERE _row = 5;
    """)
    found = {d["dataset"]: d for d in project.json("verify", code=3)}
    assert (found["last"]["missing"], found["last"]["surplus"], found["last"]["different"]) == (3, 0, 0)
    assert (found["first"]["missing"], found["first"]["surplus"], found["first"]["different"]) == (0, 0, 2)
    assert found["greatest"]["different"] == 1
    assert (found["appended"]["missing"], found["appended"]["surplus"]) == (4, 1)
    assert {(e["kind"], e["file"], e["record"]) for e in found["appended"]["examples"]} == {
        ("surplus", None, 0), *(("missing", f"orders-{n}.csv", 5) for n in range(4))}
    told = project.run("verify", "first", code=3).out
    assert "0 missing, 0 surplus, 2 different\n" in told and ", record " in told
    project.run("verify", "--repair")
    project.run("verify")
    for name in RULES:
        if name != "last":  # whose table refused rows
            versions.assert_same(versions.table(database, f"raw.{name}"),
                                 versions.expected(publications[name], name))
    assert database.value("SELECT count(*) FROM raw.appended WHERE _row = 5") == 4
    versions.assert_ledger_whole(database)


def test_looked_up_texts_are_compared_by_their_keys(project, database):
    """Texts come back with their keys; a correction may bring new ones."""
    fields = [{"name": "id", "type": "long"}, {"name": "town", "type": "string"}, {"name": "price", "type": "long"}]
    project.dataset("sales", fields, "*.csv", ["id"], lookups={"town": "dim.town"})
    project.run("init")
    worker = project.start("worker")
    project.run("publish", "--wait", project.file("a.csv", "id,town,price\n1,Bath,1\n2,York,2\n3,Ely,what\n"), code=3)
    project.run("publish", "--wait", project.file("b.csv", "id,town,price\n1,Leeds,3\n"))
    wait_until(lambda: complete(database, 2), 60, "all is loaded")
    towns = "SELECT s.id, t.town FROM raw.sales s JOIN dim.town t USING (town_id) ORDER BY id"
    project.run("verify")
    project.run("retract", "b.csv")
    assert database.execute(towns) == [(1, "Bath"), (2, "York")]
    worker.stop()
    fields[2]["type"] = ["null", "long"]
    project.dataset("sales", fields, "*.csv", ["id"], lookups={"town": "dim.town"}, csv={"nulls": ["what"]})
    database.execute("ALTER TABLE raw.sales ALTER price DROP NOT NULL")
    project.run("init")
    assert project.json("replay", "--rejects")[0]["outcome"] == "corrected"
    assert database.execute(towns) == [(1, "Bath"), (2, "York"), (3, "Ely")]
    project.run("verify")
    # While it looks at a text that somebody renamed, others may have new ones.
    database.execute("UPDATE dim.town SET town = 'Batheaston' WHERE town = 'Bath'")
    verify = project.start("verify", env={"PENSTOCK_FAULT": "rebuild.compared:1:stop"})
    wait_until(lambda: database.value(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'"
        " AND application_name = 'penstock verify' AND state_change < now() - interval '0.5 s'") == 1, 30, "it is frozen")
    assert database.value("SELECT found_id FROM penstock.look_up('dim.town', 'town_id', 'town', '{Hull}')") > 0
    verify.thaw()
    assert verify.wait(30) == 3
    assert database.value("SELECT count(*) FROM dim.town WHERE town = 'Bath'") == 0


def test_what_cannot_be_compared_is_told(project, database):
    project.dataset("orders", versions.FIELDS, "orders*.csv", ["id"])
    project.run("init")
    project.start("worker")
    load(project, database, ["orders"], 2)
    assert "there is no dataset 'x'" in project.run("verify", "x", code=2).err
    objects = sorted((project.folder / "archive/orders/objects").rglob("*"))
    victim = next(path for path in objects if path.is_file())
    content = victim.read_bytes()
    victim.chmod(0o644)
    victim.write_bytes(content.replace(b"Bath", b"York"))
    assert "does not hold what was loaded: chunk 0 of orders-" in project.run("verify", code=1).err
    victim.unlink()
    assert "opening archived content" in project.run("verify", "--repair", code=1).err
    victim.write_bytes(content)
    project.run("verify")
