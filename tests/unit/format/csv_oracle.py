# SPDX-License-Identifier: Apache-2.0
"""Random CSV files and what Python's csv module reads from them.

usage: csv_oracle.py FOLDER COUNT SEED

Writes N.csv and N.txt: the records (without the header) with \\x1f before each cell and \\x1e behind
each record. The first line of N.txt is the delimiter.
"""
import csv
import random
import sys

ALPHABET = ["a", "b", "7", ".", " ", "-", "ä", "€", "🌊", '"', '""', ",", ";", "\t", "\n", "\r\n", "x" * 70]


def cell(rng):
    return "".join(rng.choice(ALPHABET) for _ in range(rng.choice([0, 1, 1, 2, 3, 8])))


def write(rng, path, width, delimiter):
    # With CR alone the module leaves an LF in a cell unquoted.
    end, quoting = rng.choice([("\n", csv.QUOTE_MINIMAL), ("\r\n", csv.QUOTE_MINIMAL), ("\n", csv.QUOTE_ALL),
                               ("\r", csv.QUOTE_ALL)])
    dialect = dict(delimiter=delimiter, lineterminator=end, quoting=quoting)
    with open(path, "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, **dialect)
        writer.writerow([f"c{i}" for i in range(width)])
        for _ in range(rng.randrange(40)):
            writer.writerow([cell(rng) for _ in range(width)])
            if rng.random() < 0.1 and width > 1:
                out.write(end)
            if rng.random() < 0.1:
                out.write(delimiter.join('x"y"' for _ in range(width)) + end)


def main(folder, count, seed):
    rng = random.Random(seed)
    for n in range(count):
        width = rng.choice([1, 2, 2, 3, 5, 17])
        delimiter = rng.choice(",;\t|")
        write(rng, f"{folder}/{n}.csv", width, delimiter)
        with open(f"{folder}/{n}.csv", encoding="utf-8", newline="") as text:
            records = [r for r in list(csv.reader(text, delimiter=delimiter))[1:] if r or width == 1]
        with open(f"{folder}/{n}.txt", "w", encoding="utf-8", newline="") as out:
            out.write(delimiter + "\n")
            for record in records:
                out.write("".join("\x1f" + c for c in record or [""]) + "\x1e")


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
