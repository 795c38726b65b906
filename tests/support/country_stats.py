# SPDX-License-Identifier: Apache-2.0
"""examples/country-stats without penstock: its tables and answers, computed from the files alone."""
import csv
import json
import pathlib
from decimal import ROUND_HALF_UP, Decimal

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "examples" / "country-stats"
DATA = FOLDER / "data"
FIRST = ["indicators-population.csv", "indicators-life-expectancy.csv"]
LATER = ["later/indicators-population-2005.csv", "later/indicators-life-expectancy-2005.csv"]
REVISED = ["revised/indicators-population-2005-revised.csv"]


def rounded(number, places):
    return Decimal(number).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def countries():
    """{code: (name, continent)}"""
    return {row["code"]: (row["name"], row["continent"])
            for row in json.loads((DATA / "countries.json").read_text(encoding="utf-8"))}


def figures(names):
    """{(indicator, code, year): value} of the files, later ones over earlier ones."""
    found = {}
    for name in names:
        with open(DATA / name, newline="", encoding="utf-8") as file:
            for _ in range(4):
                next(file)
            for row in csv.DictReader(file):
                for year, cell in row.items():
                    if year.isdigit() and cell:
                        found[row["Indicator Name"], row["Country Code"], int(year)] = Decimal(cell)
    return found


def region_years(names):
    """[(continent, indicator, year, total, countries, least, most)], sorted"""
    groups = {}
    for (indicator, code, year), value in figures(names).items():
        groups.setdefault((countries()[code][1], indicator, year), []).append(value)
    return sorted((*key, sum(values), len(values), min(values), max(values)) for key, values in groups.items())


def growth(names):
    spans = {}
    for (indicator, code, year), value in figures(names).items():
        if indicator == "Population":
            spans.setdefault(code, []).append((year, value))
    rows = [(countries()[code][0], min(span)[0], max(span)[0], int(min(span)[1]), int(max(span)[1]),
             rounded(max(span)[1] / min(span)[1], 2)) for code, span in spans.items()]
    return sorted(rows, key=lambda row: (-row[5], row[0]))[:10]


def decades(names):
    sums = {(continent, indicator, year): (total, count)
            for continent, indicator, year, total, count, _, _ in region_years(names)}
    return sorted((continent, year, int(total), rounded(sums[continent, "Life expectancy", year][0]
                                                         / sums[continent, "Life expectancy", year][1], 1))
                  for (continent, indicator, year), (total, _) in sums.items()
                  if indicator == "Population" and year % 10 == 0)


def now(names):
    rows = region_years(names)
    newest = max(year for _, indicator, year, *_ in rows if indicator == "Population")
    means = {(row[0], row[2]): rounded(row[3] / row[4], 1) for row in rows if row[1] == "Life expectancy"}
    return sorted(((row[0], row[2], row[4], int(row[3]), means.get((row[0], row[2]))) for row in rows
                   if row[1] == "Population" and row[2] == newest), key=lambda row: -row[3])
