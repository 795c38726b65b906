# SPDX-License-Identifier: Apache-2.0
"""Random JSON documents, and whether the cells read from them are what Python's json module reads.

usage: json_oracle.py write FOLDER COUNT SEED    N.json: an array, or {"x": …, "data": {"items": [...]}} for odd N
       json_oracle.py check FOLDER COUNT SEED    N.out: "\\x1f" + raw value (empty: missing) for a, b, c; "\\x1e"
"""
import json
import pathlib
import random
import sys

NAMES = ["a", "b", "c"]


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


def records(rng):
    out = []
    for _ in range(rng.randrange(12)):
        names = [n for n in NAMES if rng.random() < 0.8]
        rng.shuffle(names)
        out.append({name: value(rng) for name in names})
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
        read = [{k: json.loads(v) for k, v in zip(NAMES, record) if v} for record in cells]
        if read != found:
            sys.exit(f"{n}.json: {read} is not {found}")


main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
