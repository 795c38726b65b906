# SPDX-License-Identifier: Apache-2.0
"""
Seeded sequences of everything at once: files dropped, published, sent again, retracted, corrected, while services and
commands are killed (-9, and at fault points), frozen and ended. Then the tables, rejects, ledger, look-ups and models are
what Python makes of the set of publications.
"""
import hashlib
import json
import os
import random
import signal
import time

import pytest

from support import versions
from support.wait import wait_until

STEPS = 22
# A kill; SIGTERM, when it is expected already, before that, and a second time.
ENDS = (-signal.SIGKILL, 0, -signal.SIGTERM, 128 + signal.SIGTERM)
MISSING = "n/a"  # what a reject's amount is, until the configuration says that it means null
REFUSED = "1.234"  # what it is for good
FAULTS = {
    "worker": ["loader.noted", "loader.looked_up", "loader.ledger", "loader.conflict", "loader.rows", "loader.committed",
               "loader.completed", "worker.committed"],
    "producer": ["producer.claimed", "producer.archived", "producer.manifest", "producer.chunk", "producer.acknowledged",
                 "producer.recorded", "producer.hidden", "producer.removed"],
    "scheduler": ["scheduler.model", "scheduler.commit"],
    "retract": ["retract.noted", "rebuild.compared", "rebuild.applied", "rebuild.marked", "rebuild.committed"],
    "replay": ["replay.corrected", "replay.retracted", "rebuild.applied", "rebuild.loaded"],
    "publish": ["producer.manifest", "producer.chunk", "producer.recorded"],
}
RULES = {"sales": "last", "stock": "last", "rates": "greatest", "people": "last"}
TABLES = {"sales": "(SELECT s.*, d.town FROM raw.sales s LEFT JOIN dim.town d USING (town_id)) AS s",
          "stock": "raw.stock", "rates": "raw.rates"}
GROUPS = ("SELECT town_id, sum(amount) AS total, count(*) AS sales, max(updated_at) AS latest FROM raw.sales "
          "WHERE town_id IS NOT NULL GROUP BY town_id")
ROWS = "SELECT id, amount * 2 AS twice, town_id FROM raw.sales WHERE id > 30"
MODELS = {"groups": ("incremental\n-- unique_key: town_id", GROUPS), "rows": ("incremental\n-- unique_key: id", ROWS),
          "totals": ("table\n-- speed: group town_id; sum total; count sales; max latest", GROUPS)}


def configure(project):
    project.dataset("sales", versions.FIELDS, "sales*", ["id"], lookups={"town": "dim.town"})
    project.dataset("stock", versions.FIELDS, "stock*", ["id"], keep="latest_file")
    project.dataset("rates", versions.FIELDS, "rates*", ["id"], on_conflict={"greatest": "updated_at"})
    project.dataset("people", {"country": "string", "year": "int", "people": ["null", "long"]}, "people*",
                    ["country", "year"], unpivot={"keep": ["country"], "names": "year", "values": "people"})
    for settings in project.config["datasets"].values():
        settings.update(chunk_bytes="16KiB", csv={"nulls": [""]})
    project.config["kafka"].update({"session.timeout.ms": "2000", "heartbeat.interval.ms": "300"})
    project.config["models"] = "sql/models"
    project.config["schedule"] = {"recalculate": {"after_load": True, "debounce": "200ms"}}
    for name, (materialized, sql) in MODELS.items():
        project.file(f"sql/models/marts/{name}.sql", f"-- materialized: {materialized}\n{sql}\n")
    return project.write()


def as_read(dataset, rows, nulls):
    """The rows of a file, None for rejects."""
    if dataset == "people":
        return [(f"{row[0]}/{year}", people or None) for row in rows for year, people in zip((2001, 2002, 2003), row[1:])]
    amounts = [None if row[2] in nulls else row[2] for row in rows]
    return [None if amount in (MISSING, REFUSED) else (*row[:2], amount, *row[3:]) for row, amount in zip(rows, amounts)]


