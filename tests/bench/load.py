#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""
File on disk -> last row visible, beside `psql \\copy` of the same file, in one run.

    tests/bench/load.py FILE.csv [--rounds 5] [--workers 2] [--build build]

FILE.csv is TPC-H lineitem with a header line (PyPI: tpchgen-cli csv -s 0.1 --tables=lineitem). Starts a
real Kafka and a real Postgres with default settings, then alternates the contestants: each round
empties the table, loads by \\copy, empties it again, and publishes the file through Kafka to the workers. Prints
medians, the ratio round by round, and for each process its CPU time and peak memory.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests"))

DECIMAL = {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}
DATE = {"type": "int", "logicalType": "date"}
FIELDS = {
    "l_orderkey": "long", "l_partkey": "long", "l_suppkey": "long", "l_linenumber": "int",
    "l_quantity": DECIMAL, "l_extendedprice": DECIMAL, "l_discount": DECIMAL, "l_tax": DECIMAL,
    "l_returnflag": "string", "l_linestatus": "string", "l_shipdate": DATE, "l_commitdate": DATE,
    "l_receiptdate": DATE, "l_shipinstruct": "string", "l_shipmode": "string", "l_comment": "string",
}
TICKS = os.sysconf("SC_CLK_TCK")


def usage(pid):
    """CPU seconds (user + system, threads included) and peak resident MiB of a living process."""
    stat = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return (int(stat[11]) + int(stat[12])) / TICKS, peak / 1024


def server_cpu(postmaster):
    """CPU seconds of the postmaster, its living children, and those it has reaped."""
    def own_and_reaped(pid):
        words = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(int(word) for word in words[11:15]) / TICKS
    children = pathlib.Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    return own_and_reaped(postmaster) + sum(own_and_reaped(int(child)) for child in children)


def timed_child(command, environment):
    """Wall seconds, CPU seconds and peak MiB of a command that ends."""
    started = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"{command} ended with {process.returncode}"
    return time.monotonic() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--build", default="build")
    arguments = parser.parse_args()
    os.environ["PENSTOCK"] = str(TOP / arguments.build / "penstock")

    from support.kafka_server import KafkaServer
    from support.penstock import Project, binary
    from support.postgres_server import PostgresServer
    from support.wait import wait_until

    source = arguments.file.resolve()
    with open(source, "rb") as file:
        rows = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b"")) - 1
    kafka, postgres = KafkaServer(), PostgresServer(settings={"fsync": "on", "shared_buffers": "128MB"})
    with tempfile.TemporaryDirectory(prefix="penstock-bench-") as folder:
        os.chmod(folder, 0o755)
        try:
            kafka.start()
            postgres.start()
            database = postgres.create_database("bench")
            project = Project(folder, kafka.bootstrap, database.conninfo, "bench.")
            project.dataset("lineitem", FIELDS, "lineitem*.csv", ["l_orderkey", "l_linenumber"])
            project.run("init")
            database.execute("CREATE TABLE copied (LIKE raw.lineitem INCLUDING ALL)")
            database.execute("ALTER TABLE copied DROP COLUMN _file, DROP COLUMN _row")
            workers = [project.start("worker") for _ in range(arguments.workers)]
            wait_until(lambda: database.value("SELECT count(*) FROM penstock.worker WHERE partitions <> ''")
                       == arguments.workers, 60, "the workers have their partitions")
            copy_walls, walls, server_shares, producer = [], [], [], (0, 0)
            for round_ in range(arguments.rounds + 1):
                database.execute("TRUNCATE copied")
                database.execute("CHECKPOINT")
                server_before = server_cpu(postgres.process.pid)
                copied, _, _ = timed_child(
                    ["psql", "-qX", database.conninfo, "-c", f"\\copy copied from '{source}' csv header"],
                    os.environ)
                copy_cpu = server_cpu(postgres.process.pid) - server_before
                database.execute("TRUNCATE raw.lineitem")
                database.execute("CHECKPOINT")
                server_before = server_cpu(postgres.process.pid)
                before = [usage(worker.pid)[0] for worker in workers]
                kafka_before = usage(kafka.process.pid)[0]
                started = time.monotonic()
                _, producer_cpu, producer_peak = timed_child(
                    [str(binary()), "-q", "-C", folder, "publish", "--again", str(source)], project.environment)
                published = time.monotonic() - started
                # Counting the rows while they load would load the server: the ledger says when to look.
                wait_until(lambda: database.value(
                    "SELECT count(*) FROM penstock.file WHERE state <> 'complete'") == 0 and database.value(
                    "SELECT count(*) FROM penstock.file") == round_ + 1, 300, "the file is complete", pause=0.01)
                wall = time.monotonic() - started
                assert database.value("SELECT count(*) FROM raw.lineitem") == rows
                worker_cpu = [usage(worker.pid)[0] - b for worker, b in zip(workers, before)]
                kafka_cpu = usage(kafka.process.pid)[0] - kafka_before
                cpu = server_cpu(postgres.process.pid) - server_before
                label = "warm-up" if round_ == 0 else f"round {round_}"
                print(f"{label}: \\copy {copied:.2f} s (server CPU {copy_cpu:.2f} s) | penstock {wall:.2f} s "
                      f"(published after {published:.2f} s; CPU: producer {producer_cpu:.2f}, workers "
                      f"{' + '.join(f'{c:.2f}' for c in worker_cpu)}, Kafka {kafka_cpu:.2f}, server {cpu:.2f} s) "
                      f"| ratio {wall / copied:.2f}", flush=True)
                if round_ == 0:
                    continue
                copy_walls.append(copied)
                walls.append(wall)
                server_shares.append((sum(worker_cpu) / cpu, (sum(worker_cpu) + producer_cpu + kafka_cpu) / cpu))
                producer = (producer_cpu, producer_peak)
            ratios = [w / c for w, c in zip(walls, copy_walls)]
            print(f"\n{rows} rows, {source.stat().st_size / 1e6:.0f} MB, {arguments.workers} workers, "
                  f"{arguments.rounds} rounds, medians:")
            print(f"  psql \\copy          {statistics.median(copy_walls):.2f} s")
            print(f"  penstock, to visible {statistics.median(walls):.2f} s, "
                  f"{rows / statistics.median(walls):,.0f} rows/s")
            print(f"  ratio                {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
            print(f"  workers' CPU / Postgres' CPU              {statistics.median(s[0] for s in server_shares):.2f}")
            print(f"  producer, broker and workers / Postgres'  {statistics.median(s[1] for s in server_shares):.2f}")
            print(f"  peak memory: producer {producer[1]:.0f} MiB, workers "
                  f"{', '.join(f'{usage(w.pid)[1]:.0f}' for w in workers)} MiB")
            project.close()
        finally:
            kafka.close()
            postgres.close()


if __name__ == "__main__":
    main()
