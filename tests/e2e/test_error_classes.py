# SPDX-License-Identifier: Apache-2.0
"""
What a worker does with what the database refuses, by class: DATA rejects the row, PAUSE waits for a
person and goes on by itself, FATAL stops the dataset; the other datasets never notice.
"""
import json
import re
import urllib.request

import pytest

from support.penstock import Project
from support.process import free_port
from support.wait import wait_until

FIELDS = {"id": "long", "amount": ["null", "long"], "name": ["null", "string"]}
DATASETS = {
    "parents": {}, "children": {}, "orphans": {"on_constraint": "reject"},
    "guarded": {}, "guarded_reject": {"on_constraint": "reject"},
    "checked": {}, "required": {}, "dropped": {}, "second": {}, "fine": {},
}
TABLES = """
ALTER TABLE raw.children ADD CONSTRAINT child_of FOREIGN KEY (amount) REFERENCES raw.parents (id);
ALTER TABLE raw.orphans ADD CONSTRAINT orphan_of FOREIGN KEY (amount) REFERENCES raw.parents (id);
ALTER TABLE raw.checked ADD CONSTRAINT amount_is_positive CHECK (amount > 0);
ALTER TABLE raw.required ALTER COLUMN name SET NOT NULL;
CREATE FUNCTION raw.guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.amount = 13 THEN RAISE EXCEPTION 'thirteen is not allowed here'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard BEFORE INSERT ON raw.guarded FOR EACH ROW EXECUTE FUNCTION raw.guard();
CREATE TRIGGER guard BEFORE INSERT ON raw.guarded_reject FOR EACH ROW EXECUTE FUNCTION raw.guard();
"""


class Room:
    """A project whose tables people have changed by hand, and a worker that runs on it."""

    def __init__(self, project, database):
        self.project = project
        self.database = database
        self.address = f"127.0.0.1:{free_port()}"
        self.files = 0
        self.worker = None

    def start_worker(self):
        self.worker = self.project.start("worker", "--listen", self.address)

    def publish(self, dataset, rows):
        """Publishes a new file of (id, amount, name); its file id."""
        self.files += 1
        text = "id,amount,name\n" + "".join(f"{key},{amount},{name}\n" for key, amount, name in rows)
        path = self.project.file(f"{dataset}-{self.files}.csv", text)
        return self.project.json("publish", "--dataset", dataset, path, code=None)[0]["file_id"]

    def complete(self, dataset, file_id, timeout=60):
        wait_until(lambda: self.database.value(
            "SELECT count(*) FROM penstock.file WHERE dataset = %s AND file_id = %s AND state = 'complete'",
            (dataset, file_id)) == 1, timeout, f"the file of {dataset} is complete")

    def ids(self, dataset):
        return [row[0] for row in self.database.execute(f"SELECT id FROM raw.{dataset} ORDER BY id")]

    def rejects(self, dataset, file_id):
        return self.database.execute(
            "SELECT record, row_number, column_name, reason, original, stage FROM penstock.reject "
            "WHERE dataset = %s AND file_id = %s ORDER BY record", (dataset, file_id))

    def errors(self, dataset):
        """The log's lines at level error that speak of the dataset."""
        return [line for line in self.worker.output().splitlines()
                if "level=error" in line and f"dataset={dataset} " in line]

    def paused(self):
        return self.database.value("SELECT array_to_string(paused || stopped, '; ') FROM penstock.worker WHERE state <> 'stopped'")

    def metric(self, dataset):
        with urllib.request.urlopen(f"http://{self.address}/metrics", timeout=60) as reply:
            found = re.search(rf'^penstock_worker_paused{{dataset="{dataset}"}} (\S+)$', reply.read().decode(), re.M)
        return float(found[1]) if found else None

    def others_go_on(self):
        key = self.files + 1000
        self.complete("fine", self.publish("fine", [(key, 1, "x")]))
        assert key in self.ids("fine")

    def nothing_died(self):
        assert self.database.value("SELECT count(*) FROM penstock.dead_letter") == 0
        assert self.worker.running()


