# SPDX-License-Identifier: Apache-2.0
"""`penstock infer`: its draft loads the file it was made from, every row, with the values Python reads."""
import csv
import datetime
import decimal
import io
import json
import pathlib
import random
import re
import subprocess

import avro.datafile
import avro.io
import avro.schema
import pytest
import yaml

from support.penstock import binary

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"


def penstock(folder, *arguments):
    return subprocess.run([binary(), *map(str, arguments)], cwd=folder, capture_output=True, text=True, timeout=60)


class Draft:
    """The draft of a file, taken into use: its entry, its schema, its rows as preview shows them."""

    def __init__(self, folder, name, data=None):
        if data is not None:
            (folder / name).write_bytes(data)
        done = penstock(folder, "infer", name)
        assert done.returncode == 0, done.stderr
        self.text = done.stdout
        config, *schemas = re.split(r"^# schemas/(.*)$", done.stdout, flags=re.M)
        (folder / "schemas").mkdir(exist_ok=True)
        (folder / "penstock.yml").write_text(config)
        for path, schema in zip(schemas[::2], schemas[1::2]):
            (folder / "schemas" / path).write_text(schema)
        self.name, self.entry = next(iter(yaml.safe_load(config)["datasets"].items()))
        self.schema = json.loads(schemas[1])
        self.types = {field["name"]: type_name(field["type"]) for field in self.schema["fields"]}
        done = penstock(folder, "preview", name, "--format", "ndjson")
        assert done.returncode == 0, done.stderr + self.text
        self.rows = [json.loads(line, parse_float=decimal.Decimal) for line in done.stdout.splitlines()]
        assert ", 0 rejects" in done.stderr


def type_name(kind):
    null = isinstance(kind, list)
    kind = kind[1] if null else kind
    if isinstance(kind, dict):
        shown = kind.get("logicalType", kind["type"])
        if shown == "decimal":
            shown = f"decimal({kind['precision']},{kind['scale']})"
    else:
        shown = kind
    return shown + ("?" if null else "")


PLAIN = "id,name,price,day,at,flag,share,zip\n" \
        "1,Ann,1.50,2024-01-31,2024-01-31T10:00:00Z,true,1e-3,01234\n" \
        "2,\"B, ob\",,2024-02-29,2024-01-31 11:00:00+01:00,false,2.5,90210\n"


def test_types_of_a_plain_file(tmp_path):
    draft = Draft(tmp_path, "orders-2024-01.csv", PLAIN.encode())
    assert draft.types == {"id": "int", "name": "string", "price": "decimal(18,2)?", "day": "date", "at": "timestamp-micros",
                           "flag": "boolean", "share": "double", "zip": "string"}
    assert draft.name == "orders" and draft.entry["files"] == ["orders*.csv"] and draft.entry["key"] == ["id"]
    assert draft.rows[0] == {"id": 1, "name": "Ann", "price": decimal.Decimal("1.50"), "day": "2024-01-31",
                             "at": "2024-01-31T10:00:00+00:00", "flag": True, "share": decimal.Decimal("0.001"), "zip": "01234"}
    assert draft.rows[1]["price"] is None and draft.rows[1]["at"] == "2024-01-31T10:00:00+00:00"


