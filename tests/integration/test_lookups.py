# SPDX-License-Identifier: Apache-2.0
"""Look-ups: texts become keys of rows in other tables, once, whoever loads; the join is what the files say."""
import csv
import io
import json
import pathlib
import random
import re

import pytest
import yaml

from support.wait import wait_until

FIELDS = {"id": "long", "price": "int", "town": "string", "county": ["null", "string"], "kind": "string"}
LOOKUPS = {"town": "dim.town", "county": "dim.dim_county",
           "kind": {"table": "dim.kinds", "column": "kind", "id": "kind_no", "text": "name"}}
TOWNS = [f"Town {number}" for number in range(40)] + ["O'Brien \"x\" \\ {a,b}", "NULL", " Town 1", "Town 1 ", "town 1",
                                                      "Ⅷ Åse", "", "a\nb"]
COUNTIES = ["Kent", "KENT", "Powys", None]
TAKEN_OVER = "SET LOCAL session_replication_role TO DEFAULT"  # behind the rows, by workers that check foreign keys
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


def test_texts_the_table_refuses_are_rejects_of_their_rows(project, database):
    database.execute("CREATE SCHEMA dim")
    database.execute("CREATE TABLE dim.town (town_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
                     "town text NOT NULL UNIQUE CHECK (town <> 'Atlantis'), since date DEFAULT '2020-01-01')")
    prepare(project, lookups={"town": "dim.town"})
    project.run("init")
    project.start("worker")
    rows = [(number, number, "Leeds" if number % 2 else "York", None, "k") for number in range(1000)]
    long = "x" * 1999 + "é"
    rows[7] = (7, 7, "Atlantis", None, "k")
    rows[500] = (500, 500, long, None, "k")
    rows[501] = (501, 501, "y" * 2000, None, "k")
    rows[990] = (990, 990, "Atlantis", None, "k")
    publish(project, "sales-1.csv", rows)
    complete(database, 1)
    good = [row for row in rows if row[0] not in (7, 500, 990)]
    assert database.execute("SELECT s.id, s.price, t.town, county, kind FROM fact.sales s JOIN dim.town t "
                            "USING (town_id) ORDER BY 1") == good
    rejects = database.execute("SELECT row_number, stage, column_name, reason, original FROM penstock.reject "
                               "ORDER BY row_number")
    assert [(row, stage, column) for row, stage, column, _, _ in rejects] == [
        (8, "load", "town"), (501, "load", "town"), (991, "load", "town")]
    assert "23514" in rejects[0][3] and "2,000 bytes" in rejects[1][3]
    assert json.loads(rejects[2][4])["town"] == "Atlantis"
    # Loaded anew as a part of a larger transaction: refused as before, and loaded once the table takes it.
    current = ("SELECT row_number FROM penstock.reject r JOIN penstock.file f USING (dataset, file_id) "
               "WHERE f.state = 'complete' ORDER BY 1")
    project.run("replay", "--rejects", code=3)
    assert database.execute(current) == [(8,), (501,), (991,)]
    assert database.value("SELECT count(*) FROM fact.sales") == len(good)
    database.execute("ALTER TABLE dim.town DROP CONSTRAINT town_town_check")
    project.run("replay", "--rejects", code=3)
    assert database.execute(current) == [(501,)]
    assert database.execute("SELECT s.id, s.price, t.town, county, kind FROM fact.sales s JOIN dim.town t "
                            "USING (town_id) ORDER BY 1") == [row for row in rows if row[0] != 500]
    project.run("retract", "--file-id",
                database.value("SELECT file_id FROM penstock.file WHERE state = 'complete'"))
    assert database.value("SELECT count(*) FROM fact.sales") == 0


