# SPDX-License-Identifier: Apache-2.0
"""penstock init on real servers, and `config check`."""
import json
import os
import pathlib
import pty
import re
import subprocess
import time

import pytest

from support.penstock import binary
from support.process import die_with_parent
from support.wait import wait_until

TOP = pathlib.Path(__file__).resolve().parents[2]

FIELDS = {"id": "long", "name": ["null", "string"]}


def did(rows):
    return {(row["dataset"], row["what"]): row["did"] for row in rows}


@pytest.fixture
def orders(project):
    return project.dataset("orders", FIELDS, "orders*.csv", ["id"])


def test_init_makes_everything_once(orders, kafka, database):
    first = did(orders.json("init"))
    assert first[None, "ledger"].endswith("applied")
    assert first["orders", "topic"] == first["orders", "table"] == "created"
    assert first["orders", "schema"] == "recorded"
    assert first[None, "topic"] == "created"
    assert len(kafka.end_offsets(f"{orders.prefix}orders")) == 4
    assert len(kafka.end_offsets(f"{orders.prefix}dead")) == 1
    assert database.value("SELECT count(*) FROM raw.orders") == 0
    assert set(did(orders.json("init")).values()) == {"unchanged"}
    text = orders.run("init").out
    assert "dataset" in text and f"{orders.prefix}orders" in text


def test_a_grown_schema_adds_its_column(orders, database):
    orders.run("init")
    orders.dataset("orders", [{"name": "id", "type": "long"},
                              {"name": "name", "type": ["null", "string"], "default": None},
                              {"name": "seen", "type": "boolean", "default": False}],
                   "orders*.csv", ["id"])
    again = did(orders.json("init"))
    assert again["orders", "table"] == "upgraded"
    assert again["orders", "schema"] == "recorded"
    assert database.value("SELECT count(*) FROM penstock.schema") == 2


def test_a_dataset_stays_where_its_rows_are(orders, database):
    """A table named anew would stay empty; another project with a dataset of this name would share its ledger."""
    orders.run("init")
    orders.run("publish", orders.file("orders.csv", "id,name\n1,x\n"))
    worker = orders.start("worker")
    wait_until(lambda: database.value("SELECT count(*) FROM raw.orders") == 1, 30)
    assert worker.stop() == 0
    orders.dataset("orders", FIELDS, "orders*.csv", ["id"], table="other.orders")
    assert "dataset orders: its rows are in table raw.orders" in orders.run("init", code=2).err
    database.execute("CREATE SCHEMA other; ALTER TABLE raw.orders SET SCHEMA other")
    orders.run("init")
    orders.run("verify")


def test_recreate_wants_to_be_meant_and_empties(orders, kafka, database):
    orders.run("init")
    topic = f"{orders.prefix}orders"
    kafka.kcat("-P", "-t", topic, "-p", "0", input=b"one\ntwo\n")
    database.execute("INSERT INTO raw.orders VALUES (1, 'x', 1, 1)")
    database.execute("INSERT INTO penstock.file (dataset, file_id, sha256, name)"
                     " VALUES ('orders', 1, 'x', 'orders.csv')")
    for part in ("manifests", "objects"):
        orders.file(f"archive/orders/{part}/x", "x")
    refused = orders.run("init", "--recreate", code=2)
    assert "--yes" in refused.err
    assert database.value("SELECT count(*) FROM raw.orders") == 1
    assert did(orders.json("init", "--recreate", "--yes"))["orders", "table"] == "emptied"
    assert database.value("SELECT count(*) FROM raw.orders") == 0
    assert database.value("SELECT count(*) FROM penstock.file") == 0
    # Deleted, not made anew: offsets go on, so that what a group has committed stays true.
    assert kafka.end_offsets(topic)[0] == 2
    assert kafka.kcat("-C", "-t", topic, "-p", "0", "-o", "beginning", "-e", "-q").stdout == b""
    assert (orders.folder / "archive/orders/objects/x").exists()
    orders.run("init", "--recreate", "--forget", "--yes")
    assert not (orders.folder / "archive/orders/objects").exists()


@pytest.mark.parametrize("answer, code, rows", [("no", 2, 1), ("yes", 0, 0)])
def test_recreate_asks_on_a_terminal(orders, database, answer, code, rows):
    orders.run("init")
    database.execute("INSERT INTO raw.orders VALUES (1, 'x', 1, 1)")
    database.execute("INSERT INTO penstock.file (dataset, file_id, sha256, name)"
                     " VALUES ('orders', 1, 'x', 'orders.csv')")
    person, terminal = pty.openpty()
    process = subprocess.Popen([binary(), "-C", orders.folder, "init", "--recreate"], stdin=terminal,
                               stdout=subprocess.DEVNULL, stderr=terminal, env=orders.environment,
                               preexec_fn=die_with_parent())
    os.close(terminal)
    shown = b""
    while b"Type yes" not in shown:
        shown += os.read(person, 4096)
    os.write(person, f"{answer}\n".encode())
    assert process.wait(90) == code
    os.close(person)
    assert database.value("SELECT count(*) FROM raw.orders") == rows


