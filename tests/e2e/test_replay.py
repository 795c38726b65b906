# SPDX-License-Identifier: Apache-2.0
"""Files that fit no dataset, or not theirs, are kept with the reason and taken up once it is mended."""
import io
import zipfile

from support.wait import wait_until

PRICES = {"id": "long", "price": "long"}
TOWNS = {"town": "string", "county": "string"}


def prepare(project, **settings):
    project.dataset("prices", PRICES, "*.csv", ["id"], **settings)
    project.dataset("towns", TOWNS, "*.csv", ["town"])
    project.run("init")


def states(database):
    """{name: (dataset, state)} as people see it."""
    return {row[0]: (row[1], row[2]) for row in
            database.execute("SELECT name, dataset, state FROM penstock.file ORDER BY file_id")}


def test_the_inbox_sorts_files_by_their_headers(project, database):
    prepare(project)
    project.start("worker")
    project.start("producer")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("one.csv", "town,county\nYork,Yorkshire\n" + "Leeds,Yorkshire\n" * 100_000)
        zipped.writestr("two.csv", "id,price\n7,70\n")
        zipped.writestr("three.csv", "who,knows\n7,70\n")
    project.drop("p.csv", "id,price\n1,10\n")
    project.drop("t.csv", "town,county\nBath,Avon\n")
    project.drop("odd.csv", "what,ever\n1,10\n")
    project.drop("picture.png", b"\x89PNG\r\n")
    project.drop("all.zip", archive.getvalue())
    wait_until(lambda: database.value("SELECT count(*) FROM raw.prices") == 2
               and database.value("SELECT count(*) FROM raw.towns") == 3, 60, "all that fits is loaded")
    quarantine = project.folder / "quarantine"
    wait_until(lambda: len(list(quarantine.glob("*"))) == 4, 60, "the others are moved aside")
    wait_until(lambda: [p.name for p in (project.folder / "inbox").iterdir()] == ["picture.png"], 60, "all others leave")
    assert "prices: header: missing columns" in (quarantine / "odd.csv.reason.txt").read_text()
    assert (quarantine / "all.zip").is_file()
    wait_until(lambda: (seen := states(database))["odd.csv"] == seen["all.zip!three.csv"] == (".unrouted", "quarantined"))
    assert "towns: header" in str(project.json("status")["files"])
    assert "'penstock replay' takes quarantined files up again" in project.run("status").err
    # A member alone is taken up out of its archive, once it is somebody's; what is forgotten is gone.
    project.dataset("facts", {"who": "long", "knows": "long"}, "three.csv", ["who"])
    project.run("init")
    assert [row["outcome"] for row in project.json("replay", "all.zip!three.csv")] == ["published"]
    assert [row["name"] for row in project.json("replay", "--dry-run", code=3)] == ["odd.csv"]
    assert project.json("retract", "odd.csv")[0]["outcome"] == "retracted"
    assert project.json("replay") == [] and quarantined(database) == 0
    assert "retracted before" in project.run("retract", "odd.csv").out
    for service in project.services:
        service.stop()
    project.run("init", "--recreate", "--forget", "--yes")
    assert project.json("replay") == [] and database.value("SELECT count(*) FROM penstock.file") == 0


def quarantined(database):
    return database.value("SELECT count(*) FROM penstock.file WHERE state = 'quarantined'")


