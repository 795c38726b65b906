# SPDX-License-Identifier: Apache-2.0
"""The SQL of examples/world, on tables that Postgres itself filled: models, checks and the three answers."""
import csv
import io
import os
import re
import shutil
import subprocess

import pytest
import yaml

from support import world
from support.penstock import binary

ORDER = ["staging/countries", "staging/people", "staging/airports", "marts/country_year",
         "marts/continent_year", "marts/countries"]
TYPES = {"string": "text", "int": "integer", "long": "bigint", "double": "double precision"}


def schema_columns(name):
    fields = yaml.safe_load((world.FOLDER / "schemas" / f"{name}.avsc").read_text())["fields"]
    for field in fields:
        optional = isinstance(field["type"], list)
        kind = field["type"][1] if optional else field["type"]
        yield field["name"], TYPES[kind], optional


def create_table(database, name, key):
    """A raw table made from its Avro schema."""
    definitions = ", ".join(f'"{column}" {kind}{"" if optional else " NOT NULL"}'
                            for column, kind, optional in schema_columns(name))
    database.execute(f"CREATE TABLE raw.{name} ({definitions}, PRIMARY KEY ({', '.join(key)}))")


def fill(database, name, rows, names):
    text = io.StringIO()
    writer = csv.writer(text)
    for row in rows:
        writer.writerow(["" if row.get(column) is None else row[column] for column in names])
    text.seek(0)
    connection = database.connect()
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY raw.{name} FROM STDIN (FORMAT csv)", text)
    connection.close()


def long_rows(name, value):
    return [{"country": country, "year": year, value: cell}
            for (country, year), cell in world.wide(name).items()]


def raw_rows():
    return {
        "population": long_rows("population-by-year.csv", "people"),
        "life_expectancy": long_rows("life-expectancy-by-year.csv", "years"),
        "incomes": world.incomes(),
        "country_codes": world.read_json("country-codes.json"),
        "continents": world.read_json("continents.json"),
        "airports": world.airports().values(),
    }


def model_sql(model):
    text = (world.FOLDER / "sql" / "models" / f"{model}.sql").read_text()
    head = dict(re.findall(r"^-- ([a-z_]+): (.*)$", text, re.M))
    return head, text


@pytest.fixture
def warehouse(database):
    config = yaml.safe_load((world.FOLDER / "penstock.yml").read_text())["datasets"]
    for schema in ("raw", "staging", "marts"):
        database.execute(f"CREATE SCHEMA {schema}")
    rows = raw_rows()
    assert set(rows) == set(config)
    for name in rows:
        assert config[name]["table"] == f"raw.{name}"
        create_table(database, name, config[name]["key"])
        fill(database, name, rows[name], [column for column, _, _ in schema_columns(name)])
    files = {str(path.relative_to(world.FOLDER / "sql" / "models").with_suffix(""))
             for path in (world.FOLDER / "sql" / "models").rglob("*.sql")}
    assert set(ORDER) == files
    for model in ORDER:
        head, text = model_sql(model)
        kind = head["materialized"].replace("_", " ").upper()
        name = model.replace("/", ".")
        database.execute(f"CREATE {kind} {name} AS {text}")
        if "unique_key" in head:
            database.execute(f"CREATE UNIQUE INDEX ON {name} ({head['unique_key']})")
            for column in head["unique_key"].split(", "):
                assert database.value(f"SELECT count(*) FROM {name} WHERE {column} IS NULL") == 0
    return database


