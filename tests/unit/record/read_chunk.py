# SPDX-License-Identifier: Apache-2.0
"""Reads a chunk with the reference implementation for Python and prints what it holds, one fact a line."""
import io
import sys

import avro.datafile
import avro.io
import avro.schema

path, reject_schema = sys.argv[1:]
items = avro.schema.parse('{"type": "array", "items": %s}' % open(reject_schema).read())
longs = avro.schema.parse('{"type": "array", "items": "long"}')


def decode(schema, data):
    return avro.io.DatumReader(schema).read(avro.io.BinaryDecoder(io.BytesIO(data)))


with avro.datafile.DataFileReader(open(path, "rb"), avro.io.DatumReader()) as reader:
    for row in reader:
        print("row", row["id"], row["name"])
    print("name", reader.get_meta("penstock.name").decode())
    print("skipped", decode(longs, reader.get_meta("penstock.skipped")))
    for reject in decode(items, reader.get_meta("penstock.rejects")):
        print("reject", reject["record"], reject["start"], reject["end"], reject["column"], reject["reason"], reject["text"])