@pytest.mark.parametrize("superuser", [True, False])
def test_tables_of_texts_changed_by_hand(project, database, superuser):
    """Who checks the foreign keys: the worker, once a key, where the role may; else Postgres, once a row."""
    prepare(project, on_constraint="reject")
    if not superuser:
        role = "plain" + project.prefix.rsplit("_", 1)[1].rstrip(".")
        database.execute(f"CREATE ROLE {role} LOGIN")
        database.execute(f"ALTER DATABASE {database.value('SELECT current_database()')} OWNER TO {role}")
        project.config["postgres"] = project.config["postgres"].replace("user=penstock", f"user={role}")
        project.write()
    project.run("init")
    worker = project.start("-vv", "worker")
    publish(project, "sales-1.csv", [(1, 1, "Leeds", "Kent", "k"), (2, 2, "York", None, "k")])
    complete(database, 1)
    # Emptied, and the keys given to other texts: what the worker remembers would be wrong without an error.
    database.execute("TRUNCATE dim.town RESTART IDENTITY CASCADE")
    database.execute("INSERT INTO dim.town (town) VALUES ('York'), ('Hull')")
    rows = [(11, 1, "Leeds", "Kent", "k"), (12, 2, "York", None, "k")]
    publish(project, "sales-2.csv", rows)
    complete(database, 2)
    assert database.execute(JOINED) == rows
    # Rows deleted: the worker meets the foreign key, and asks again.
    database.execute("DELETE FROM fact.sales WHERE id = 11")
    database.execute("DELETE FROM dim.town WHERE town = 'Leeds'")
    database.execute("DELETE FROM dim.dim_county")
    rows = [rows[1], (21, 3, "Leeds", "Kent", "k"), (22, 4, "Hull", "Kent", "k")]
    publish(project, "sales-3.csv", rows[1:])
    complete(database, 3)
    assert database.execute(JOINED) == rows
    assert database.value("SELECT count(*) FROM penstock.reject") == 0
    # Renamed, and keys given to others: no foreign key tells.
    leeds, hull = (database.value(f"SELECT town_id FROM dim.town WHERE town = '{town}'") for town in ("Leeds", "Hull"))
    database.execute("UPDATE dim.town SET town = 'Leeds City' WHERE town = 'Leeds'")
    database.execute(f"DELETE FROM fact.sales WHERE town_id = {hull}")
    database.execute(f"UPDATE dim.town SET town = 'Goole' WHERE town_id = {hull}")
    publish(project, "sales-renamed.csv", [(24, 5, "Leeds", "Kent", "k"), (25, 6, "Hull", "Kent", "k")])
    complete(database, 4)
    assert database.execute(JOINED) == [rows[0], (21, 3, "Leeds City", "Kent", "k"), (24, 5, "Leeds", "Kent", "k"),
                                        (25, 6, "Hull", "Kent", "k")]
    assert database.value(f"SELECT town FROM dim.town WHERE town_id = {leeds}") == "Leeds City"
    # A table that is another one, under the same name.
    database.execute("ALTER TABLE fact.sales DROP CONSTRAINT sales_kind_fkey")
    database.execute("DROP TABLE dim.kinds")
    project.run("init", code=1)  # there are keys that it does not have
    database.execute("TRUNCATE fact.sales")
    project.run("init")
    publish(project, "sales-4.csv", [(31, 1, "Leeds", None, "new")])
    complete(database, 5)
    assert database.execute(JOINED) == [(31, 1, "Leeds", None, "new")]
    assert "level=error" not in worker.output()
    assert (TAKEN_OVER in worker.output()) == superuser
    # With a trigger of somebody's Postgres checks, too, and the trigger fires.
    database.execute("CREATE FUNCTION dearer() RETURNS trigger LANGUAGE plpgsql AS "
                     "'BEGIN NEW.price := NEW.price + 1; RETURN NEW; END'")
    database.execute("CREATE TRIGGER dearer BEFORE INSERT ON fact.sales FOR EACH ROW EXECUTE FUNCTION dearer()")
    publish(project, "sales-5.csv", [(41, 1, "Leeds", None, "new")])
    complete(database, 6)
    assert database.value("SELECT price FROM fact.sales WHERE id = 41") == 2


def test_columns_may_be_called_anything(project, database):
    names = {"town": ("t", "t_id", "t"), "county": ('Odd "name"', "d", "label"), "kind": ("wanted", "find", "texts")}
    prepare(project, lookups={field: {"table": f"dim.{table}", "id": id, "text": text}
                              for field, (table, id, text) in names.items()})
    project.run("init")
    project.start("worker")
    rows = make_rows(3, 0, 300)
    for number in range(3):  # later ones find some texts, and miss some
        publish(project, f"sales-{number}.csv", rows[number * 100:number * 100 + 100])
        complete(database, number + 1)
    assert database.execute('SELECT s.id, price, t.t, c.label, k.texts FROM fact.sales s '
                            'JOIN dim.t ON t.t_id = town_id JOIN dim.wanted k ON k.find = kind_id '
                            'LEFT JOIN dim."Odd ""name""" c ON c.d = county_id ORDER BY 1') == rows


