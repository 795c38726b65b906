# SPDX-License-Identifier: Apache-2.0
"""Is the table what the files say? `verify` finds what somebody changed, and `--repair` mends it."""
import pytest

from support import versions
from support.wait import wait_until

RULES = {"last": "last", "first": "first", "greatest": {"greatest": "updated_at"}}


def complete(database, files):
    return database.value("SELECT count(*) FROM penstock.file WHERE state = 'complete'") == files


def load(project, database, datasets, count=4, rows=300, keys=350):
    """Publishes the same files to each dataset; {dataset: [(file id, rows)]}."""
    publications = {name: [] for name in datasets}
    for number in range(count):
        content = versions.make_rows(number, rows, keys)
        path = project.file(f"orders-{number}.csv", versions.to_csv(content))
        for name in datasets:
            publications[name].append((project.json("publish", "--dataset", name, path)[0]["file_id"], content))
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