@pytest.fixture(name="room", scope="module")
def room_fixture(kafka, postgres, tmp_path_factory):
    database = postgres.create_database("error_classes")
    project = Project(tmp_path_factory.mktemp("room"), kafka.bootstrap, database.conninfo, "classes.")
    try:
        for name, settings in DATASETS.items():
            project.dataset(name, FIELDS, f"{name}-*.csv", ["id"], **settings)
        project.run("init")
        database.execute(TABLES)
        room = Room(project, database)
        room.start_worker()
        room.others_go_on()
        yield room
    finally:
        project.close()
        print(project.logs())
        database.close()


def assert_pauses(room, dataset, words):
    """One clear line, the worker's row and the metric; the others go on."""
    wait_until(lambda: dataset in room.paused(), 60, f"{dataset} pauses")
    assert words in room.paused()
    line, = room.errors(dataset)
    assert "a dataset pauses; the others go on; it is tried again" in line and words in line and "class=PAUSE" in line
    wait_until(lambda: room.metric(dataset) == 1, 60, "the metric is 1")
    assert any(dataset in row["paused"] for row in room.project.json("status")["workers"])
    room.others_go_on()


def assert_goes_on(room, dataset, file_id, ids):
    room.complete(dataset, file_id)
    assert room.ids(dataset) == ids and room.rejects(dataset, file_id) == []
    assert len(room.errors(dataset)) == 1
    # The rows are seen a moment before the worker has told of them.
    wait_until(lambda: room.metric(dataset) == 0, 60, "the metric is back at 0")
    assert any("a paused dataset loads again" in line and f"dataset={dataset}" in line
               for line in room.worker.output().splitlines())
    wait_until(lambda: dataset not in room.paused(), 60, f"{dataset} is no longer told as paused")
    room.nothing_died()


def test_a_foreign_key_pauses_until_the_parent_is_there(room):
    room.complete("parents", room.publish("parents", [(1, 1, "a")]))
    file_id = room.publish("children", [(1, 1, "a"), (2, 99, "b"), (3, 1, "c")])
    assert_pauses(room, "children", "child_of")
    assert room.ids("children") == []
    # publish --wait tells it, and ends well once it is mended.
    waiting = room.project.start("publish", room.project.folder / f"children-{room.files - 1}.csv", "--wait")
    wait_until(lambda: "PAUSED: children: " in waiting.output(), 60, "publish --wait tells of the pause")
    room.complete("parents", room.publish("parents", [(99, 1, "late")]))
    assert_goes_on(room, "children", file_id, [1, 2, 3])
    assert waiting.wait() == 0


def test_a_trigger_that_raises_pauses_until_it_is_gone(room):
    file_id = room.publish("guarded", [(1, 12, "a"), (2, 13, "b")])
    assert_pauses(room, "guarded", "thirteen is not allowed here")
    room.database.execute("DROP TRIGGER guard ON raw.guarded")
    assert_goes_on(room, "guarded", file_id, [1, 2])


@pytest.mark.parametrize("dataset, code, words", [
    ("orphans", "23503", "orphan_of"), ("guarded_reject", "P0001", "thirteen is not allowed here")])
def test_on_constraint_reject(room, dataset, code, words):
    room.complete("parents", room.publish("parents", [(12, 1, "a")]))
    file_id = room.publish(dataset, [(1, 12, "a"), (2, 13, "bad"), (3, 12, "c")])
    room.complete(dataset, file_id)
    assert room.ids(dataset) == [1, 3]
    (record, row, column, reason, original, stage), = room.rejects(dataset, file_id)
    assert (record, row, column, stage) == (2, 2, "", "load")
    assert reason.startswith(f"{code}: ") and words in reason
    assert json.loads(original) == {"id": 2, "amount": 13, "name": "bad"}
    assert room.errors(dataset) == [] and room.metric(dataset) in (None, 0)
    room.nothing_died()


