# SPDX-License-Identifier: Apache-2.0
"""Dates and times in patterns of strptime's kind, and what Python's datetime reads from them.

usage: pattern_oracle.py COUNT SEED

Writes lines of pattern, text, and microseconds since 1970 (in UTC) or `-` where there is no such time,
separated by tabs.
"""
import random
import re
import sys
from datetime import datetime, timezone

PATTERNS = ["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%y", "%Y%m%d", "%d.%m.%Y %H:%M", "%Y-%m-%dT%H:%M:%S.%f", "%d %b %Y",
            "%B %d, %Y", "%Y/%j", "%Y%j%H%M%S", "%I:%M:%S %p", "%H%M", "%Y-%m-%d %H:%M:%S%z", "%d-%b-%y %I.%M %p",
            "%Y-%m-%dT%H:%M:%S.%f%z", "%%%Y%m%d%%", "%H:%M:%S", "on %d/%m/%Y at %Hh%M", "%d%m%Y%H%M%S"]
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def expected(text, pattern):
    try:
        value = datetime.strptime(text, pattern)
    except ValueError:
        return "-"
    if value.tzinfo is None:
        value = value.replace(tzinfo=timezone.utc)
    if "%Y" not in pattern and "%y" not in pattern:
        value = value.replace(year=1970, month=1, day=1)
    delta = value - EPOCH
    return str((delta.days * 86400 + delta.seconds) * 1000000 + delta.microseconds)


def moment(rng):
    return datetime(rng.choice([1, 99, 1582, 1900, 1968, 1969, 1970, 2000, 2023, 2024, 2068, 9999]), rng.randint(1, 12),
                    rng.choice([1, 2, 9, 10, 28]), rng.choice([0, 1, 11, 12, 13, 23]), rng.randint(0, 59),
                    rng.choice([0, 1, 59]), rng.choice([0, 1, 500000, 999999]),
                    tzinfo=rng.choice([timezone.utc, datetime.strptime("+0545", "%z").tzinfo,
                                       datetime.strptime("-1130", "%z").tzinfo]))


def spoil(rng, text):
    """Another digit somewhere: often a day, a month, an hour that does not exist."""
    at = rng.randrange(len(text))
    return text[:at] + (rng.choice("0123456789") if text[at].isdigit() else text[at]) + text[at + 1:]


def accepted_by_both(text):
    # Python takes a second 60 or 61 for the next minute's, and zones of up to 23:59; Postgres has 15:59.
    return not re.search(r"6[01](\D|$)", text) and not re.search(r"[+-](1[6-9]|[2-9]\d)\d\d$", text)


def main(count, seed):
    rng = random.Random(seed)
    for _ in range(count):
        pattern = rng.choice(PATTERNS)
        text = moment(rng).strftime(pattern)
        if "%Y" in pattern:  # strftime does not pad years
            value = moment(rng)
            text = value.strftime(pattern.replace("%Y", "\x01")).replace("\x01", f"{value.year:04d}")
        if rng.random() < 0.5:
            text = spoil(rng, text)
        if rng.random() < 0.2 and not re.search("[a-zA-Z]", re.sub("%.", "", pattern)):
            text = text.upper() if rng.random() < 0.5 else text.lower()
        if accepted_by_both(text):
            print(pattern, text, expected(text, pattern), sep="\t")


main(int(sys.argv[1]), int(sys.argv[2]))
