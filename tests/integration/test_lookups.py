# SPDX-License-Identifier: Apache-2.0
"""Look-ups: texts become keys of rows in other tables, once, whoever loads; the join is what the files say."""
import collections
import csv
import io
import json
import random

import pytest

from support.wait import wait_until

FIELDS = {"id": "long", "price": "int", "town": "string", "county": ["null", "string"], "kind": "string"}
LOOKUPS = {"town": "dim.town", "county": "dim.dim_county",
           "kind": {"table": "dim.kinds", "column": "kind", "id": "kind_no", "text": "name"}}
TOWNS = [f"Town {number}" for number in range(40)] + ["O'Brien \"x\" \\ {a,b}", "NULL", " Town 1", "Town 1 ", "town 1",
                                                      "Ⅷ Åse", "", "a\nb"]
COUNTIES = ["Kent", "KENT", "Powys", None]
JOINED = ("SELECT s.id, s.price, t.town, c.county, k.name FROM fact.sales s JOIN dim.town t USING (town_id) "
          "LEFT JOIN dim.dim_county c USING (county_id) JOIN dim.kinds k ON k.kind_no = s.kind ORDER BY s.id")


def make_rows(seed, first, count):
    chance = random.Random(seed)
    return [(number, chance.randint(1, 10**6), chance.choice(TOWNS), chance.choice(COUNTIES), f"k{number % 7}")
            for number in range(first, first + count)]


def to_csv(rows, header="id,price,town,county,kind"):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
    for row in rows:
        # An empty town is a text, an empty county is none.
        writer.writerow(["" if cell is None else cell for cell in row])
    return header + "\n" + out.getvalue()


def prepare(project, **settings):
    project.dataset("sales", FIELDS, "sales*.csv", ["id"], table="fact.sales",
                    **{"lookups": LOOKUPS, "chunk_bytes": "16KiB", "csv": {"nulls": ["-"]}, **settings})


def complete(database, files):
    wait_until(lambda: database.value("SELECT count(*) FROM penstock.file WHERE state = 'complete'") == files,
               60, f"{files} files are loaded")


def publish(project, name, rows):
    text = to_csv([["-" if cell is None else cell for cell in row] for row in rows])
    return project.json("publish", project.file(name, text))[0]["file_id"]


def assert_numbered(database, table, id, text, texts):
    """Every text once, and no key spent in vain."""
    rows = database.execute(f"SELECT {id}, {text} FROM {table} ORDER BY 1")
    assert sorted(row[1] for row in rows) == sorted(texts)
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))


def test_several_workers_make_each_text_once(project, database):
    prepare(project)
    returned = {"id": "long", "place": "string"}
    project.dataset("returned", returned, "returned*.csv", ["place", "id"], table="fact.returned",
                    lookups={"place": "dim.town"})
    assert "dim.town" in project.run("init").out
    workers = [project.start("worker", "--jobs", "2") for _ in range(2)]
    rows = []
    for number in range(6):
        part = make_rows(number, number * 1500, 1500)
        publish(project, f"sales-{number}.csv", part)
        rows += part
    places = [(number, TOWNS[number % 40] if number % 3 else f"Elsewhere {number}") for number in range(900)]
    project.json("publish", project.file("returned.csv", to_csv(places, "id,place")))
    complete(database, 7)
    assert database.execute(JOINED) == rows
    assert database.execute("SELECT r.id, t.town FROM fact.returned r JOIN dim.town t ON t.town_id = r.place_id "
                            "ORDER BY 1") == places
    towns = {row[2] for row in rows} | {row[1] for row in places}
    assert_numbered(database, "dim.town", "town_id", "town", towns)
    assert_numbered(database, "dim.dim_county", "county_id", "county", {"Kent", "KENT", "Powys"})
    assert_numbered(database, "dim.kinds", "kind_no", "name", {f"k{number}" for number in range(7)})
    # Versions of rows that are there already go the merge path, and keys may be looked up.
    newer = [(row[0], row[1] + 1, random.Random(row[0]).choice(["New " + row[2], row[2]]), None, "k1")
             for row in rows[::5]]
    publish(project, "sales-newer.csv", newer)
    project.json("publish", project.file("returned-again.csv", to_csv(places[::-1], "id,place")))
    complete(database, 9)
    merged = {row[0]: row for row in rows} | {row[0]: row for row in newer}
    assert database.execute(JOINED) == sorted(merged.values())
    assert database.value("SELECT count(*) FROM fact.returned") == 900
    towns |= {row[2] for row in newer}
    assert_numbered(database, "dim.town", "town_id", "town", towns)
    found = project.json("trace", "fact.returned", "Elsewhere 3", "3")
    assert found["original"].strip() == "3,Elsewhere 3"
    assert project.run("init").out.count("unchanged") >= 9
    assert all(worker.stop() == 0 for worker in workers)
