# SPDX-License-Identifier: Apache-2.0
"""What lies on a topic, read by kcat and Python's own Avro: each publication's chunks, and that they are right."""
import collections
import io

from avro.datafile import DataFileReader
from avro.io import DatumReader


def payloads(kafka, topic):
    """Every message's bytes, in no order across partitions."""
    out = kafka.kcat("-C", "-t", topic, "-o", "beginning", "-e", "-q", "-D", "", "-f", "%S\n%s").stdout
    found = []
    while out:
        size, _, out = out.partition(b"\n")
        found.append(out[:int(size)])
        out = out[int(size):]
    return found


def as_text(record):
    """The record as the row of the CSV file it came from."""
    return (str(record["id"]), record["town"],
            None if record["amount"] is None else f"{record['amount']:.2f}",
            None if record["updated_at"] is None else record["updated_at"].strftime("%Y-%m-%d %H:%M:%S") + "+00",
            record["note"])


def publications(kafka, topic):
    """{file id: {chunk number: (metadata, rows)}}. A chunk that was sent again must be the same bytes."""
    by_bytes = collections.Counter(payloads(kafka, topic))
    found = collections.defaultdict(dict)
    for payload in by_bytes:
        reader = DataFileReader(io.BytesIO(payload), DatumReader())
        meta = {key: value.decode() for key, value in reader.meta.items()
                if key.startswith("penstock.") and key not in ("penstock.skipped", "penstock.rejects")}
        chunks = found[int(meta["penstock.id"])]
        number = int(meta["penstock.chunk"])
        assert number not in chunks, f"chunk {number} of {meta['penstock.name']} was sent with different bytes"
        chunks[number] = (meta, [as_text(record) for record in reader])
    return dict(found)


def assert_whole(chunks, rows):
    """Numbered without a gap, the byte ranges tiling the file, the last one marked; the rows are `rows`."""
    assert sorted(chunks) == list(range(len(chunks)))
    last = len(chunks) - 1
    at = 0
    for number in range(len(chunks)):
        meta, _ = chunks[number]
        assert int(meta["penstock.start"]) == at
        at = int(meta["penstock.end"])
        assert meta.get("penstock.chunks") == (str(len(chunks)) if number == last else None)
    sent = [row for number in range(len(chunks)) for row in chunks[number][1]]
    assert sent == [row for row in rows if row is not None]
