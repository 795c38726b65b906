# SPDX-License-Identifier: Apache-2.0
"""The examples of docs/formats.md are what penstock makes of them: dialect, file, and what preview shows."""
import codecs
import json
import pathlib
import re
import subprocess

import pytest
import yaml

from support.penstock import binary

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs" / "formats.md"
EXAMPLE = re.compile(r"^```yaml\n# ([^\n]*)\n(.*?)^```\n```csv\n(.*?)^```\n```text\n(.*?)^```$", re.M | re.S)
TYPES = {
    "date": {"type": "int", "logicalType": "date"},
    "timestamp": {"type": "long", "logicalType": "timestamp-millis"},
    "decimal": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2},
}


def schema(fields):
    """Out of an example's first line, `id long, name string`."""
    row = []
    for name, kind in (field.split() for field in fields.split(", ")):
        row.append({"name": name, "type": ["null", TYPES.get(kind, kind)], "default": None})
    return {"type": "record", "name": "row", "fields": row}


def examples():
    found = EXAMPLE.findall(DOCS.read_text())
    assert len(found) >= 8
    return found


@pytest.mark.parametrize("fields,config,text,shown", examples(), ids=[fields for fields, *_ in examples()])
def test_an_example_is_read_as_shown(tmp_path, fields, config, text, shown):
    encoding = yaml.safe_load(config).get("csv", {}).get("encoding", "utf-8")
    (tmp_path / "row.avsc").write_text(json.dumps(schema(fields)))
    (tmp_path / "penstock.yml").write_text(f"datasets:\n  a:\n{indent(config)}"
                                           "    schema: row.avsc\n    files: '*.csv'\n    table: t\n    key: [_file, _row]\n")
    (tmp_path / "example.csv").write_bytes(codecs.encode(text, encoding))
    done = subprocess.run([binary(), "preview", "example.csv"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    rejects = done.stderr.splitlines(keepends=True)[:-1]
    assert done.stdout + "".join(rejects) == shown
    assert done.returncode == (3 if rejects else 0)


def indent(config):
    return "".join(f"    {line}\n" for line in config.splitlines())