def test_keys_are_taken_over_from_postgres_by_roles_that_may(project, database):
    prepare(project, lookups={"town": "dim.town"})
    project.run("init")
    role = "loader" + project.prefix.rsplit("_", 1)[1].rstrip(".")
    database.execute(f"CREATE ROLE {role} LOGIN; GRANT SET ON PARAMETER session_replication_role TO {role}; "
                     f"GRANT USAGE ON SCHEMA penstock, fact, dim TO {role}; "
                     f"GRANT SELECT, INSERT ON dim.town TO {role}; "
                     f"GRANT ALL ON ALL TABLES IN SCHEMA penstock, fact TO {role}")
    project.config["postgres"] = project.config["postgres"].replace("user=penstock", f"user={role}")
    worker = project.write().start("-vv", "worker")
    publish(project, "sales-1.csv", [(1, 1, "Leeds", None, "k")])
    complete(database, 1)
    assert "take_over_keys" in worker.output() and TAKEN_OVER not in worker.output()
    database.execute(f"GRANT UPDATE (town_id) ON dim.town TO {role}")
    publish(project, "sales-2.csv", [(2, 1, "Leeds", None, "k")])
    complete(database, 2)
    assert TAKEN_OVER in worker.output()
    assert database.value("SELECT count(*) FROM fact.sales JOIN dim.town USING (town_id)") == 2


def test_init_takes_fitting_tables_only(project, database):
    prepare(project, lookups={"town": "dim.town"})
    database.execute("CREATE SCHEMA dim")
    database.execute("CREATE COLLATION public.loose (provider = icu, locale = 'und', deterministic = false)")
    fill = "GENERATED BY DEFAULT AS IDENTITY"
    for columns, part in (
            ("town_id integer, town text NOT NULL UNIQUE", "town_id is neither its primary key nor unique"),
            (f"town_id bigint {fill} PRIMARY KEY, town text NOT NULL UNIQUE", "town_id is no integer"),
            ("town_id integer PRIMARY KEY, town text NOT NULL UNIQUE", "neither identity nor default"),
            (f"town_id integer {fill} PRIMARY KEY, town text UNIQUE", "must be NOT NULL and UNIQUE"),
            (f"town_id integer {fill} PRIMARY KEY, town varchar(9) NOT NULL UNIQUE", "town is not text"),
            (f"town_id integer {fill} PRIMARY KEY, name text NOT NULL UNIQUE", "town is missing"),
            (f"town_id integer {fill} PRIMARY KEY, town text COLLATE public.loose NOT NULL UNIQUE",
             "nondeterministic"),
            (f"town_id integer {fill} PRIMARY KEY, town text NOT NULL UNIQUE, region text NOT NULL",
             "region is NOT NULL without a default")):
        database.execute(f"CREATE TABLE dim.town ({columns})")
        assert part in project.run("init", code=2).err
        database.execute("DROP TABLE dim.town")
    database.execute("CREATE VIEW dim.town AS SELECT 1 AS town_id, ''::text AS town")
    assert "no ordinary table" in project.run("init", code=2).err
    for lookups, part in (({"town": "fact.sales"}, "fact.sales is the table of dataset sales"),
                          ({"price": "dim.price"}, "only plain text is looked up"),
                          ({"city": "dim.town"}, "no field 'city'"),
                          ({"town": {"table": "dim.town", "column": "id"}}, "another column 'id'"),
                          ({"town": "dim.town", "kind": {"table": "dim.town", "text": "name"}}, "dim.town has columns"),
                          ({"town": "penstock.file"}, "not for tables of yours"),
                          ({"town": {"tabel": "dim.town"}}, "did you mean table?")):
        prepare(project, lookups=lookups)
        assert part in project.run("config", "check", code=2).err


def test_sql_is_echoed_on_demand(project, database):
    prepare(project)
    assert "msg=sql" not in project.run("-v", "init").err
    echo = project.run("-vv", "init", "--recreate", "--yes").err
    assert 'msg=sql' in echo and 'TRUNCATE fact.sales, dim.dim_county, dim.kinds, dim.town' in echo
    worker = project.start("-vv", "worker")
    publish(project, "sales-1.csv", [(1, 1, "Leeds", None, "k")])
    complete(database, 1)
    assert "penstock.look_up" in worker.output() and "COPY" in worker.output()