class Chaos:
    """One project, its services, and what was done to it."""

    def __init__(self, project, database, seed):
        self.project, self.database, self.dice = project, database, random.Random(seed)
        self.contents = {}  # {(dataset, SHA-256): rows as they stand in the file}
        self.files = []
        self.retracted = set()
        self.services = {name: None for name in ("producer-1", "producer-2", "worker-1", "worker-2", "scheduler-1")}

    def fault(self, kind, share):
        if self.dice.random() >= share:
            return {}
        return {"PENSTOCK_FAULT": f"{self.dice.choice(FAULTS[kind])}:{self.dice.choice([1, 1, 2, 4])}"}

    def keep_running(self, share=0.4):
        """As a supervisor would."""
        for name, service in self.services.items():
            if service is None or not service.running():
                assert service is None or service.process.poll() in ENDS, service.output()
                kind = name.split("-")[0]
                options = ["--settle", "50ms", "--rescan", "500ms", "--repair", "1s"] if kind == "producer" else []
                self.services[name] = self.project.start(kind, *options, env=self.fault(kind, share))

    def command(self, *arguments, share=0.5):
        """A command that may die half-way; 3: rejects are left."""
        done = self.project.run(*arguments, code=None, env=self.fault(arguments[0], share) if share else None)
        assert done.code in (0, 3, -signal.SIGKILL), repr(done)

    def manifests(self):
        for path in sorted(self.project.folder.glob("archive/*/manifests/[0-9a-f]*.json")):
            yield json.loads(path.read_text())

    # ---- what may happen

    def new_file(self):
        """(name, bytes) of a new file; every so often with records to refuse."""
        name = self.dice.choice(list(RULES))
        count = self.dice.choice([1, 40, 700])
        if name == "people":
            rows = [(f"c{self.dice.randrange(30)}", *self.dice.choices(["", "7", "12"], k=3)) for _ in range(count)]
            text = "country,2001,2002,2003\n" + "".join(",".join(row) + "\n" for row in rows)
        else:
            rows = [(*row[:2], self.dice.choice([MISSING, REFUSED]), *row[3:]) if self.dice.random() < 0.02 else row
                    for row in versions.make_rows(self.dice.random(), count, 900)]
            text = versions.to_csv(rows)
        self.contents[name, hashlib.sha256(text.encode()).hexdigest()] = rows
        self.files.append((f"{name}-{len(self.files)}.csv", text))
        return self.files[-1]

    def drop(self):
        for _ in range(self.dice.choice([1, 1, 3])):
            known = self.files and self.dice.random() < 0.1
            self.project.drop(*(self.dice.choice(self.files) if known else self.new_file()))

    def publish(self):
        again = ["--again"] if self.files and self.dice.random() < 0.5 else []
        name, text = self.dice.choice(self.files) if again else self.new_file()
        self.command("publish", *again, self.project.file(f"by-hand/{name}", text))

    def retract(self):
        sent = [(one["dataset"], one["file_id"]) for one in self.manifests() if one["state"] == "sent"]
        if sent:
            self.retracted.add(self.dice.choice(sorted(sent)))
            self.take_back(0.5)

    def take_back(self, share):
        for dataset, file_id in sorted(self.retracted):
            self.command("retract", "--dataset", dataset, "--file-id", file_id, share=share)

    def mend(self):
        """From now on the missing amount means null: files are corrected, one a dataset and try."""
        for settings in self.project.config["datasets"].values():
            settings["csv"] = {"nulls": ["", MISSING]}
        self.project.write()
        self.command("replay", "--rejects")

    def kill(self):
        service = self.dice.choice([service for service in self.services.values() if service.running()])
        service.process.send_signal(self.dice.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM]))

    def freeze(self):
        service = self.services[self.dice.choice(list(self.services))]
        if service.running():
            service.freeze()
            self.drop()
            time.sleep(self.dice.uniform(0.1, 1))
            service.thaw()

    def cut(self):
        self.database.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                              " AND pid <> pg_backend_pid() AND backend_type = 'client backend'")

    def go(self):
        steps = [self.drop, self.publish, self.retract, self.kill, self.freeze, self.cut]
        for step in range(STEPS):
            self.keep_running()
            self.dice.choices(steps, [6, 2, 1, 7, 1, 1])[0]()
            if step == STEPS * 2 // 3:
                self.mend()
            # The moment itself is what is tested: a seeded span of the clock, no condition.
            time.sleep(self.dice.uniform(0, 0.4))

    # ---- and what must be true in the end

    def settle(self):
        for service in self.services.values():
            service.kill()
        self.keep_running(share=0)
        wait_until(lambda: os.listdir(self.project.folder / "inbox") == [], 90, "the inbox is empty")
        wait_until(lambda: all(one["state"] != "pending" for one in self.manifests()), 60, "all is sent")
        self.take_back(0)
        wait_until(self.all_loaded, 90, "all is loaded")
        self.command("replay", "--rejects", share=0)
        wait_until(lambda: sum(row["lag"] for row in self.project.json("lag")) == 0, 30, "no lag")

    def all_loaded(self):
        sent = {(one["dataset"], one["file_id"]) for one in self.manifests() if one["state"] == "sent"}
        return sent <= set(self.database.execute(
            "SELECT dataset, file_id FROM penstock.file WHERE state IN ('complete', 'superseded')"))

    def publications(self, dataset):
        """[(file id, rows)], the oldest first: what the manifests say of contents this test has made."""
        found = []
        for one in self.manifests():
            if one["dataset"] == dataset:
                assert (one["state"] == "retracted") == (
                    (dataset, one["file_id"]) in self.retracted or one["reason"].startswith("corrected")), one
                if one["state"] == "sent":
                    nulls = one["reading"]["csv"]["nulls"]
                    found.append((one["file_id"], as_read(dataset, self.contents[dataset, one["sha256"]], nulls)))
        return sorted(found)

    def assert_tables(self):
        for dataset, rule in RULES.items():
            publications = self.publications(dataset)
            wanted = versions.expected(publications[-1:] if dataset == "stock" else publications, rule)
            versions.assert_same(self.table(dataset), wanted)
            rejects = {(file_id, number) for file_id, rows in publications
                       for number, row in enumerate(rows, 1) if row is None}
            assert rejects == set(self.database.execute(
                "SELECT file_id, record FROM penstock.reject JOIN penstock.file f USING (dataset, file_id) "
                "WHERE dataset = %s AND f.state <> 'retracted'", [dataset]))

    def table(self, dataset):
        if dataset != "people":
            return versions.table(self.database, TABLES[dataset])
        rows = self.database.execute("SELECT country || '/' || year, people::text, _file, _row FROM raw.people")
        return {row[0]: (tuple(row[:2]), row[2], row[3]) for row in rows}

    def assert_models(self):
        def differs(model, sql):
            return self.database.value(f"SELECT EXISTS (TABLE {model} EXCEPT ALL ({sql})) "
                                       f"OR EXISTS (({sql}) EXCEPT ALL TABLE {model})")
        self.project.run("run")
        for name, (_, sql) in MODELS.items():
            assert not differs(f"marts.{name}", sql), name
        rows = versions.make_rows(0, 50, 10 ** 9)
        self.contents["sales", hashlib.sha256(versions.to_csv(rows).encode()).hexdigest()] = rows
        self.project.run("publish", "--wait", self.project.file("sales-new.csv", versions.to_csv(rows)))
        assert not differs("marts.totals_live", GROUPS)

    def assert_whole(self):
        self.project.run("verify")
        self.assert_tables()
        # What has rows in a table and can be corrected is.
        assert self.database.value("SELECT count(*) FROM penstock.reject JOIN penstock.file USING (dataset, file_id) "
                                   "WHERE state = 'complete' AND strpos(original, %s) > 0", [MISSING]) == 0
        self.database.execute("DELETE FROM penstock.file WHERE state = 'retracted'")
        self.database.execute("UPDATE penstock.file SET state = 'complete' WHERE state = 'superseded'")
        versions.assert_ledger_whole(self.database)
        assert self.database.value("SELECT count(*) = count(DISTINCT town) FROM dim.town")
        for path in self.project.folder.glob("archive/*/objects/*/*"):
            assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_happens_the_tables_follow_from_the_publications(project, database, seed):
    configure(project).run("init")
    database.execute(f'ALTER DATABASE "{database.name}" SET penstock.silence = \'1 s\'')
    chaos = Chaos(project, database, seed)
    chaos.go()
    chaos.settle()
    chaos.assert_models()
    chaos.assert_whole()