def penstock(folder, *arguments, **variables):
    done = subprocess.run([binary(), "-C", folder, *arguments], env={**os.environ, **variables}, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    assert done.returncode == 0, done.stdout


def columns(database, table):
    return database.execute("SELECT column_name, data_type, is_nullable FROM information_schema.columns WHERE"
                            " table_schema = 'raw' AND table_name = %s ORDER BY ordinal_position", (table,))


@pytest.fixture
def inited(kafka, postgres, unique, tmp_path):
    """A copy of the project, its tables made by init, filled by COPY; and what runs penstock in it."""
    for name in ("schemas", "sql"):
        shutil.copytree(world.FOLDER / name, tmp_path / name)
    shutil.copy(world.FOLDER / "penstock.yml", tmp_path)
    made = postgres.create_database(f"{unique}_init")
    servers = {"KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap, "DATABASE_URL": made.conninfo}
    penstock(tmp_path, "init", **servers)
    yield made, tmp_path, lambda *arguments: penstock(tmp_path, *arguments, **servers)
    made.close()
    postgres.drop_database(made.name)


def test_init_makes_the_tables_the_models_were_tried_on(inited, warehouse):
    made, _, _ = inited
    for table in world.raw_counts():
        lineage = [("_file", "bigint", "NO"), ("_row", "bigint", "NO")]
        assert columns(made, table) == columns(warehouse, table) + lineage


def test_run_and_report_give_the_answers_too(inited):
    made, folder, run = inited
    for name, rows in raw_rows().items():
        fill(made, name, [dict(row, _file=1, _row=number) for number, row in enumerate(rows, 1)],
             [column for column, _, _ in schema_columns(name)] + ["_file", "_row"])
    run("run")
    run("report")
    for report, answer in world.ANSWERS.items():
        rows = world.markdown_rows(folder / "output" / f"{report}.md")
        assert rows == [["" if cell is None else str(cell) for cell in row] for row in answer()]


def test_the_image_has_a_good_configuration(tmp_path):
    for name in ("schemas", "sql"):
        shutil.copytree(world.FOLDER / name, tmp_path / name)
    shutil.copy(world.FOLDER.parents[1] / "deploy" / "penstock.yml", tmp_path)
    penstock(tmp_path, "config", "check", DATABASE_URL="host=postgres dbname=penstock")


def test_raw_tables_have_as_many_rows_as_the_files_say(warehouse):
    for table, count in world.raw_counts().items():
        assert warehouse.value(f"SELECT count(*) FROM raw.{table}") == count > 0


@pytest.mark.parametrize("report", sorted(world.ANSWERS))
def test_the_report_gives_the_answer_the_files_give(warehouse, report):
    sql = (world.FOLDER / "sql" / "reports" / f"{report}.sql").read_text()
    answer = world.ANSWERS[report]()
    assert warehouse.execute(sql) == answer
    assert len(answer) >= 5


def failures(database, model, column, check):
    kind, options = next(iter(check.items())) if isinstance(check, dict) else (check, {})
    if kind == "not_null":
        return database.value(f"SELECT count(*) FROM {model} WHERE {column} IS NULL")
    if kind == "unique":
        return database.value(f"SELECT count(*) FROM (SELECT {column} FROM {model} WHERE {column} IS NOT NULL"
                              f" GROUP BY 1 HAVING count(*) > 1) d")
    if kind == "accepted_values":
        return database.value(f"SELECT count(*) FROM {model} WHERE {column} <> ALL (%s)",
                              (options["values"],))
    assert kind == "relationships"
    to = re.fullmatch(r"ref\('(\w+)'\)", options["to"]).group(1)
    found = database.value(f"SELECT count(*) FROM {model} WHERE {column} NOT IN"
                           f" (SELECT {options['field']} FROM staging.{to})")
    if options.get("severity") == "warn":
        assert found > 0, "a warning that never comes up shows nobody what a warning is"
        return 0
    return found


def test_the_checks_hold(warehouse):
    checked = 0
    for path in (world.FOLDER / "sql" / "models").rglob("*.yml"):
        for model in yaml.safe_load(path.read_text())["models"]:
            for column in model["columns"]:
                for check in column.get("data_tests", []):
                    name = f"{path.parent.name}.{model['name']}"
                    assert failures(warehouse, name, column["name"], check) == 0, (name, column, check)
                    checked += 1
    assert checked >= 10
    for path in (world.FOLDER / "sql" / "checks").glob("*.sql"):
        assert warehouse.execute(path.read_text()) == []
