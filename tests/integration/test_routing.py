# SPDX-License-Identifier: Apache-2.0
"""Which dataset a file belongs to, as `preview` tells it; the producer asks the same question. No server runs here."""
import gzip
import json
import subprocess

import pytest

from support.penstock import binary

CONFIG = """
routing: {unknown: %s}
datasets:
  prices:    {schema: prices.avsc, files: ["*.csv", "*.csv.gz"], table: raw.prices, key: [id]}
  towns:     {schema: towns.avsc, files: ["*.csv", "*.csv.gz", "only-towns.txt"], table: raw.towns, key: [town]}
  loose:     {schema: loose.avsc, files: ["*.csv"], table: raw.loose, key: [id], unknown_columns: ignore}
  wide:      {schema: wide.avsc, files: ["*.csv"], table: raw.wide, key: [town, year],
              unpivot: {keep: [town], names: year, values: people}}
  bare:      {schema: bare.avsc, files: ["bare*.txt"], table: raw.bare, key: [id], csv: {header: 0}}
  bare3:     {schema: bare3.avsc, files: ["bare*.txt"], table: raw.bare3, key: [id], csv: {header: 0, ragged: pad}}
  events:    {schema: events.avsc, files: ["*.ndjson"], table: raw.events, key: [id]}
  countries: {schema: countries.avsc, files: ["*.ndjson"], table: raw.countries, key: [code]}
  document:  {schema: countries.avsc, files: ["*.json"], table: raw.document, key: [code], json: {records: data}}
  other:     {schema: events.avsc, files: ["*.json"], table: raw.other, key: [id]}
"""
SCHEMAS = {
    "prices": {"id": "long", "price": "long"},
    "towns": {"town": "string", "county": "string"},
    "loose": {"id": "long"},
    "wide": {"town": "string", "year": "int", "people": "long"},
    "bare": {"id": "long", "name": "string"},
    "bare3": {"id": "long", "name": "string", "age": "long"},
    "events": {"id": "long", "kind": "string"},
    "countries": {"code": "string", "name": "string"},
}


@pytest.fixture(name="route")
def route_fixture(tmp_path):
    for name, fields in SCHEMAS.items():
        (tmp_path / f"{name}.avsc").write_text(json.dumps({
            "type": "record", "name": name, "fields": [{"name": n, "type": t} for n, t in fields.items()]}))

    def route(name, content, unknown="ignore"):
        """The dataset's name, or why there is none and the exit code."""
        (tmp_path / "penstock.yml").write_text(CONFIG % unknown)
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        done = subprocess.run([binary(), "-C", tmp_path, "preview", name],
                              capture_output=True, text=True, timeout=60)
        if done.returncode in (0, 3):
            return done.stderr.rsplit("dataset ", 1)[1].split(":")[0]
        return done.returncode, done.stderr

    return route


@pytest.mark.parametrize("name, content, dataset", [
    ("a.csv", "id,price\n1,2\n", "prices"),  # names every field and nothing else: before `loose`
    ("a.csv", "Price,ID\n1,2\n", "prices"),
    ("a.csv", "town,county\nBath,Avon\n", "towns"),  # before `wide`, which it would do for
    ("a.csv", "id,price,more\n1,2,3\n", "loose"),
    ("a.csv", "town,1990,1991\nBath,1,2\n", "wide"),
    ("a.csv.gz", gzip.compress(b"town,county\nBath,Avon\n"), "towns"),
    ("only-towns.txt", "town,county\nBath,Avon\n", "towns"),
    ("bare1.txt", "1,x\n2,y\n", "bare"),
    ("bare1.txt", "1,x,3\n2,y,4\nbad,z,z\n", "bare3"),
    ("a.ndjson", '{"id": 1, "kind": "k"}\n{"id": 2, "kind": "k"}\nrubbish\n', "events"),
    ("a.ndjson", '{"code": "N", "name": "Norway"}\n', "countries"),
    ("a.json", '{"data": [{"code": "N", "name": "Norway"}]}', "document"),
    ("a.json", '[{"id": 1, "kind": "k"}]', "other"),
])
def test_the_content_decides_where_names_do_not(route, name, content, dataset):
    assert route(name, content) == dataset


def test_a_long_file_is_not_read_to_its_end_for_it(route):
    rows = "".join(f'{{"id": {n}, "kind": "k"}}\n' for n in range(20_000))
    assert route("a.ndjson", rows + '{"neither": 1}\n' * 30_000) == "events"


def test_a_name_that_only_one_dataset_has_is_the_last_word(route):
    code, told = route("only-towns.txt", "id,price\n1,2\n")
    assert code == 1 and "would be quarantined: header: missing columns: town, county" in told


@pytest.mark.parametrize("name, content, reasons", [
    ("a.csv", "who,knows\n1,2\n", ["prices: header: missing columns: id, price", "towns: header: missing", "; wide: "]),
    ("a.csv", "", ["prices: no header: the file is empty", "loose: no header"]),
    ("a.csv", b"\x00\xff\xfe", ["prices: "]),
    ("a.csv.gz", gzip.compress(b"id,price\n" * 9)[:12], ["prices: ", "towns: "]),
    ("bare1.txt", "1;x\n", ["bare: record 1", "bare3: record 1"]),
    ("a.ndjson", '{"x": 1}\n', ["events: record 1", "countries: record 1"]),
    ("a.json", '{"data": [{"code": "N"', ["document: ", "other: "]),
    ("a.ndjson", "", ["events: no records; countries: no records"]),
])
def test_none_or_several_is_a_quarantine_with_every_candidates_reason(route, name, content, reasons):
    code, told = route(name, content)
    assert code == 1, told
    assert "several datasets take files of this name, and its content does not tell which it is: " in told
    for reason in reasons:
        assert reason in told


def test_unknown_names(route):
    prices = "id,price\n1,2\n"
    assert route("a.dat", prices)[0] == 2  # left alone
    code, told = route("a.dat", prices, "quarantine")
    assert code == 1 and "no dataset takes files of this name" in told
    assert route("a.dat", prices, "by_header") == "prices"
    assert route("picture.png", b"\x89PNG\r\n\x1a\n\x00\x00", "by_header")[0] == 2  # nobody's: left alone
    assert route("a.dat", "", "by_header")[0] == 2
    assert route("a.dat", "1,x,3\n2,y,4\n", "by_header") == "bare3"
    assert route("only-towns.txt", "town,county\nBath,Avon\n", "by_header") == "towns"