@pytest.mark.parametrize("text,entry,rows", [
    ("a;b\n1,5;x\n2,25;y\n", {"delimiter": ";", "decimal": ","}, [{"a": 1.5, "b": "x"}, {"a": 2.25, "b": "y"}]),
    ("a;b\n1.234,5;x\n2;y\n", {"delimiter": ";", "decimal": ",", "thousands": "."}, [{"a": 1234.5, "b": "x"}, {"a": 2, "b": "y"}]),
    ('a,b\n"1,234.50",x\n7.25,y\n', {"thousands": ","}, [{"a": 1234.5, "b": "x"}, {"a": 7.25, "b": "y"}]),
    ("a\tb\n1\tx, y\n2\tz\n", {"delimiter": "\t"}, [{"a": 1, "b": "x, y"}, {"a": 2, "b": "z"}]),
    ("a||b\n1||x|y\n2||z\n", {"delimiter": "||"}, [{"a": 1, "b": "x|y"}, {"a": 2, "b": "z"}]),
    ("a|b\n1|'x|y'\n2|'it''s'\n", {"delimiter": "|", "quote": "'"}, [{"a": 1, "b": "x|y"}, {"a": 2, "b": "it's"}]),
    ('a,b\n1,"say \\"hi\\", x"\n2,z\n', {"escape": "\\"}, [{"a": 1, "b": 'say "hi", x'}, {"a": 2, "b": "z"}]),
    ("Report\n\na,b\n1,x\n2,y\n", {"skip": 1}, [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]),
    ("# made today\na,b\n1,x\n# half\n2,y\n", {"comment": ["#"]}, [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]),
    ("a,b\n1,x\n2,y\n3,z\nTotal 6\n", {"footer": 1}, [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}, {"a": 3, "b": "z"}]),
    ("a,b,c\n1,x\n2,y,z\n3\n4,p,q\n5,r,s\n", {"ragged": "pad"}, [
        {"a": 1, "b": "x", "c": None}, {"a": 2, "b": "y", "c": "z"}, {"a": 3, "b": None, "c": None}, {"a": 4, "b": "p", "c": "q"},
        {"a": 5, "b": "r", "c": "s"}]),
    ("1,x,2024-01-01\n2,y,2024-01-02\n", {"header": 0}, [{"column_1": 1, "column_2": "x", "column_3": "2024-01-01"},
                                                           {"column_1": 2, "column_2": "y", "column_3": "2024-01-02"}]),
    (",x,1\n2,y,2\n3,,4\n", {"header": 0}, [{"column_1": None, "column_2": "x", "column_3": 1}, {"column_1": 2, "column_2": "y", "column_3": 2},
                                         {"column_1": 3, "column_2": None, "column_3": 4}]),
    ("a,b\n1,N/A\nNULL,2\n", {"nulls": ["", "NULL", "N/A"]}, [{"a": 1, "b": None}, {"a": None, "b": 2}]),
    ("a,b\n1,NA\n2,DE\n", None, [{"a": 1, "b": "NA"}, {"a": 2, "b": "DE"}]),
    ("a,b\nNA,NA\n2,DE\n", None, [{"a": "NA", "b": "NA"}, {"a": "2", "b": "DE"}]),
    ("a, b\n1, 2\n3, 4\n", {"trim": True}, [{"a": 1, "b": 2}, {"a": 3, "b": 4}]),
    ("Order ID,Größe (cm),2023,class\n1,2,3,x\n", None, [{"order_id": 1, "gr_e_cm": 2, "_2023": 3, "class": "x"}]),
    ("country,2000,2021\nChad,2000,3000\n", None, [{"country": "Chad", "_2000": 2000, "_2021": 3000}]),
    ("country,2019,2020,notes\nChad,1,2,x\n", None, [{"country": "Chad", "_2019": 1, "_2020": 2, "notes": "x"}]),
    ("id,a,,b,\n1,2,,3,\n4,5,,6,\n", None, [{"id": 1, "a": 2, "b": 3}, {"id": 4, "a": 5, "b": 6}]),
    ("name,length,weight\n,cm,kg\na,1.5,2\nb,3,4\n", {"header": 2, "header_join": " "}, [
        {"name": "a", "length_cm": 1.5, "weight_kg": 2}, {"name": "b", "length_cm": 3, "weight_kg": 4}]),
    (",,2020,,2021,\ncode,name,born,died,born,died\nDE,x,1,2,3,4\nFR,y,5,6,7,8\n", {"header": 2, "header_join": " "}, [
        {"code": "DE", "name": "x", "_2020_born": 1, "_2020_died": 2, "_2021_born": 3, "_2021_died": 4},
        {"code": "FR", "name": "y", "_2020_born": 5, "_2020_died": 6, "_2021_born": 7, "_2021_died": 8}]),
    ("Sales 2024;;;\nmade on;01.02.2024;;\n;;;\nNo.;who;paid;on\n1;a;1.000,00;31.01.2024\n2;b;2,50;01.02.2024\n3;c;3,5;02.02.2024\n4;d;4;03.02.2024\n",
     {"delimiter": ";", "skip": 3, "decimal": ",", "thousands": "."}, [
         {"no": 1, "who": "a", "paid": 1000, "on": "2024-01-31"}, {"no": 2, "who": "b", "paid": 2.5, "on": "2024-02-01"},
         {"no": 3, "who": "c", "paid": 3.5, "on": "2024-02-02"}, {"no": 4, "who": "d", "paid": 4, "on": "2024-02-03"}]),
    ("city,people,area\nUlm,unknown,unknown\nBonn,5,7\nKiel,6,8\n", None, [
        {"city": "Ulm", "people": "unknown", "area": "unknown"}, {"city": "Bonn", "people": "5", "area": "7"},
        {"city": "Kiel", "people": "6", "area": "8"}]),
    (",a,a\n1,2,3\n4,5,6\n", {"header": 0, "skip": 1}, [{"column_1": 1, "a": 2, "a_2": 3}, {"column_1": 4, "a": 5, "a_2": 6}]),
    ("null,yes\n1,2\n3,4\n", None, [{"null": 1, "yes": 2}, {"null": 3, "yes": 4}]),
    ("2019,2020,2021\n2,3,4\n", None, [{"_2019": 2, "_2020": 3, "_2021": 4}]),
    ("name\nAnn\nBob\n", None, [{"name": "Ann"}, {"name": "Bob"}]),
    ("price\n1,5\n2\n3,25\n", {"delimiter": ";", "decimal": ","}, [{"price": 1.5}, {"price": 2}, {"price": 3.25}]),
    ("a,b\n", None, []),
    ("n,u\n-0,6F9619FF-8B86-D011-B42D-00CF4FC964FF\n123456789012345678901,00000000-0000-0000-0000-000000000000\n", None,
     [{"n": 0, "u": "6f9619ff-8b86-d011-b42d-00cf4fc964ff"}, {"n": 123456789012345678901, "u": "00000000-0000-0000-0000-000000000000"}]),
])
def test_a_dialect(tmp_path, text, entry, rows):
    draft = Draft(tmp_path, "x.csv", text.encode())
    assert draft.entry.get("csv") == entry, draft.text
    assert draft.rows == rows, draft.text


