#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""
File on disk -> last row visible, beside `psql \\copy` of the same file, in one run.

    tests/bench/load.py FILE.csv [--rounds 5] [--warm-up 3] [--workers 2] [--build build]

FILE.csv is TPC-H lineitem with a header line (PyPI: tpchgen-cli csv -s 0.25 --tables=lineitem). Starts a
real Kafka and a real Postgres with default settings, then alternates the contestants: each round
empties the table, loads by \\copy, empties it again, and publishes the file through Kafka to the workers.

Warm-up rounds are printed and not counted: a fresh broker compiles its code while it runs, one that has
run for a minute does not. The broker also works when nobody asks it anything, in proportion to a round's
length and not to what is sent; that share is measured before the rounds and told apart. Prints medians,
the ratio round by round, for each process its CPU time and peak memory, and at last how long a file of one
row takes.
"""
import argparse
import os
import pathlib
import shutil
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
IDLE_SECONDS = 10
SMALL_FILES = 15


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


class Bench:
    """The servers and the workers, as they stand between two rounds."""

    def __init__(self, kafka, postgres, project, database, workers):
        from support.penstock import binary
        self.kafka, self.postgres, self.project, self.database = kafka, postgres, project, database
        self.workers = [project.start("worker") for _ in range(workers)]
        self.publish = [str(binary()), "-q", "-C", str(project.folder), "publish"]
        self.files = 0
        self.wait("SELECT count(*) FROM penstock.worker WHERE partitions <> ''", workers, "the workers' partitions")
        before = usage(kafka.process.pid)[0]
        time.sleep(IDLE_SECONDS)
        self.broker_idle = (usage(kafka.process.pid)[0] - before) / IDLE_SECONDS

    def wait(self, query, expected, what, pause=0.01):
        from support.wait import wait_until
        wait_until(lambda: self.database.value(query) == expected, 300, what, pause=pause)

    def empty(self, table):
        self.database.execute(f"TRUNCATE {table}")
        self.database.execute("CHECKPOINT")

    def copy(self, source):
        """Wall seconds and the server's CPU seconds of psql's \\copy."""
        self.empty("copied")
        before = server_cpu(self.postgres.process.pid)
        wall, _, _ = timed_child(["psql", "-qX", self.database.conninfo, "-c",
                                  f"\\copy copied from '{source}' csv header"], os.environ)
        return wall, server_cpu(self.postgres.process.pid) - before

    def load(self, source, rows):
        """The same through penstock: numbers by name."""
        self.files += 1
        new = self.project.folder / f"lineitem_{self.files}.csv"
        shutil.copyfile(source, new)
        with open(new, "a") as file:
            file.write("\n" * self.files)  # content the archive does not hold yet
        self.empty("raw.lineitem")
        server = server_cpu(self.postgres.process.pid)
        before = [usage(worker.pid)[0] for worker in self.workers]
        broker = usage(self.kafka.process.pid)[0]
        started = time.monotonic()
        published, producer, peak = timed_child([*self.publish, str(new)], self.project.environment)
        # Counting the rows while they load would load the server: the ledger says when to look.
        self.wait("SELECT count(*) FROM penstock.file WHERE state = 'complete'", self.files, "the file is complete")
        wall = time.monotonic() - started
        assert self.database.value("SELECT count(*) FROM raw.lineitem") == rows
        new.unlink()
        return {"wall": wall, "published": published, "producer": producer, "peak": peak,
                "workers": [usage(worker.pid)[0] - b for worker, b in zip(self.workers, before)],
                "broker": usage(self.kafka.process.pid)[0] - broker, "idle": self.broker_idle * wall,
                "server": server_cpu(self.postgres.process.pid) - server}

    def small_file(self, number, header, row):
        """Seconds from the start of `publish` until the one row is visible."""
        path = self.project.file(f"lineitem_{number}.csv", f"{header}{number},{row.partition(',')[2]}")
        started = time.monotonic()
        publish = subprocess.Popen([*self.publish, str(path)], env=self.project.environment,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.wait("SELECT count(*) FROM raw.lineitem", number, "the row is visible", pause=0.001)
        wall = time.monotonic() - started
        assert publish.wait() == 0
        return wall


def describe(name, copied, copy_cpu, load):
    workers = " + ".join(f"{seconds:.2f}" for seconds in load["workers"])
    print(f"{name}: \\copy {copied:.2f} s (server CPU {copy_cpu:.2f} s) | penstock {load['wall']:.2f} s "
          f"(published after {load['published']:.2f} s; CPU: producer {load['producer']:.2f}, workers {workers}, "
          f"Kafka {load['broker']:.2f}, server {load['server']:.2f} s) | ratio {load['wall'] / copied:.2f}", flush=True)


def summary(bench, source, rows, copies, loads):
    def median(of):
        return statistics.median(of(load) for load in loads)

    def all_of(load):
        return sum(load["workers"]) + load["producer"] + load["broker"]

    ratios = [load["wall"] / copied for load, copied in zip(loads, copies)]
    wall = median(lambda load: load["wall"])
    print(f"\n{rows} rows, {source.stat().st_size / 1e6:.0f} MB, {len(bench.workers)} workers, "
          f"{len(loads)} rounds, medians:")
    print(f"  psql \\copy           {statistics.median(copies):.2f} s")
    print(f"  penstock, to visible {wall:.2f} s, {rows / wall:,.0f} rows/s")
    print(f"  ratio                {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
    print("CPU, as shares of Postgres':")
    print(f"  workers                       {median(lambda load: sum(load['workers']) / load['server']):.2f}")
    print(f"  producer                      {median(lambda load: load['producer'] / load['server']):.2f}")
    print(f"  broker, what is sent          "
          f"{median(lambda load: (load['broker'] - load['idle']) / load['server']):.2f}")
    print(f"  broker, idle ({bench.broker_idle:.3f} a second) {median(lambda load: load['idle'] / load['server']):.2f}")
    print(f"  all of them                   {median(lambda load: all_of(load) / load['server']):.2f}")
    print(f"peak memory: producer {max(load['peak'] for load in loads):.0f} MiB, workers "
          f"{', '.join(f'{usage(worker.pid)[1]:.0f}' for worker in bench.workers)} MiB", flush=True)


def run(bench, source, arguments):
    with open(source, "rb") as file:
        rows = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b"")) - 1
    copies, loads = [], []
    for number in range(1 - arguments.warm_up, arguments.rounds + 1):
        copied, copy_cpu = bench.copy(source)
        load = bench.load(source, rows)
        describe(f"round {number}" if number > 0 else "warm-up", copied, copy_cpu, load)
        if number > 0:
            copies.append(copied)
            loads.append(load)
    summary(bench, source, rows, copies, loads)
    bench.empty("raw.lineitem")
    with open(source) as file:
        header, row = file.readline(), file.readline()
    small = [bench.small_file(number + 1, header, row) for number in range(SMALL_FILES)]
    print(f"a file of one row, `publish` started -> visible: {statistics.median(small) * 1000:.0f} ms "
          f"({min(small) * 1000:.0f} to {max(small) * 1000:.0f})")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--warm-up", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--build", default="build")
    arguments = parser.parse_args()
    os.environ["PENSTOCK"] = str(TOP / arguments.build / "penstock")

    from support.kafka_server import KafkaServer
    from support.penstock import Project
    from support.postgres_server import PostgresServer

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
            run(Bench(kafka, postgres, project, database, arguments.workers), arguments.file.resolve(), arguments)
            project.close()
        finally:
            kafka.close()
            postgres.close()


if __name__ == "__main__":
    main()