def test_a_check_rejects_its_rows_and_pauses_when_it_refuses_all(room):
    rows = [(key, -key if key in (7, 8, 150) else key, "x") for key in range(1, 201)]
    rows[49] = ("fifty", 1, "x")
    file_id = room.publish("checked", rows)
    room.complete("checked", file_id)
    assert room.ids("checked") == [key for key in range(1, 201) if key not in (7, 8, 50, 150)]
    found = room.rejects("checked", file_id)
    assert [(record, stage) for record, *_, stage in found] == [(7, "load"), (8, "load"), (50, "read"), (150, "load")]
    assert all(reason.startswith("23514: ") and "amount_is_positive" in reason
               for *_, reason, _, stage in found if stage == "load")
    assert json.loads(found[0][4]) == {"id": 7, "amount": -7, "name": "x"}
    listed = room.project.json("rejects", "--dataset", "checked")
    assert [row["record"] for row in listed] == [7, 8, 50, 150]
    again = room.project.run("publish", room.project.folder / f"checked-{room.files}.csv", "--wait", code=3)
    assert "4 rejects" in again.err
    # All rows for one reason: it is the table that is wrong.
    file_id = room.publish("checked", [(key, 0, "x") for key in range(301, 311)])
    assert_pauses(room, "checked", "refuses all 10 rows")
    assert room.rejects("checked", file_id) == []
    room.database.execute("ALTER TABLE raw.checked DROP CONSTRAINT amount_is_positive")
    assert_goes_on(room, "checked", file_id,
                   [key for key in range(1, 201) if key not in (7, 8, 50, 150)] + list(range(301, 311)))


def test_not_null_added_by_hand(room):
    file_id = room.publish("required", [(key, 1, "" if key in (2, 5) else "x") for key in range(1, 7)])
    room.complete("required", file_id)
    assert room.ids("required") == [1, 3, 4, 6]
    found = room.rejects("required", file_id)
    assert [(record, column) for record, _, column, *_ in found] == [(2, "name"), (5, "name")]
    assert all(reason.startswith("23502: ") for *_, reason, _, _ in found)
    room.nothing_died()


def test_fatal_stops_that_dataset_and_says_what_to_do(room):
    """Last in the file: the worker is restarted."""
    room.database.execute("DROP TABLE raw.dropped; CREATE UNIQUE INDEX by_name ON raw.second (name)")
    files = {name: room.publish(name, [(1, 1, "a"), (2, 1, "b")]) for name in ("dropped", "second")}
    lines = {name: wait_until(lambda name=name: room.errors(name), 60, f"{name} stops")[0] for name in files}
    for name, line in lines.items():
        assert "a dataset is stopped; the others go on; mend the cause, then restart the worker" in line
        assert "class=FATAL" in line
        wait_until(lambda name=name: room.metric(name) == 1, 60, f"the metric of {name} is 1")
        wait_until(lambda name=name: f"{name}: " in room.paused(), 60, f"{name} is told as stopped")
        assert any(f"{name}: " in row["stopped"] for row in room.project.json("status")["workers"])
    assert "raw.dropped" in lines["dropped"].replace('\\"', "") and "penstock init" in lines["dropped"]
    assert "by_name" in lines["second"] and "Drop it" in lines["second"]
    room.others_go_on()
    assert "DROP INDEX raw.by_name" in room.project.run("init", code=2).err
    room.database.execute("DROP INDEX raw.by_name")
    room.project.run("init")
    assert room.worker.stop() == 0
    room.start_worker()
    for name, file_id in files.items():
        room.complete(name, file_id)
        assert room.ids(name) == [1, 2]
    room.nothing_died()


