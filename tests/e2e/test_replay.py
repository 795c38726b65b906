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
               and database.value("SELECT count(*) FROM raw.towns") == 3, 30, "all that fits is loaded")
    quarantine = project.folder / "quarantine"
    wait_until(lambda: len(list(quarantine.glob("*"))) == 4, 10, "the others are moved aside")
    assert [p.name for p in (project.folder / "inbox").iterdir()] == ["picture.png"]
    assert "prices: header: missing columns" in (quarantine / "odd.csv.reason.txt").read_text()
    assert (quarantine / "all.zip").is_file()
    seen = states(database)
    assert seen["odd.csv"] == seen["all.zip!three.csv"] == (".unrouted", "quarantined")
    assert "towns: header" in str(project.json("status")["files"])