def test_refused_files_are_taken_up_once_the_configuration_is_mended(project, database):
    prepare(project)
    project.start("worker")
    producer = project.start("producer", "--repair", "300ms")
    project.drop("more.csv", "id,price,note\n1,10,x\n2,20,y\n")
    project.drop("rain.csv", "day,mm\n2026-01-01,3\n")
    project.drop("rain.gz", "day,mm\n2026-01-02,4\n")
    wait_until(lambda: quarantined(database) == 2, 60, "two are refused")
    done = project.json("replay", code=3)
    assert {row["outcome"] for row in done} == {"still quarantined"}
    assert all("several datasets take files of this name" in row["reason"] for row in done)
    # A dataset for one, room for the other's column.
    project.config["datasets"]["prices"]["unknown_columns"] = "ignore"
    project.dataset("rain", {"day": "string", "mm": "long"}, ["rain.csv", "rain.gz"], ["day"])
    project.config["datasets"]["towns"]["files"] = ["t*.csv"]
    project.config["datasets"]["prices"]["files"] = ["*e.csv"]
    project.write().run("init")
    producer.stop()
    assert {(row["name"], row["dataset"], row["outcome"]) for row in project.json("replay", "--dry-run")} == {
        ("more.csv", "prices", "would be published"), ("rain.csv", "rain", "would be published")}
    assert quarantined(database) == 2
    assert project.json("replay", "--dataset", "towns") == []
    told = project.run("replay", "more.csv").out
    assert told.startswith("more.csv: published (dataset prices, file ") and told.endswith(": 2 rows, 0 rejects\n")
    assert [row["name"] for row in project.json("replay")] == ["rain.csv"]
    assert project.run("replay").out == "nothing to do\n"
    for service in project.services:
        service.stop()
    project.start("worker")
    project.start("producer")
    wait_until(lambda: database.value("SELECT count(*) FROM raw.prices") == 2
               and database.value("SELECT count(*) FROM raw.rain") == 2, 60, "all is loaded")
    assert quarantined(database) == 0 and list((project.folder / "quarantine").glob("*")) == []
    assert database.value("SELECT reason FROM penstock.file WHERE dataset = '.unrouted' AND name = 'rain.csv'"
                          ).startswith("taken up as file ")
    # The same content is known now, under its new dataset.
    again = project.file("rain.csv", "day,mm\n2026-01-01,3\n")
    assert project.json("publish", again)[0]["outcome"] == "already published"


def test_killed_while_a_file_is_taken_up(project, database):
    project.dataset("prices", PRICES, "*.csv", ["id"])
    project.run("init")
    points = ["replay.begun", "producer.chunk", "replay.published"]
    paths = [project.file(f"{n}.csv", f"id,price,note\n{n},10,x\n") for n in range(3)]
    project.run("publish", *paths, code=1)
    project.config["datasets"]["prices"]["unknown_columns"] = "ignore"
    project.write()
    for number, point in enumerate(points):
        project.run("replay", f"{number}.csv", code=-9, env={"PENSTOCK_FAULT": point})
    assert quarantined(database) == 3
    assert [row["outcome"] for row in project.json("replay")] == ["published"] * 3
    project.start("worker")
    wait_until(lambda: database.value("SELECT count(*) FROM raw.prices") == 3, 60, "they are loaded")
    assert quarantined(database) == 0 and project.json("replay") == []
    project.run("verify")


def test_a_running_producer_finishes_what_a_killed_publish_left(project, database):
    project.dataset("prices", PRICES, "*.csv", ["id"])
    project.run("init")
    project.start("worker")
    producer = project.start("producer", "--repair", "300ms")
    wait_until(lambda: "watching the inbox" in producer.output(), 60, "the producer runs")
    project.run("publish", project.file("a.csv", "id,price\n1,10\n"), code=-9,
                env={"PENSTOCK_FAULT": "producer.manifest"})
    wait_until(lambda: database.value("SELECT count(*) FROM raw.prices") == 1, 60, "it is loaded")


# ---- rejects ----

OLD = "id,price\n1,10\n2,twenty\n3,30\n"
LATER = "id,price\n3,31\n4,40\n"


def reject_then_mend(project, database):
    """Two files, the first with a reject; then the schema takes it."""
    project.dataset("prices", PRICES, "*.csv", ["id"])
    project.run("init")
    worker = project.start("worker")
    project.run("publish", project.file("old.csv", OLD), code=3)
    project.run("publish", "--wait", project.file("later.csv", LATER))
    wait_until(lambda: database.value("SELECT count(*) FROM raw.prices") == 3, 60, "both are loaded")
    wait_until(lambda: database.value("SELECT count(*) FROM penstock.file WHERE state = 'complete'") == 2)
    assert project.json("replay", "--rejects", code=3)[0]["outcome"] == "left"
    worker.stop()
    project.config["datasets"]["prices"]["csv"] = {"nulls": ["", "twenty"]}
    fields = {"id": "long", "price": ["null", "long"]}
    project.dataset("prices", fields, "*.csv", ["id"], csv={"nulls": ["", "twenty"]})
    database.execute("ALTER TABLE raw.prices ALTER price DROP NOT NULL")
    project.run("init")


