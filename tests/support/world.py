# SPDX-License-Identifier: Apache-2.0
"""examples/world without penstock: its tables and its three answers, computed from the files alone."""
import csv
import json
import pathlib
from decimal import ROUND_HALF_UP, Decimal

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "examples" / "world"
DATA = FOLDER / "data"
RENAMED = {"Hong Kong, China": "Hong Kong"}


def rounded(number, places):
    return Decimal(number).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def wide(name):
    """{(country, year): cell} of a file with a column per year."""
    with open(DATA / name, newline="", encoding="utf-8") as file:
        return {(row["country"], int(year)): cell for row in csv.DictReader(file)
                for year, cell in row.items() if year != "country"}


def read_json(name):
    return json.loads((DATA / name).read_text(encoding="utf-8"))


def incomes():
    with open(DATA / "health-income.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def airports():
    """By code: of those that share one, the open one, else the last in the file."""
    best = {}
    for row in read_json("airports.json"):
        if row["iata"] not in best or row["status"] >= best[row["iata"]]["status"]:
            best[row["iata"]] = row
    return best


def raw_counts():
    """Rows of each raw table once everything is loaded."""
    return {
        "population": len(wide("population-by-year.csv")),
        "life_expectancy": len(wide("life-expectancy-by-year.csv")),
        "incomes": len(incomes()),
        "country_codes": len(read_json("country-codes.json")),
        "continents": len(read_json("continents.json")),
        "airports": len(airports()),
    }


def codes():
    """{country: its ISO code}."""
    fixed = {"UK": "GB"}
    return {row["country"]: fixed.get(row["abbreviation"], row["abbreviation"])
            for row in read_json("country-codes.json")
            if row["country"] not in ("East Timor", "Northern Ireland")}


def people():
    """{(country, year): people} of the countries that have a code."""
    return {(RENAMED.get(country, country), year): int(cell)
            for (country, year), cell in wide("population-by-year.csv").items()
            if RENAMED.get(country, country) in codes()}


def growth():
    then_and_now = [(country, count, people()[country, 2005])
                    for (country, year), count in people().items() if year == 1955]
    rows = [(country, then, now, rounded(Decimal(now) / then, 2)) for country, then, now in then_and_now]
    return sorted(rows, key=lambda row: (-row[3], row[0]))[:10]


def longer_lives():
    continents = {row["country"]: row["continent"] for row in read_json("continents.json")}
    counted = people()
    sums = {}
    for (name, year), cell in wide("life-expectancy-by-year.csv").items():
        country = RENAMED.get(name, name)
        if year in (1955, 2005) and country in codes():
            total = sums.setdefault((continents[country], year), [Decimal(0), 0])
            total[0] += Decimal(cell) * counted[country, year]
            total[1] += counted[country, year]
    mean = {key: rounded(weighted / heads, 1) for key, (weighted, heads) in sums.items()}
    rows = [(name, mean[name, 1955], mean[name, 2005], mean[name, 2005] - mean[name, 1955])
            for name in {name for name, _ in mean}]
    return sorted(rows, key=lambda row: (-row[3], row[0]))


def shared_airports():
    large = {}
    for row in airports().values():
        if row["type"] == "airport" and row["status"] == 1 and row["size"] == "large":
            large[row["iso"]] = large.get(row["iso"], 0) + 1
    income = {row["country"]: int(row["income"]) for row in incomes()}
    rows = [(country, income.get(country), large[codes()[country]],
             count // large[codes()[country]])
            for (country, year), count in people().items()
            if year == 2005 and large.get(codes()[country], 0) >= 2]
    return sorted(rows, key=lambda row: (row[3], row[0]))[:10]


ANSWERS = {"1-growth": growth, "2-longer-lives": longer_lives, "3-airports": shared_airports}


def markdown_rows(path):
    """The cells of the table in a Markdown report, header and rule left out."""
    lines = [line for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines()
             if line.lstrip().startswith("|")]
    return [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines[2:]]