WIDE = [
    (["1990", "2000", "2021"], "year", "int", [1990, 2000, 2021]),
    (["1990 [YR1990]", "1991 [YR1991]", "1992 [YR1992]"], "year", "string", None),
    (["2023-11", "2023-12", "2024-01"], "month", "string", None),
    (["Jan", "Feb", "March", "Apr"], "month", "string", None),
    (["Q1 2020", "Q2 2020", "Q3 2020"], "quarter", "string", None),
    (["1/22/20", "1/23/20", "2/1/20"], "day", "date", ["2020-01-22", "2020-01-23", "2020-02-01"]),
    (["2020-01-31", "2020-02-29", "2020-03-31"], "day", "date", None),
]


@pytest.mark.parametrize("columns,unit,kind,names", WIDE)
@pytest.mark.parametrize("end", ["", ","])
def test_a_wide_table(tmp_path, columns, unit, kind, names, end):
    """A column each period becomes a row each; a delimiter at the end of each line, as some have them, is no column."""
    rows = [[f"town {i}", f"T{i:02d}"] + ["" if (i + k) % 4 == 0 else str(i * 10 + k) for k in range(len(columns))] for i in range(9)]
    text = "".join(",".join(row) + end + "\n" for row in [["Town", "code"] + columns, *rows])
    draft = Draft(tmp_path, "x.csv", text.encode())
    assert draft.types == {"Town": "string", "code": "string", unit: kind, "value": "int"}
    assert draft.entry["unpivot"] == {"keep": ["Town", "code"], "names": unit, "values": "value", "skip_nulls": True}
    assert draft.entry["key"][-1] == unit and len(draft.entry["key"]) == 2
    assert draft.entry.get("unknown_columns") == ("ignore" if end else None)
    assert draft.rows == [{"Town": row[0], "code": row[1], unit: name, "value": int(cell)}
                          for row in rows for name, cell in zip(names or columns, row[2:]) if cell]


@pytest.mark.parametrize("text", [
    "shop,Jan,Feb,Mrz,Apr\nA,1,2,3,4\n",          # one in between is named otherwise
    "shop,2019,2020,2021\nA,x,y,z\n",             # texts
    "shop,2019,2020,2021\nA,1,2024-01-01,3\n",    # of several kinds
    "a,b,c,d,e,f,g,2019,2020,2021\n1,2,3,4,5,6,7,8,9,0\n",
])
def test_a_table_that_is_not_wide(tmp_path, text):
    draft = Draft(tmp_path, "x.csv", text.encode())
    assert "unpivot" not in draft.entry and len(draft.rows) == 1


