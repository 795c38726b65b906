# SPDX-License-Identifier: Apache-2.0
"""`penstock preview`: what it prints, where, and how it ends; no server runs here."""
import gzip
import io
import json
import os
import re
import subprocess
import tarfile
import zipfile

import pytest

from support.penstock import binary

CONFIG = """
datasets:
  orders:
    schema: orders.avsc
    files: ["orders*.csv", "orders*.csv.gz"]
    table: raw.orders
    key: [order_id]
  strict:
    schema: orders.avsc
    files: ["orders-strict*.csv", "strict*.csv"]
    table: raw.strict
    key: [order_id]
    max_rejects: 1
"""
FIELDS = [
    {"name": "order_id", "type": "long"},
    {"name": "total", "type": ["null", {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}]},
    {"name": "note", "type": ["null", "string"]},
]
GOOD = 'Order ID,note,total\r\n1,"a\nb",2.50\r\n4,"q,""q""",\r\n'
BAD = 'Order ID,note,total\r\n1,"a\nb",2.50\r\n2,x,1.999\r\n,y,3\r\n4,z,\r\n'


@pytest.fixture(name="preview")
def preview_fixture(tmp_path):
    (tmp_path / "penstock.yml").write_text(CONFIG)
    (tmp_path / "orders.avsc").write_text(json.dumps({"type": "record", "name": "orders", "fields": FIELDS}))

    def preview(name, content, *arguments):
        data = content if isinstance(content, bytes) else content.encode()
        (tmp_path / name).write_bytes(data)
        return subprocess.run([binary(), "-C", tmp_path, "preview", name, *arguments],
                              capture_output=True, text=True, timeout=60)

    return preview


def test_rows_as_csv(preview):
    done = preview("orders1.csv", GOOD)
    assert done.stdout == 'order_id,total,note\n1,2.50,"a\nb"\n4,,"q,""q"""\n'
    assert done.stderr == "orders1.csv: dataset orders: 2 rows, 2 records read, 0 rejects\n"
    assert done.returncode == 0


def test_rows_as_ndjson_out_of_gzip(preview):
    done = preview("orders1.csv.gz", gzip.compress(GOOD.encode()), "--format", "ndjson", "--limit", "1")
    assert [json.loads(line) for line in done.stdout.splitlines()] == [{"order_id": 1, "total": 2.5, "note": "a\nb"}]
    assert "1 row (--limit)" in done.stderr
    assert done.returncode == 0


def test_rejects_have_a_line_and_a_reason(preview):
    done = preview("orders1.csv", BAD)
    assert done.returncode == 3
    assert done.stdout.splitlines()[-1] == "4,,z"
    first, second, summary = done.stderr.splitlines()
    assert first.startswith("orders1.csv:4: record 2, column total: '1.999': ")
    assert first.endswith(": 2,x,1.999")
    assert second == "orders1.csv:5: record 3, column Order ID: key field order_id is null: ,y,3"
    assert summary.endswith("2 rows, 4 records read, 2 rejects")


@pytest.mark.parametrize("name, content, reason", [
    ("orders1.csv", "", "no header: the file is empty"),
    ("orders1.csv", "order_id,order_id,total,note\n", "duplicate columns: 'order_id' (columns 1 and 2"),
    ("orders1.csv", "order_id,amount\n1,2\n", "missing columns: total, note; columns the schema does not name: amount"),
    ("orders1.csv.gz", gzip.compress(BAD.encode() * 50)[:-12], "gzip data broken off or corrupt"),
    ("strict1.csv", BAD, "2 of 4 records rejected, max_rejects is 1; record 2, column total"),
])
def test_quarantine(preview, name, content, reason):
    done = preview(name, content)
    assert f"penstock: {name} would be quarantined: " in done.stderr
    assert reason in done.stderr
    assert done.returncode == 1


def test_which_dataset(preview):
    assert "no dataset's files match other.csv" in preview("other.csv", GOOD).stderr
    assert preview("other.csv", GOOD).returncode == 2
    assert preview("other.csv", GOOD, "--dataset", "orders").returncode == 0
    done = preview("orders-strict.csv", GOOD)
    assert "quarantined: several datasets take files of this name" in done.stderr
    assert "orders: fits exactly; strict: fits exactly" in done.stderr
    assert done.returncode == 1
    assert "no dataset 'x'" in preview("other.csv", GOOD, "--dataset", "x").stderr
    assert "--format is csv or ndjson" in preview("orders1.csv", GOOD, "--format", "xml").stderr