def prepare_seeds(project):
    project.file("seeds/town.avsc", json.dumps({"type": "record", "name": "town", "fields": [
        {"name": "town", "type": "string"}, {"name": "people", "type": "int"}]}))
    project.file("seeds/town.csv", 'town,people,region\nTown 1,800000,North\nTown 2,,"No ""x""\nrth"\n')
    project.file("seeds/kind.csv", "kind_no,name,label\n5,k1,First\n6,k2,Second\n")
    project.file("seeds/month.csv", "month,name\n1,January\n2,February\n")
    project.config["seeds"] = {"dim.town": {"file": "seeds/town.csv", "schema": "seeds/town.avsc"},
                               "dim.kinds": {"file": "seeds/kind.csv", "key": ["name"]},
                               "public.month": "seeds/month.csv"}
    prepare(project)


def test_seeds_are_base_rows(project, database):
    prepare_seeds(project)
    out = project.run("init").out
    assert "created, 2 added, 0 changed" in out
    towns = "SELECT town_id, town, people, region FROM dim.town ORDER BY 1"
    assert database.execute(towns) == [(1, "Town 1", 800000, "North"), (2, "Town 2", None, 'No "x"\nrth')]
    assert [row["did"] for row in project.json("init") if row["what"] == "seed"] == ["unchanged"] * 3
    project.start("worker")
    rows = [(1, 1, "Town 2", None, "k2"), (2, 2, "Town 3", None, "k3")]
    publish(project, "sales-1.csv", rows)
    complete(database, 1)
    assert database.execute(JOINED) == rows
    assert database.execute("SELECT * FROM dim.kinds ORDER BY 1") == [(5, "k1", "First"), (6, "k2", "Second"),
                                                                     (7, "k3", None)]
    # What is there is changed by key, what is new is added, what others added stays.
    database.execute("INSERT INTO public.month VALUES ('13', 'Undecimber')")
    project.file("seeds/town.csv", "town,people,region\nTown 1,800001,North\nTown 3,3,South\nTown 9,,\n")
    done = {row["name"]: row["did"] for row in project.json("init") if row["what"] == "seed"}
    assert done == {"dim.town": "1 added, 2 changed", "dim.kinds": "unchanged", "public.month": "unchanged"}
    assert database.execute("SELECT town, people, region FROM dim.town ORDER BY 1") == [
        ("Town 1", 800001, "North"), ("Town 2", None, 'No "x"\nrth'), ("Town 3", 3, "South"), ("Town 9", None, None)]
    assert database.value("SELECT count(*) FROM public.month") == 3
    assert database.execute(JOINED) == rows


def test_mistakes_in_seeds_name_file_and_line(project, database):
    prepare_seeds(project)
    twice = 'town,people\n"A\nB",1\nC,1\n"A\nB",2\n'
    for content, part in (("town,people\nA,1\nB,two\n", 'town.csv:3: invalid input syntax for type integer: "two"'),
                          (twice, "seeds/town.csv:5: the key stands in a line before"),
                          ("town,people\nA,1\n,2\n", "seeds/town.csv:3: column town, which is the key, is null"),
                          ("town,people\nA,1\nB\n", "seeds/town.csv:3: "),
                          ("people\n1\n", "seeds/town.csv:1: no column 'town', which is the key"),
                          ("town,town\nA,1\n", "seeds/town.csv:1: "),
                          ("", "seeds/town.csv: ")):
        project.file("seeds/town.csv", content)
        project.config["seeds"]["dim.town"]["key"] = "town"
        project.write()
        assert part in project.run("init", code=2).err
        assert database.value("SELECT count(*) FROM dim.town") == 0
    (project.folder / "seeds/town.csv").unlink()
    assert "seeds/town.csv" in project.run("init", code=1).err
    project.config["seeds"] = {"fact.sales": "seeds/kind.csv"}
    assert "the table of dataset sales" in project.write().run("config", "check", code=2).err
    project.config["seeds"] = {"dim.town": {"key": ["town"]}}
    assert "dim.town.file: missing; expected a CSV file" in project.write().run("config", "check", code=2).err