@pytest.mark.parametrize("encoding,given", [("utf-8", None), ("utf-8-sig", None), ("utf-16", "utf-16"), ("utf-16-le", "utf-16le"),
                                            ("windows-1252", "windows-1252")])
def test_an_encoding(tmp_path, encoding, given):
    draft = Draft(tmp_path, "x.csv", "id,town,price\n1,Köln,5 €\n2,Orléans,7 €\n".encode(encoding))
    assert (draft.entry.get("csv") or {}).get("encoding") == given
    assert draft.rows == [{"id": 1, "town": "Köln", "price": "5 €"}, {"id": 2, "town": "Orléans", "price": "7 €"}]


@pytest.mark.parametrize("texts,pattern,doubt,days", [
    (["31/01/2024", "1/2/2024"], "%d/%m/%Y", None, ["2024-01-31", "2024-02-01"]),
    (["01/31/2024", "2/1/2024"], "%m/%d/%Y", None, ["2024-01-31", "2024-02-01"]),
    (["01/02/2024", "03/04/2024"], "%d/%m/%Y", "%m/%d/%Y", ["2024-02-01", "2024-04-03"]),
    (["31.12.2023"], "%d.%m.%Y", None, ["2023-12-31"]),
    (["2 Jan 2024", "29 Feb 2024"], "%d %b %Y", None, ["2024-01-02", "2024-02-29"]),
    (["2024/05/06"], "%Y/%m/%d", None, ["2024-05-06"]),
    (["31.12.2023 23:05"], "%d.%m.%Y %H:%M", None, ["2023-12-31T23:05:00"]),
])
def test_a_date(tmp_path, texts, pattern, doubt, days):
    draft = Draft(tmp_path, "x.csv", ("n,d\n" + "".join(f"{i},{text}\n" for i, text in enumerate(texts))).encode())
    assert draft.entry["fields"] == {"d": {"pattern": pattern}}
    assert (f"# or {doubt}" in draft.text) == bool(doubt)
    assert [row["d"] for row in draft.rows] == days


RECORDS = [{"id": 1, "who": {"name": "Ann", "address": {"city": "Ulm", "zip.code": "01"}}, "tags": ["a"], "at": "2024-01-31T10:00:00Z",
            "lines": [{"sku": "a-1", "n": 2, "price": 1.5}, {"sku": "b-2", "n": 1}], "odd": 1, "counts": {}},
           {"id": 2, "who": {"name": None}, "tags": [], "at": None, "lines": [], "odd": "x", "total": 12.25, "counts": {"x": 1}}]


def check_records(draft):
    assert draft.entry["fields"] == {"who_name": {"path": "who.name"}, "who_address_city": {"path": "who.address.city"},
                                     "who_address_zip_code": {"path": "who.address.zip\\.code"}, "counts_x": {"path": "counts.x"}}
    assert "# left out: odd" in draft.text and draft.entry["unknown_columns"] == "ignore"
    assert draft.types["at"] == "timestamp-micros?" and draft.entry["key"] == ["id"]
    want = {"id": 1, "who_name": "Ann", "who_address_city": "Ulm", "who_address_zip_code": "01", "tags": ["a"],
            "at": "2024-01-31T10:00:00+00:00", "total": None, "counts_x": None,
            "lines": [{"sku": "a-1", "n": 2, "price": decimal.Decimal("1.5")}, {"sku": "b-2", "n": 1, "price": None}]}
    assert draft.rows[0] == want
    assert draft.rows[1] == {"id": 2, "who_name": None, "who_address_city": None, "who_address_zip_code": None, "tags": [], "at": None,
                             "total": decimal.Decimal("12.25"), "counts_x": 1, "lines": []}


def test_lines_of_json(tmp_path):
    check_records(Draft(tmp_path, "x.ndjson", "".join(json.dumps(one) + "\n" for one in RECORDS).encode()))
    check_records(Draft(tmp_path, "lines.txt", "".join(json.dumps(one) + "\n" for one in RECORDS).encode()))


@pytest.mark.parametrize("document,path", [
    ({"odata.count": 2, "data.v1": {"rows": RECORDS}}, "data\\.v1.rows"),
    (RECORDS, ""), ({"meta": {"links": [{"rel": "x"}]}, "data": {"items": RECORDS}}, "data.items"),
    ({"count": 2, "rows": RECORDS, "next": None}, "rows")])
