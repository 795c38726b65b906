# SPDX-License-Identifier: Apache-2.0
"""
Promise 4: no file, line or backlog moves a process's peak memory by more than a chunk budget. Real
files, real servers; the peaks are the kernel's own (VmHWM). Not for sanitized builds, whose shadow
memory counts too: tests/CMakeLists.txt leaves it out there.
"""
import json
import pathlib
import re
import zlib

from support.wait import wait_until

MIB = 1 << 20
PUBLISHING = 64 * MIB
LOADING = 96 * MIB

FIELDS = {"id": "long", "name": "string", "price": "double", "day": {"type": "int", "logicalType": "date"},
          "note": ["null", "string"]}


def peak(service):
    """Bytes; of this program alone, unlike ru_maxrss, which begins with what the forking process had."""
    status = pathlib.Path(f"/proc/{service.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


def write_rows(path, size):
    """A CSV of about `size` bytes; returns how many rows it has."""
    note = "a remark of some length as people write them " * 2
    rows = 0
    with open(path, "w") as file:
        file.write("id,name,price,day,note\n")
        while file.tell() < size:
            file.write("".join(f"{n},name {n},{n % 1000}.25,2026-{n % 12 + 1:02}-{n % 28 + 1:02},{note}\n"
                               for n in range(rows, rows + 5000)))
            rows += 5000
    return rows


def publish(project, path):
    """`publish --wait` with every worker away: at its peak when all is sent, and there to be asked."""
    service = project.start("publish", "--wait", "--json", path)
    manifests = project.folder / "archive"
    wait_until(lambda: any(json.loads(m.read_text())["state"] == "sent" for m in manifests.rglob("*.json")), 90,
               "the file is sent")
    assert service.running(), service.output()
    return service


def load(project, database):
    """A worker's peak after everything that waits was loaded."""
    worker = project.start("worker")
    wait_until(lambda: database.value(
        "SELECT count(*) > 0 AND bool_and(state = 'complete') FROM penstock.file"), 120, "all is loaded")
    highest = peak(worker)
    assert worker.stop() == 0
    return highest


def report(what, publishing, loading):
    print(f"{what}: publishing {publishing / MIB:.1f} MiB, loading {loading / MIB:.1f} MiB")
    assert publishing < PUBLISHING and loading < LOADING


def test_sixty_megabytes_of_rows(project, database):
    project.dataset("orders", FIELDS, "orders*.csv", ["id"])
    project.run("init")
    path = project.folder / "orders.csv"
    rows = write_rows(path, 60_000_000)
    service = publish(project, path)
    publishing = peak(service)
    loading = load(project, database)
    assert service.wait() == 0
    assert database.value("SELECT count(*) FROM raw.orders") == rows
    report("60 MB of rows", publishing, loading)


def test_a_line_of_thirty_megabytes(project, database):
    """It is a reject of four kilobytes, and the rows before and behind it are loaded."""
    project.dataset("orders", FIELDS, "orders*.csv", ["id"])
    project.run("init")
    producer = project.start("producer")
    row = "{},n,1.5,2026-01-01,{}\n"
    project.drop("orders.csv", "id,name,price,day,note\n" + "".join(row.format(n, "x") for n in range(1000)) +
                 row.format(1000, "y" * 30_000_000) +
                 "".join(row.format(n, '"' + "z" * 100 + '"') for n in range(1001, 2000)))
    wait_until(lambda: not list((project.folder / "inbox").iterdir()), 60, "the file leaves the inbox")
    publishing = peak(producer)
    loading = load(project, database)
    assert database.value("SELECT count(*) FROM raw.orders") == 1999
    assert database.value("SELECT record FROM penstock.reject") == 1001
    assert database.value("SELECT max(length(original)) FROM penstock.reject") <= 4096
    report("a line of 30 MB", publishing, loading)


def number(value):
    """A long of Avro's."""
    value, out = value << 1, bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


def text(value):
    return number(len(value)) + value


def test_an_avro_block_of_forty_megabytes(project, database):
    """Writers can be told to make them so; a few hundred kilobytes when compressed."""
    project.dataset("orders", {"id": "long", "note": "string"}, "orders*.avro", ["id"])
    project.run("init")
    schema = (project.folder / "schemas" / "orders.avsc").read_bytes()
    rows = 40_000
    block = zlib.compress(b"".join(number(n) + text(b"a remark of some length as people write them " * 20) for n in range(rows)))[2:-4]
    sync = bytes(range(16))
    path = project.folder / "orders.avro"
    path.write_bytes(b"Obj\1" + number(2) + text(b"avro.codec") + text(b"deflate") + text(b"avro.schema") + text(schema) + b"\0" + sync
                     + number(rows) + text(block) + sync)
    service = publish(project, path)
    publishing = peak(service)
    loading = load(project, database)
    assert service.wait() == 0
    assert database.value("SELECT count(*) FROM raw.orders") == rows
    report("an Avro block of 40 MB", publishing, loading)


def test_two_million_rows_of_one_byte(project, database):
    """One byte in Avro, thirty and more on the way into the table."""
    project.dataset("flags", {"on": "boolean"}, "flags*.csv", ["_file", "_row"])
    project.run("init")
    path = project.file("flags.csv", "on\n" + "true\nfalse\n" * 1_000_000)
    service = publish(project, path)
    publishing = peak(service)
    loading = load(project, database)
    assert service.wait() == 0
    assert database.execute('SELECT "on", count(*) FROM raw.flags GROUP BY 1 ORDER BY 1') == [
        (False, 1_000_000), (True, 1_000_000)]
    assert database.value("SELECT max(rows) FROM penstock.chunk") == 65536
    report("2,000,000 rows of one byte", publishing, loading)