def test_a_folder_is_no_file(preview, tmp_path):
    (tmp_path / "orders-folder.csv").mkdir()
    done = subprocess.run([binary(), "-C", tmp_path, "preview", "orders-folder.csv"],
                          capture_output=True, text=True, timeout=60)
    assert "is no regular file" in done.stderr
    assert done.returncode == 1
    os.mkfifo(tmp_path / "orders-fifo.csv")
    done = subprocess.run([binary(), "-C", tmp_path, "preview", "orders-fifo.csv"],
                          capture_output=True, text=True, timeout=60)
    assert "is no regular file" in done.stderr
    assert done.returncode == 1
    assert preview("orders1.csv", GOOD).returncode == 0


def zipped(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def tarred(members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content.encode()))
    return out.getvalue()


@pytest.mark.parametrize("pack,name", [(zipped, "all.zip"), (tarred, "all.tar.gz")])
def test_the_members_of_an_archive(preview, pack, name):
    done = preview(name, pack({"orders1.csv": GOOD, "sub/orders2.csv": BAD, "sub/.hidden": "x"}))
    assert done.stdout == 'order_id,total,note\n1,2.50,"a\nb"\n4,,"q,""q"""\n1,2.50,"a\nb"\n4,,z\n'
    lines = done.stderr.splitlines()
    assert lines[0] == f"{name}!orders1.csv: dataset orders: 2 rows, 2 records read, 0 rejects"
    assert lines[1].startswith(f"{name}!sub/orders2.csv:4: record 2, column total: '1.999': ")
    assert lines[3] == f"{name}!sub/orders2.csv: dataset orders: 2 rows, 4 records read, 2 rejects"
    assert done.returncode == 3


def test_a_bad_member_does_not_hide_the_others(preview):
    done = preview("all.zip", zipped({"orders0.csv": "order_id\n1\n", "other.csv": "x", "orders1.csv": GOOD}))
    assert "penstock: all.zip!orders0.csv would be quarantined: header: missing columns" in done.stderr
    assert "all.zip!other.csv: no dataset's files match other.csv" in done.stderr
    assert "all.zip!orders1.csv: dataset orders: 2 rows" in done.stderr
    assert done.returncode == 1
    # What its own name does not tell, the archive's may.
    done = preview("orders-all.csv", zipped({"data.csv": GOOD}))
    assert done.returncode == 0 and "orders-all.csv!data.csv: dataset orders: 2 rows" in done.stderr
    done = preview("all.zip", zipped({}))
    assert done.returncode == 1 and "an archive without files" in done.stderr
    data = bytearray(zipped({"orders1.csv": GOOD}))
    data[data.index(b"PK\1\2") + 27] = data[data.index(b"PK\3\4") + 25] = 128
    done = preview("all.zip", bytes(data))
    assert done.returncode == 1 and re.search(r"all.zip: archive broken off or corrupt: [^\n]+ wrong size [^\n]+\n$", done.stderr), done.stderr
    done = preview("all.zip", zipped({"orders1.csv": GOOD * 400})[:9000])
    assert done.returncode == 1 and "would be quarantined" in done.stderr


def test_the_first_rows_and_every_reject(preview):
    many = "order_id,note,total\n" + "".join(f"{i},x,{'1.999' if i % 10 == 9 else 2}\n" for i in range(50000))
    done = preview("orders1.csv", many, "--rows", "3")
    assert done.stdout == "order_id,total,note\n0,2.00,x\n1,2.00,x\n2,2.00,x\n"
    assert done.stderr.count(": record ") == 5000
    assert "45,000 rows (the first 3 shown), 50,000 records read, 5,000 rejects" in done.stderr
    assert done.returncode == 3
    done = preview("all.zip", zipped({"orders1.csv": GOOD, "orders2.csv": GOOD}), "--rows", "1", "--format", "ndjson")
    assert len(done.stdout.splitlines()) == 2