def test_everything_is_remade(project, database):
    prepare_seeds(project)
    project.run("init")
    project.start("worker")
    project.start("producer", "--repair", "300ms")
    rows = make_rows(1, 1, 500)
    publish(project, "sales-1.csv", rows)
    complete(database, 1)
    project.file("seeds/kind.csv", "kind_no,name,label\n5,k2,Other\n")
    project.run("init", "--recreate", "--yes")
    complete(database, 1)
    assert database.execute(JOINED) == rows
    assert database.execute("SELECT name, label FROM dim.kinds WHERE kind_no = 5") == [("k2", "Other")]
    assert database.value("SELECT min(town_id) FROM dim.town") > 2
    # A table of texts that a mart refers to keeps its keys.
    database.execute("CREATE TABLE mart (town_id integer REFERENCES dim.town)")
    database.execute("INSERT INTO mart SELECT town_id FROM dim.town")
    before = dict(database.execute("SELECT town, town_id FROM dim.town"))
    assert "keeps its rows" in project.run("init", "--recreate", "--yes").err
    complete(database, 1)
    assert database.execute(JOINED) == rows
    assert dict(database.execute("SELECT town, town_id FROM dim.town")) == before
    verified = project.json("verify")
    assert all(row["missing"] == row["surplus"] == row["different"] == 0 for row in verified), verified


@pytest.mark.parametrize("point,loaded", [("loader.looked_up", 0), ("loader.rows", 0), ("loader.committed", 2000)])
def test_a_worker_that_dies_after_making_texts(project, database, point, loaded):
    """What it leaves are rows that nothing refers to yet; the next worker uses them."""
    project.config["kafka"].update({"session.timeout.ms": "600", "heartbeat.interval.ms": "100"})
    prepare(project, chunk_bytes="512KiB")
    project.run("init")
    rows = make_rows(7, 0, 2000)
    publish(project, "sales-1.csv", rows)
    assert project.start("worker", env={"PENSTOCK_FAULT": point}).wait() == -9
    before = database.execute("SELECT town, town_id FROM dim.town ORDER BY 2")
    assert {town for town, _ in before} == {row[2] for row in rows}
    assert database.value("SELECT count(*) FROM fact.sales") == loaded
    project.start("worker")
    complete(database, 1)
    assert database.execute(JOINED) == rows
    assert database.execute("SELECT town, town_id FROM dim.town ORDER BY 2") == before
    assert_numbered(database, "dim.dim_county", "county_id", "county", {"Kent", "KENT", "Powys"})


def test_the_documentation_is_true(project, database):
    """docs/lookups.md: its configuration, its seed, its question and its message, as they stand there."""
    text = (pathlib.Path(__file__).parents[2] / "docs" / "lookups.md").read_text()
    for block in re.findall(r"^```yaml\n(.*?)^```", text, re.M | re.S):
        project.config.update(yaml.safe_load(block))
    seed = re.search(r"^```csv\n(.*?)^```", text, re.M | re.S).group(1)
    question = re.search(r"^```sql\n(.*?)^```", text, re.M | re.S).group(1)
    schema = {"type": "record", "name": "sale", "fields": [
        {"name": "id", "type": "long"}, {"name": "town", "type": "string"}, {"name": "county", "type": "string"}]}
    project.file("schemas/sales.avsc", json.dumps(schema))
    project.file("schemas/town.avsc", json.dumps({"type": "record", "name": "town", "fields": [
        {"name": "people", "type": "int"}]}))
    project.file("seeds/county.csv", seed)
    project.file("seeds/town.csv", "town,people\nLeeds,1\nYork,two\n")
    message = re.search(r"`(seeds/town.csv:3: .*?)`", text).group(1)
    assert message in project.write().run("init", code=2).err
    project.file("seeds/town.csv", "town,people\nLeeds,1\nYork,2\n")
    project.run("init")
    project.start("worker")
    project.json("publish", project.file("sales.csv", "id,town,county\n1,Leeds,Kent\n2,Hull,Powys\n"))
    complete(database, 1)
    assert sorted(database.execute(question)) == [(1, "Leeds"), (2, "Hull")]
    assert database.execute("SELECT county, region FROM dim.dim_county ORDER BY 1") == [
        ("Kent", "South East"), ("Powys", "Wales")]
