# SPDX-License-Identifier: Apache-2.0
"""The SQL of examples/world, on tables that Postgres itself filled: models, checks and the three answers."""
import csv
import io
import re

import pytest
import yaml

from support import world

ORDER = ["staging/countries", "staging/people", "staging/airports", "marts/country_year",
         "marts/continent_year", "marts/countries"]
TYPES = {"string": "text", "int": "integer", "long": "bigint", "double": "double precision"}


def schema_columns(name):
    fields = yaml.safe_load((world.FOLDER / "schemas" / f"{name}.avsc").read_text())["fields"]
    for field in fields:
        optional = isinstance(field["type"], list)
        kind = field["type"][1] if optional else field["type"]
        yield field["name"], TYPES[kind], optional


def copy_in(database, name, key, rows):
    """A raw table made from its Avro schema and filled with COPY."""
    columns = list(schema_columns(name))
    definitions = ", ".join(f'"{column}" {kind}{"" if optional else " NOT NULL"}'
                            for column, kind, optional in columns)
    database.execute(f"CREATE TABLE raw.{name} ({definitions}, PRIMARY KEY ({', '.join(key)}))")
    text = io.StringIO()
    writer = csv.writer(text)
    for row in rows:
        writer.writerow(["" if row.get(column) is None else row[column] for column, _, _ in columns])
    text.seek(0)
    connection = database.connect()
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY raw.{name} FROM STDIN (FORMAT csv)", text)
    connection.close()


def long_rows(name, value):
    return [{"country": country, "year": year, value: cell}
            for (country, year), cell in world.wide(name).items()]


def model_sql(model):
    text = (world.FOLDER / "sql" / "models" / f"{model}.sql").read_text()
    head = dict(re.findall(r"^-- ([a-z_]+): (.*)$", text, re.M))
    return head, text


@pytest.fixture
def warehouse(database):
    config = yaml.safe_load((world.FOLDER / "penstock.yml").read_text())["datasets"]
    for schema in ("raw", "staging", "marts"):
        database.execute(f"CREATE SCHEMA {schema}")
    rows = {
        "population": long_rows("population-by-year.csv", "people"),
        "life_expectancy": long_rows("life-expectancy-by-year.csv", "years"),
        "incomes": world.incomes(),
        "country_codes": world.read_json("country-codes.json"),
        "continents": world.read_json("continents.json"),
        "airports": world.airports().values(),
    }
    assert set(rows) == set(config)
    for name in rows:
        assert config[name]["table"] == f"raw.{name}"
        copy_in(database, name, config[name]["key"], rows[name])
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
