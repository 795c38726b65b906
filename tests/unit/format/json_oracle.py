# SPDX-License-Identifier: Apache-2.0
"""Random JSON documents, and whether the cells read from them are what Python's json module reads.

usage: json_oracle.py write FOLDER COUNT SEED    N.json: an array, or {"x": …, "data": {"items": [...]}} for odd N
       json_oracle.py check FOLDER COUNT SEED    N.out: "\\x1f" + raw value (empty: missing) for each column; "\\x1e"
"""
import json
import pathlib
import random
import sys

# The columns: members of the record, and paths into n, as test_json_oracle.c names them.
NAMES = ["a", "b", "c"]
PATHS = [("n", "x0"), ("n", "l", 1), ("n", "o", "y.z"), ("n", "o")]


def value(rng, depth=0):
    kind = rng.randrange(8 if depth < 3 else 5)
    if kind == 0:
        return None
    if kind == 1:
        return rng.choice([True, False])
    if kind == 2:
        return rng.choice([0, -1, 12345678901234567890, 1.5, -2e-30, 1e300])
    if kind <= 4:
        return "".join(rng.choice('ab"\\/[]{},: \n\t\x01ä€🌊') for _ in range(rng.randrange(12)))
    if kind <= 6:
        return [value(rng, depth + 1) for _ in range(rng.randrange(4))]
    return {rng.choice("xyz") + str(i): value(rng, depth + 1) for i in range(rng.randrange(4))}


def nested(rng):
    """An object, or null, with objects, arrays or nulls where paths lead on."""
    inside = {"x0": value(rng), "l": [value(rng) for _ in range(rng.randrange(4))],
              "o": {"y": 1, "y.z": value(rng), "\u00fc": 2}, "q": value(rng)}
    kept = [name for name in inside if rng.random() < 0.8]
    rng.shuffle(kept)
    return rng.choice([None, *[{name: inside[name] for name in kept}] * 4])


def follow(record, path):
    """[value], or [] where the path leads nowhere."""
    for step in path:
        if isinstance(record, dict) and step in record:
            record = record[step]
        elif isinstance(record, list) and isinstance(step, int) and step < len(record):
            record = record[step]
        else:
            return []
    return [record]


def columns(record):
    return [follow(record, path) for path in [(name,) for name in NAMES] + PATHS]


def records(rng):
    out = []
    for _ in range(rng.randrange(12)):
        names = [n for n in NAMES if rng.random() < 0.8]
        rng.shuffle(names)
        record = {name: value(rng) for name in names}
        if rng.random() < 0.8:
            record["n"] = nested(rng)
        out.append(record)
    return out


def document(rng, n):
    found = records(rng)
    whole = {"x": value(rng), "data": {"y": value(rng), "items": found, "z": value(rng)}} if n % 2 else found
    text = json.dumps(whole, ensure_ascii=rng.random() < 0.5, indent=rng.choice([None, 1]),
                      separators=rng.choice([(",", ":"), (" , ", " : ")]))
    return text, found


def main(verb, folder, count, seed):
    rng = random.Random(seed)
    folder = pathlib.Path(folder)
    for n in range(count):
        text, found = document(rng, n)
        if verb == "write":
            (folder / f"{n}.json").write_text(text, encoding="utf-8")
            continue
        ours = (folder / f"{n}.out").read_bytes().decode().split("\x1e")[:-1]
        cells = [record.split("\x1f")[1:] for record in ours]
        read = [[[json.loads(cell)] if cell else [] for cell in record] for record in cells]
        if read != [columns(record) for record in found]:
            sys.exit(f"{n}.json: {read} is not {found}")


main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
