# SPDX-License-Identifier: Apache-2.0
"""A project of models on a database that has the ledger; no Kafka behind it."""
import pathlib

from .penstock import Project

LEDGER = pathlib.Path(__file__).parents[2] / "sql" / "ledger"


def make_ledger(database):
    """The ledger, as init makes it."""
    database.execute("CREATE SCHEMA penstock; CREATE TABLE penstock.migration (version integer PRIMARY KEY, "
                     "name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(), program text NOT NULL)")
    for file in sorted(LEDGER.glob("*.sql")):
        database.execute("BEGIN; SET LOCAL search_path TO pg_catalog;" + file.read_text() + "; COMMIT")
        version, name = file.stem.split("_", 1)
        database.execute("INSERT INTO penstock.migration (version, name, program) VALUES (%s, %s, 'test')",
                         (int(version), name))


def after_load_project(request, database, unique, folder, debounce):
    """For a fixture to `yield from`: a scheduler's project with the model marts.m of the table raw.t (a), which has a 1."""
    make_ledger(database)
    database.execute("CREATE SCHEMA raw; CREATE TABLE raw.t (a int); INSERT INTO raw.t VALUES (1)")
    project = ModelProject(folder, database, f"{unique}.")
    project.config["schedule"] = {"recalculate": {"after_load": True, "debounce": debounce}}
    project.write()
    project.model("marts.m", "SELECT a FROM raw.t", materialized="table")
    yield project
    project.close()
    if getattr(request.node, "call_outcome", None) is None or request.node.call_outcome.failed:
        print(project.logs())


class ModelProject(Project):
    """model("marts.orders", "SELECT ...", materialized="table") and its like."""

    def __init__(self, folder, database, prefix):
        super().__init__(folder, "127.0.0.1:1", database.conninfo, prefix)
        self.config["models"] = "sql/models"
        self.config["reports"] = {"sql": "sql/reports", "output": "output"}
        self.write()

    def model(self, name, sql, **head):
        lines = "".join(f"-- {key}: {value}\n" for key, value in head.items())
        return self.file(f"sql/models/{name.replace('.', '/')}.sql", lines + sql + "\n")

    def properties(self, text, name="marts/properties.yml"):
        return self.file(f"sql/models/{name}", text)

    def check(self, name, sql):
        return self.file(f"sql/checks/{name}.sql", sql + "\n")

    def report(self, name, sql):
        return self.file(f"sql/reports/{name}.sql", sql + "\n")

    def results(self, *arguments, code=0):
        """penstock run: {model: (state, inserted, updated, deleted)}"""
        rows = self.run("run", *arguments, "--json", code=code).json()
        return {row["model"]: (row["state"], row["inserted"], row["updated"], row["deleted"]) for row in rows}