def test_a_json_document(tmp_path, document, path):
    draft = Draft(tmp_path, "x.json", json.dumps(document, indent=1).encode())
    assert draft.entry.get("json", {}).get("records", "") == path
    check_records(draft)


def test_members_that_have_no_path(tmp_path):
    deep = 1
    for _ in range(12):
        deep = {"d": deep}
    draft = Draft(tmp_path, "x.json", json.dumps([{"a": {"": 1, "b": 2}, "": 3, "deep": deep}]).encode())
    assert "# left out: a." in draft.text
    assert draft.rows[0]["a_b"] == 2 and draft.rows[0]["field"] == 3 and len(draft.rows[0]) == 3


def test_dates_in_nested_values(tmp_path):
    rows = [{"id": i, "days": [f"{10 + i}.01.2024", None], "log": [{"at": f"2024-01-{10 + i}T10:00:00Z", "by": "x"}],
             "mixed": [{"a": "2024-01-31", "b": f"{10 + i}/01/2024"}]} for i in range(5)]
    draft = Draft(tmp_path, "x.json", json.dumps(rows).encode())
    assert draft.entry["fields"] == {"days": {"pattern": "%d.%m.%Y"}}
    items = {field["name"]: field["type"]["items"] for field in draft.schema["fields"][1:]}
    assert items["days"] == ["null", {"type": "int", "logicalType": "date"}]
    assert [type_name(field["type"]) for field in items["log"]["fields"]] == ["timestamp-micros", "string"]
    assert [type_name(field["type"]) for field in items["mixed"]["fields"]] == ["date", "string"]
    assert draft.rows[3]["days"] == ["2024-01-13", None] and draft.rows[3]["mixed"] == rows[3]["mixed"]


def test_maps_and_single_objects(tmp_path):
    rows = [{"k": i, "by_year": {str(2000 + i): i * 10}} for i in range(30)]
    draft = Draft(tmp_path, "x.json", json.dumps(rows).encode())
    assert draft.types["by_year"] == "map" and draft.rows == rows
    draft = Draft(tmp_path, "one.json", b'{"id": 7, "tags": ["x"]}')
    assert draft.rows == [{"id": 7, "tags": ["x"]}]


def test_an_avro_file_brings_its_schema(tmp_path):
    schema = {"type": "record", "name": "sale", "fields": [
        {"name": "id", "type": "long"}, {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "note", "type": ["null", "string"], "default": None}]}
    out = io.BytesIO()
    writer = avro.datafile.DataFileWriter(out, avro.io.DatumWriter(), avro.schema.parse(json.dumps(schema)), codec="deflate")
    rows = [{"id": i, "day": datetime.date(2024, 1, 1 + i), "note": None if i % 2 else "x"} for i in range(20)]
    for row in rows:
        writer.append(row)
    writer.flush()
    draft = Draft(tmp_path, "sales.avro", out.getvalue())
    assert draft.schema == schema and draft.entry["key"] == ["id"]
    assert draft.rows == [{**row, "day": row["day"].isoformat()} for row in rows]


@pytest.mark.parametrize("seed", range(12))
def test_any_file_loads_as_drafted(tmp_path, seed):
    """Columns of random kinds in a random dialect; Python's csv reads what preview shows."""
    rng = random.Random(seed)
    delimiter = rng.choice([",", ";", "\t", "|"])
    kinds = {
        "int": lambda: str(rng.randrange(-999, 10**6)), "long": lambda: str(rng.randrange(10**12)),
        "money": lambda: f"{rng.randrange(10**6)}.{rng.randrange(100):02d}", "code": lambda: f"{rng.randrange(10**5):05d}",
        "text": lambda: rng.choice(["", "x", "a" + delimiter + "b", 'say "hi"', "two\nlines", "  spaces ", "né"]) + str(rng.randrange(9)),
        "day": lambda: f"20{rng.randrange(10, 30)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}",
        "flag": lambda: rng.choice(["true", "false"]), "uuid": lambda: str(__import__("uuid").UUID(int=rng.getrandbits(128))),
    }
    names = [f"{kind}_{i}" for i, kind in enumerate(rng.choices(list(kinds), k=rng.randrange(2, 9)))]
    holes = {name for name in names if rng.random() < 0.3 and not name.startswith("text")}
    table = [[("" if name in holes and rng.random() < 0.2 else kinds[name.split("_")[0]]()) for name in names]
             for _ in range(rng.randrange(30, 300))]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=rng.choice(["\n", "\r\n"]), quoting=rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    writer.writerows([names, *table])
    draft = Draft(tmp_path, "x.csv", out.getvalue().encode())
    expected = {"int": "int", "long": "long", "money": "decimal(18,2)", "code": "string", "text": "string", "day": "date", "flag": "boolean",
                "uuid": "uuid"}
    for name in names:
        assert draft.types[name].rstrip("?") == expected[name.split("_")[0]], draft.text
    assert len(draft.rows) == len(table)
    shown = {int: str, bool: lambda value: str(value).lower(), decimal.Decimal: str, str: str, type(None): lambda _: ""}
    for row, cells in zip(draft.rows, table):
        assert [shown[type(row[name])](row[name]) for name in names] == cells