def assert_corrected(project, database):
    assert database.execute("SELECT id, price FROM raw.prices ORDER BY id") == [
        (1, 10), (2, None), (3, 31), (4, 40)]
    files = database.execute("SELECT name, state, file_id FROM penstock.file ORDER BY file_id")
    assert [row[:2] for row in files] == [("old.csv", "retracted"), ("old.csv", "complete"), ("later.csv", "complete")]
    assert files[1][2] == files[0][2] + 1
    project.run("verify")


def test_rejects_are_corrected_in_their_place(project, database):
    reject_then_mend(project, database)
    foreseen = project.json("replay", "--rejects", "--dry-run")
    assert [(row["outcome"], row["rows"], row["rejects"]) for row in foreseen] == [("would be corrected", 3, 0)]
    project.start("worker")
    done = project.json("replay", "--rejects")
    assert [(row["outcome"], row["rows"], row["rejects"]) for row in done] == [("corrected", 3, 0)]
    assert_corrected(project, database)
    assert project.run("replay", "--rejects").out == "nothing to do\n"
    # All of it comes back from the archive, too.
    project.start("producer", "--repair", "300ms")
    project.run("init", "--recreate", "--yes")
    wait_until(lambda: database.value("SELECT count(*) FROM penstock.file WHERE state = 'complete'") == 2)
    wait_until(lambda: database.value("SELECT count(*) FROM penstock.file") == 3)
    assert_corrected(project, database)


def test_killed_while_rejects_are_corrected(project, database):
    project.dataset("prices", PRICES, "*.csv", ["id"])
    project.run("init")
    project.start("worker")
    points = ["replay.corrected", "replay.retracted", "rebuild.marked", "rebuild.loaded"]
    paths = [project.file(f"{n}.csv", f"id,price\n{n},1\n1{n},what\n") for n in range(4)]
    project.run("publish", "--wait", *paths, code=3)
    project.config["datasets"]["prices"]["csv"] = {"nulls": ["what"]}
    fields = [{"name": "id", "type": "long"}, {"name": "price", "type": ["null", "long"]}]
    project.dataset("prices", fields, "*.csv", ["id"], csv={"nulls": ["what"]})
    database.execute("ALTER TABLE raw.prices ALTER price DROP NOT NULL")
    project.run("init")
    for number, point in enumerate(points):
        project.run("replay", "--rejects", f"{number}.csv", code=-9, env={"PENSTOCK_FAULT": point})
        assert database.value("SELECT count(*) FROM raw.prices") == 4 + number
        assert project.json("replay", "--rejects", f"{number}.csv")[0]["outcome"] == "corrected"
    assert database.value("SELECT count(*) FROM raw.prices") == 8
    project.run("verify")


def test_what_the_table_refused_is_corrected_when_it_takes_it(project, database):
    project.dataset("prices", PRICES, "*.csv", ["id"], chunk_bytes="16KiB")
    project.run("init")
    database.execute("ALTER TABLE raw.prices ADD CONSTRAINT small CHECK (price % 1000 <> 7)")
    project.start("worker")
    rows = "".join(f"{n % 9000},{n}\n" for n in range(10_000))
    project.run("publish", "--wait", project.file("a.csv", "id,price\n" + rows), code=3)
    assert database.value("SELECT count(*) FROM penstock.reject WHERE stage = 'load'") == 10
    database.execute("ALTER TABLE raw.prices DROP CONSTRAINT small, ADD CHECK (price <> 1007)")
    assert project.json("replay", "--rejects", code=3)[0]["rejects"] == 1
    assert database.execute("SELECT count(*), sum(price) FROM raw.prices") == [
        (8999, sum(range(1000, 10_000)) - 1007)]
    project.run("verify")