def test_a_worker_whose_only_dataset_is_stopped_stays_and_says_so(kafka, postgres, tmp_path, unique):
    """It does not die and come back again and again; publish --wait does not wait for what never comes."""
    database = postgres.create_database(unique)
    project = Project(tmp_path, kafka.bootstrap, database.conninfo, f"{unique}.")
    try:
        project.dataset("only", FIELDS, "only-*.csv", ["id"])
        project.run("init")
        database.execute("ALTER TABLE raw.only ALTER amount TYPE numeric")
        room = Room(project, database)
        room.start_worker()
        path = project.file("only-1.csv", "id,amount,name\n1,1,a\n")
        waited = project.run("publish", path, "--wait", code=1)
        assert "workers have stopped dataset only: " in waited.err and "restart the workers" in waited.err
        assert "amount" in waited.err and "numeric" in waited.err
        worker, = project.json("status")["workers"]
        assert (worker["alive"], worker["state"], worker["paused"]) == (1, "paused", "")
        assert worker["stopped"].startswith("only: ")
        room.nothing_died()
        database.execute("ALTER TABLE raw.only ALTER amount TYPE bigint")
        assert room.worker.stop() == 0
        room.start_worker()
        project.run("publish", path, "--wait")
        assert room.ids("only") == [1]
    finally:
        project.close()
        print(project.logs())
        database.close()


def test_a_server_that_is_read_only_is_waited_for(room, postgres):
    """As a primary that comes back as a standby: 25006."""
    def read_only(value):
        with postgres.connect("postgres") as connection, connection.cursor() as cursor:
            cursor.execute(f"ALTER DATABASE {room.database.name} SET default_transaction_read_only = {value}")
            cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                           [room.database.name])
        room.database.close()
    read_only("on")
    file_id = room.publish("fine", [(999, 1, "x")])
    wait_until(lambda: "in a read-only transaction" in room.worker.output(), 60, "the worker has met it")
    read_only("off")
    room.complete("fine", file_id)
    room.nothing_died()


def test_a_newer_writer_schema_waits_for_init(kafka, postgres, tmp_path, unique):
    """An old worker never drops a field: it waits, reads its schema again, and goes on after init."""
    database = postgres.create_database(unique)
    project = Project(tmp_path, kafka.bootstrap, database.conninfo, f"{unique}.")
    try:
        for name in ("growing", "fine"):
            project.dataset(name, FIELDS, f"{name}-*.csv", ["id"])
        project.run("init")
        room = Room(project, database)
        room.start_worker()
        room.complete("growing", room.publish("growing", [(1, 1, "a")]))
        fields = {**FIELDS, "colour": ["null", "string"]}
        project.dataset("growing", fields, "growing-*.csv", ["id"])
        path = project.file("growing-new.csv", "id,amount,name,colour\n2,2,b,red\n3,3,c,\n")
        file_id = project.json("publish", path)[0]["file_id"]
        wait_until(lambda: "growing: " in room.paused(), 60, "growing waits")
        assert "penstock init" in room.errors("growing")[0]
        # Its schema is read again at the first retry, long before the table has the column.
        wait_until(lambda: "the schemas have changed and are read again" in room.worker.output(), 60, "read again")
        room.others_go_on()
        assert room.ids("growing") == [1]
        assert database.value("SELECT count(*) FROM penstock.dead_letter") == 0
        project.run("init")
        room.complete("growing", file_id)
        assert database.execute("SELECT id, amount, name, colour FROM raw.growing ORDER BY id") == [
            (1, 1, "a", None), (2, 2, "b", "red"), (3, 3, "c", None)]
        room.others_go_on()
        room.nothing_died()
        wait_until(lambda: room.paused() == "", 60, "nothing is paused")
        # The table grows once more; what the worker, still with its older schema, loads has the defaults.
        grown = json.loads((project.folder / "schemas/growing.avsc").read_text())["fields"] + [
            {"name": "size", "type": "int", "default": 7}, {"name": "unit", "type": ["string", "null"], "default": "cm"}]
        project.dataset("growing", grown, "growing-*.csv", ["id"])
        project.run("init")
        project.dataset("growing", fields, "growing-*.csv", ["id"])
        room.complete("growing", project.json("publish", project.file(
            "growing-old.csv", "id,amount,name,colour\n4,4,d,red\n"))[0]["file_id"])
        assert database.execute("SELECT id, size, unit FROM raw.growing ORDER BY id") == [
            (number, 7, "cm") for number in (1, 2, 3, 4)]
    finally:
        project.close()
        print(project.logs())
        database.close()