def test_init_waits_for_servers_and_gives_up_in_time(orders):
    orders.config["kafka"]["bootstrap.servers"] = "127.0.0.1:9"
    orders.write()
    result = orders.run("init", "--wait", "3s", code=1)
    assert result.err.count("waiting for Kafka") == 1
    assert "127.0.0.1:9" in result.err


def test_init_says_that_it_waits_for_postgres(orders):
    orders.config["postgres"] = "host=127.0.0.1 port=9 dbname=x"
    orders.write()
    result = orders.run("init", "--wait", "2s", code=1)
    assert result.err.count("waiting for Postgres") == 1


def test_usage_of_init(orders):
    assert "--recreate" in orders.run("init", "--forget", code=2).err
    assert "duration" in orders.run("init", "--wait", "5", code=2).err
    assert "unknown option" in orders.run("init", "--again", code=2).err


def test_config_check_asks_no_server(orders):
    orders.config["kafka"]["bootstrap.servers"] = "127.0.0.1:9"
    orders.write()
    assert "1 dataset" in orders.run("config", "check").out
    printed = orders.json("config", "print")
    assert printed["datasets"]["orders"]["key"] == ["id"]
    orders.config["kafka"].update({"enable.idempotence": "false", "no.such.property": "1"})
    orders.write()
    result = orders.run("config", "check", code=2)
    assert "kafka.enable.idempotence" in result.err
    assert "kafka.no.such.property" in result.err
    (orders.folder / "schemas/orders.avsc").write_text(json.dumps({"type": "string"}))
    assert "datasets.orders.schema" in orders.run("config", "check", code=2).err


def test_config_check_tells_of_a_folder_without_models(orders):
    orders.config["models"] = "sql/modles"
    orders.write()
    assert "1 dataset, no models in sql/modles" in orders.run("config", "check").out


def test_where_no_database_is_named_the_message_says_so(orders):
    del orders.config["postgres"]
    orders.write()
    assert "neither `postgres` nor PGHOST is set" in orders.run("verify", code=1).err


def test_completion_and_man_page_are_valid(tmp_path):
    def made(*arguments):
        return subprocess.run([binary(), *arguments], check=True, capture_output=True, text=True).stdout

    script = made("completion", "bash")
    complete = ("COMP_WORDS=(penstock -C /tmp {0}); COMP_CWORD={1}; _penstock; "
                'printf "%s\\n" "${{COMPREPLY[@]}}"')
    for words, at, expected in (("con", 3, "config"), ("config p", 4, "print"),
                                ("config print --j", 5, "--json"), ("init --re", 4, "--recreate")):
        out = subprocess.run(["bash", "-c", script + complete.format(words, at)], check=True,
                             capture_output=True, text=True).stdout
        assert expected in out.split(), (words, out)
    assert "compdef _penstock penstock" in made("completion", "zsh")
    page = made("man")
    assert page.startswith(".TH PENSTOCK 1") and "\\-\\-recreate" in page


def test_a_field_that_became_nullable_may_be_null(project, database):
    project.dataset("grown", {"id": "long", "amount": "long"}, "grown*.csv", ["id"])
    project.run("init")
    project.dataset("grown", {"id": "long", "amount": ["null", "long"]}, "grown*.csv", ["id"])
    assert "grown" in project.run("init").out
    nullable = database.execute("SELECT attname FROM pg_attribute WHERE attrelid = 'raw.grown'::regclass "
                                "AND attnum > 0 AND NOT attnotnull")
    assert nullable == [("amount",)]


def test_a_role_with_the_rights_the_docs_name_can_load_and_repair(orders, database):
    """Without them, what is said names the role and where to read on."""
    orders.dataset("orders", FIELDS, "orders*.csv", ["id"], lookups={"name": {"table": "dim.name", "text": "label"}})
    orders.run("init")
    grants = re.search(r"## Roles.*?```sql\n(.*?)```", (TOP / "docs/operations.md").read_text(), re.S)[1]
    role = f"loader_{database.name}"[:60]
    first, *others = grants.replace("loader", role).splitlines()
    database.execute(first)
    orders.config["postgres"] = database.conninfo.replace("user=penstock", f"user={role}")
    orders.write()
    told = orders.run("status", code=1).err
    assert "permission denied for schema penstock; docs/operations.md says what rights roles need" in told and role in told
    database.execute("".join(others))
    orders.start("worker")
    orders.start("producer", "--settle", "50ms")
    paths = [orders.file(f"orders-{number}.csv", f"id,name\n{number},a\nx,y\n1,b\n") for number in (1, 2)]
    orders.run("publish", "--wait", *paths, code=3)
    orders.drop("orders-3.csv", "no,header\n")
    wait_until(lambda: database.value("SELECT count(*) FROM penstock.file WHERE state = 'quarantined'") == 1, 30)
    orders.run("verify", "--repair")
    orders.run("replay", "--rejects", code=3)
    orders.run("retract", "orders-2.csv")
    assert database.execute("SELECT id, label FROM raw.orders JOIN dim.name USING (name_id)") == [(1, "b")]
    for service in orders.services:
        assert service.stop() == 0
    database.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
