# SPDX-License-Identifier: Apache-2.0
"""Every firing of many schedules, by asking each minute; zoneinfo tells local time and folds."""
import random
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

NAMES = {n: i for i, n in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
NAMES |= {n: i for i, n in enumerate("sun mon tue wed thu fri sat".split())}
RANGES = [range(0, 60), range(0, 24), range(1, 32), range(1, 13), range(0, 7)]
# Around changes of clocks: an hour, half an hour, a whole day left out, midnight itself, none.
WINDOWS = [("Europe/Berlin", 2024, 3, 29), ("Europe/Berlin", 2024, 10, 25), ("America/New_York", 2025, 3, 7),
           ("America/New_York", 2025, 10, 31), ("Australia/Lord_Howe", 2024, 4, 5),
           ("Australia/Lord_Howe", 2024, 10, 4), ("Pacific/Apia", 2011, 12, 28), ("America/Sao_Paulo", 2018, 11, 2),
           ("Asia/Kathmandu", 2024, 2, 27), ("UTC", 2023, 12, 30), ("Europe/Berlin", 2040, 10, 26)]
FIXED = ["*/15 * * * *", "30 2 * * *", "0 0 * * *", "15 2,3 * * *", "*/30 */2 * * *", "59 1 * * *", "0 3 * * *",
         "0 0 13 * fri", "45 23 */2 * *", "*/7 1-3 * * sun", "30 0 * * *", "0 12 * * *", "0 0 1 1 *"]


def field(text, values):
    out = set()
    for part in text.split(","):
        body, _, step = part.partition("/")
        low, _, high = body.partition("-")
        if body == "*":
            chosen = list(values)
        else:
            number = lambda t: NAMES[t] if t in NAMES else int(t)
            chosen = list(range(number(low), number(high or low) + 1))
        out |= set(chosen[:: int(step or 1)])
    return out


def due(fields, text, local):
    words = text.split()
    minute, hour, day, month, weekday = fields
    by_day, by_weekday = local.day in day, local.isoweekday() % 7 in weekday
    days = by_day or by_weekday if words[2][0] != "*" and words[4][0] != "*" else by_day and by_weekday
    return local.minute in minute and local.hour in hour and local.month in month and days


def firings(text, zone, start, minutes):
    fields = [field(w, r) for w, r in zip(text.split(), RANGES)]
    elapsed = len(fields[1]) == 24
    before = None
    for i in range(1, minutes + 1):
        at = start + timedelta(minutes=i)
        local = at.astimezone(zone)
        wall = local.replace(tzinfo=None)
        before = before or (at - timedelta(minutes=1)).astimezone(zone).replace(tzinfo=None)
        if elapsed:
            hit = due(fields, text, wall)
        else:
            hit = local.fold == 0 and due(fields, text, wall)
            while not hit and before + timedelta(minutes=1) < wall:
                before += timedelta(minutes=1)
                hit = due(fields, text, before)
        before = wall
        if hit:
            yield int(at.timestamp())


def random_field(rng, values):
    kind = rng.randrange(4)
    if kind == 0:
        return "*"
    if kind == 1:
        return f"*/{rng.randrange(1, 20)}"
    if kind == 2:
        low = rng.choice(values)
        return f"{low}-{rng.randrange(low, values[-1] + 1)}"
    return ",".join(str(rng.choice(values)) for _ in range(rng.randrange(1, 4)))


def main():
    rng = random.Random(20240229)
    for name, year, month, day in WINDOWS:
        zone = ZoneInfo(name)
        start = datetime(year, month, day, tzinfo=timezone.utc)
        minutes = 4 * 24 * 60
        extra = [" ".join([random_field(rng, RANGES[0]), random_field(rng, RANGES[1]), random_field(rng, RANGES[2]),
                           "*", random_field(rng, RANGES[4])]) for _ in range(12)]
        for text in FIXED + extra:
            first = int(start.timestamp())
            times = " ".join(map(str, firings(text, zone, start, minutes)))
            print(f"{name}|{first}|{first + minutes * 60}|{text}|{times}")


main()
