# SPDX-License-Identifier: Apache-2.0
"""Promise 7: every table row can be traced to file, record and original bytes."""
import csv
import gzip
import hashlib
import io
import random

from support import versions
from support.wait import wait_until


def test_every_row_leads_back_to_its_bytes(project, database):
    project.dataset("orders", versions.FIELDS, "orders*", ["id"], chunk_bytes="16KiB")
    people = {"country": "string", "year": "int", "people": ["null", "long"]}
    project.dataset("population", people, "population*.csv", ["country", "year"],
                    unpivot={"keep": ["country"], "names": "year", "values": "people", "skip_nulls": True})
    project.run("init")
    project.start("worker")
    contents = {}
    for number in range(3):
        text = versions.to_csv(versions.make_rows(number, 400, 500)).encode()
        # One of them compressed: its byte ranges are those of the decompressed input.
        name = f"orders-{number}.csv" + (".gz" if number == 1 else "")
        data = gzip.compress(text) if number == 1 else text
        project.json("publish", project.file(name, data))
        contents[name] = (data, text)
    wide = b"country,2000,2001,2002\nNorway,4490967,,4525116\nIceland,281154,283361,286575\n"
    project.json("publish", project.file("population.csv", wide))
    wait_until(lambda: database.value("SELECT count(*) FROM penstock.file WHERE state = 'complete'") == 4,
               30, "all files complete")

    rows = database.execute("SELECT id::text, _file, _row FROM raw.orders ORDER BY id")
    for key, file_id, row in random.Random(3).sample(rows, 12):
        found = project.json("trace", "raw.orders", key)
        data, text = contents[found["name"]]
        assert found["sha256"] == hashlib.sha256(data).hexdigest()
        assert (found["file_id"], found["row"], found["record"]) == (file_id, row, row)
        original = text[found["start"]:found["end"]].decode()
        assert found["original"].rstrip("\n") == original.rstrip("\n")
        assert next(csv.reader(io.StringIO(original, newline="")))[0] == key
        assert database.value("SELECT count(*) FROM penstock.chunk WHERE dataset = 'orders' AND file_id = %s "
                              "AND chunk = %s AND byte_start <= %s AND byte_end >= %s",
                              (file_id, found["chunk"], found["start"], found["end"])) == 1

    # A record that became three rows: position 3 of record 2.
    found = project.json("trace", "population", "Iceland", "2002")
    assert (found["record"], found["row"]) == (2, 6)
    assert wide[found["start"]:found["end"]].strip() == b"Iceland,281154,283361,286575"
    shown = project.run("trace", "raw.population", "Iceland", "2002").out
    assert "population.csv" in shown and "Iceland,281154,283361,286575" in shown

    assert "has no row with this key" in project.run("trace", "raw.orders", "999999", code=1).err
    assert "no dataset loads table" in project.run("trace", "raw.nothing", "1", code=2).err
    assert "country year" in project.run("trace", "raw.population", "Norway", code=2).err