def example_files():
    found = [path for path in sorted(EXAMPLES.glob("*/data/**/*")) if path.suffix in (".csv", ".json", ".ndjson") and "refused" not in path.parts]
    assert len(found) > 8
    return found


@pytest.mark.parametrize("path", example_files(), ids=lambda path: path.name)
def test_the_examples_files_load_as_drafted(tmp_path, path):
    draft = Draft(tmp_path, path.name, path.read_bytes())
    assert draft.rows


def test_a_sample_that_ends_in_a_record(tmp_path):
    text = "id,name\n" + "".join(f"{i},{'x' * (i % 90)}\n" for i in range(40000))
    draft = Draft(tmp_path, "big.csv", text.encode())
    assert len(draft.rows) == 40000 and "unique in the first" in draft.text
    rows = [{"id": i, "name": "x" * (i % 90)} for i in range(20000)]
    assert len(Draft(tmp_path, "big.json", json.dumps({"d": rows}).encode()).rows) == 20000
    assert len(Draft(tmp_path, "big.ndjson", "".join(json.dumps(row) + "\n" for row in rows).encode()).rows) == 20000


def test_write_never_overwrites(tmp_path):
    (tmp_path / "orders1.csv").write_text(PLAIN)
    (tmp_path / "orders2.csv").write_text(PLAIN)
    (tmp_path / "users.csv").write_text("id,name\n1,Ann\n")
    done = penstock(tmp_path, "infer", "orders1.csv", "orders2.csv", "--write")
    assert done.returncode == 0 and "orders2.csv: of dataset orders" in done.stderr, done.stderr
    assert penstock(tmp_path, "preview", "orders2.csv").returncode == 0
    config = (tmp_path / "penstock.yml").read_text()
    done = penstock(tmp_path, "infer", "users.csv", "--write")
    assert done.returncode == 0 and "put this below" in done.stderr and done.stdout.startswith("  users:")
    done = penstock(tmp_path, "infer", "users.csv", "--write")
    assert done.returncode == 1 and "schemas/users.avsc is there already" in done.stderr
    assert (tmp_path / "penstock.yml").read_text() == config


@pytest.mark.parametrize("data,why", [(b"", "the file is empty"), (b"[1, 2]", "no JSON objects"), (b"Obj\x01\x02", "header is cut"), (bytes(range(256)) * 9, "no text"),
                                      (b"%PDF-1.4\n1 0 obj\n", "a PDF document"), (b" <!DOCTYPE HTML><html></html>", "an HTML page"),
                                      (b"PK\3\4" + bytes(26) + b"[Content_Types].xml", "an Excel workbook"), (b"PK\3\4" + bytes(26) + b"a.csv", "a zip archive")])
def test_what_makes_no_table(tmp_path, data, why):
    (tmp_path / "x.json").write_bytes(data)
    done = penstock(tmp_path, "infer", "x.json")
    assert done.returncode == 1 and why in done.stderr
    done = penstock(tmp_path, "infer", "none.csv")
    assert done.returncode == 1 and "none.csv" in done.stderr


def test_the_examples_of_the_docs_are_what_infer_prints(tmp_path):
    text = (EXAMPLES.parent / "docs" / "infer.md").read_text()
    examples = re.findall(r"^```csv\n(.*?)^```\n```console\n\$ penstock infer ([^\n]*)\n(.*?)^```$", text, re.M | re.S)
    assert [name for _, name, _ in examples] == ["orders-2024-02.csv", "people.csv"]
    for (data, name, shown), rows in zip(examples, (3, 5)):
        draft = Draft(tmp_path, name, data.encode())
        assert draft.text == shown
        assert len(draft.rows) == rows
