# SPDX-License-Identifier: Apache-2.0
"""usage: clickhouse_load.py ORDERS.SQL FOLDER. Runs the SQL in ClickHouse's engine (chdb), with a queue table of the same
columns in place of Kafka's, and gives it the messages in FOLDER one by one. Prints count, pieces and amount."""
import json
import pathlib
import re
import sys

from chdb import session

HIDDEN = ("_key String, _partition UInt64, _offset UInt64, `_headers.name` Array(String), "
          "`_headers.value` Array(String)")


def statements(path):
    text = re.sub(r"--[^\n]*", "", pathlib.Path(path).read_text())
    text, count = re.subn(r"\)\s*ENGINE = Kafka.*?;", f", {HIDDEN}) ENGINE = Memory;", text, count=1, flags=re.S)
    assert count == 1
    return [statement for statement in text.split(";") if statement.strip()]


def main(path, folder):
    engine = session.Session()
    engine.query("CREATE DATABASE shop ENGINE = Atomic")
    engine.query("USE shop")
    for statement in statements(path):
        engine.query(statement)
    for message in json.loads((pathlib.Path(folder) / "messages.json").read_text()):
        engine.query(f"INSERT INTO orders_queue SELECT *, '{message['key']}', {message['partition']}, "
                     f"{message['offset']}, {list(message['names'])}, {list(message['values'])} "
                     f"FROM file('{pathlib.Path(folder).resolve()}/{message['file']}', Avro)")
    print(engine.query("SELECT count(), sum(quantity), sum(quantity * unit_price) FROM orders FINAL", "CSV").data())


main(*sys.argv[1:])
