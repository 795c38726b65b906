# SPDX-License-Identifier: Apache-2.0
"""What examples/shop-funnel must answer, computed from its files alone."""
import collections
import csv
import datetime
import decimal
import json
import pathlib
import re

FOLDER = pathlib.Path(__file__).parents[2] / "examples" / "shop-funnel"
DATA = FOLDER / "data"
CENT = decimal.Decimal("0.01")


def lines(kind):
    """(file name, row number, record) of every readable record, files in the order of their names."""
    for path in sorted(DATA.glob(f"{kind}-*")):
        with open(path, encoding="utf-8", newline="") as file:
            rows = [json.loads(line) for line in file] if path.suffix == ".ndjson" else \
                [{key: cell or None for key, cell in row.items()}
                 for row in csv.DictReader(file, delimiter=";" if kind == "orders" else ",")]
        for number, row in enumerate(rows, 1):
            if kind != "users" or row["user_id"]:
                yield path.name, number, row


def moment(text):
    match = re.fullmatch(r"\s*(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)Z?\s*", text or "")
    try:
        return datetime.datetime.fromisoformat(f"{match[1]}T{match[2]}") if match else None
    except ValueError:
        return None


def trimmed(text, change=str.lower):
    return change(text.strip()) or None if text is not None else None


def clean_users():
    for file, _, row in lines("users"):
        email, name = trimmed(row["email"]), trimmed(row["name"], str)
        country = trimmed(row["country"], str.upper)
        yield {"id": trimmed(row["user_id"], str.upper), "email": email, "country": "GB" if country == "UK" else country,
               "signed": moment(row["signed_up_at"]), "file": file,
               "demo": (email or "").endswith("@example.com") or (name or "").lower().startswith("demo ")}


def raw_orders():
    """The newest line of each order."""
    return {row["order_id"]: row for _, _, row in lines("orders")}


def clean_orders():
    for number, row in raw_orders().items():
        amount = (row["amount"] or "").strip()
        yield {"id": number, "user": trimmed(row["user_id"], str.upper), "at": moment(row["ordered_at"]), "paid": moment(row["paid_at"]),
               "amount": decimal.Decimal(amount).quantize(CENT) if re.fullmatch(r"-?\d+(\.\d+)?", amount) else None,
               "currency": trimmed(row["currency"], str.upper) or "EUR", "status": trimmed(row["status"])}


def clean_events():
    names = {"page_view": "visit", "add_to_cart": "cart"}
    for _, _, row in lines("events"):
        kind = trimmed(row["type"])
        yield {"id": row["event_id"], "user": trimmed(row["user_id"], str.upper), "type": names.get(kind, kind),
               "at": moment(row["at"]), "session": row["session"], "order": row.get("order_id")}


def users():
    newest = {user["id"]: user for user in clean_users()}
    seen = {}
    for event in clean_events():
        if event["at"]:
            seen[event["user"]] = min(event["at"], seen.get(event["user"], event["at"]))
    return {number: {**user, "joined": user["signed"] or seen.get(number)} for number, user in newest.items() if not user["demo"]}


def events():
    by_id = {}
    for event in clean_events():
        by_id.setdefault(event["id"], event)
    once = {}
    for event in sorted(by_id.values(), key=lambda event: event["id"]):
        once.setdefault((event["session"], event["type"], event["at"], event["user"]), event)
    real = users()
    return [event for event in once.values() if event["at"] and event["type"] in ("visit", "cart", "order")
            and (event["user"] is None or event["user"] in real)]


def orders():
    placed = {}
    for event in clean_events():
        if event["type"] == "order" and event["at"]:
            placed[event["order"]] = min(event["at"], placed.get(event["order"], event["at"]))
    real = users()
    found = {}
    for order in clean_orders():
        at = order["at"] or placed.get(order["id"]) or order["paid"]
        if order["user"] in real and at and (order["amount"] or 0) > 0 and order["status"] in ("open", "paid", "cancelled", "refunded"):
            found[order["id"]] = {**order, "on": at.date()}
    return found


def funnel():
    """[(day, visits, carts, orders, paid)], every day."""
    bought, sessions = orders(), {}
    for event in events():
        session = sessions.setdefault(event["session"], {"day": event["at"].date(), "steps": set()})
        session["day"] = min(session["day"], event["at"].date())
        session["steps"].add(event["type"])
        if event["type"] == "order" and bought.get(event["order"], {}).get("status") in ("paid", "refunded"):
            session["steps"].add("paid")
    days = [session["day"] for session in sessions.values()]
    rows = []
    for ordinal in range(min(days).toordinal(), max(days).toordinal() + 1):
        day, counts, steps = datetime.date.fromordinal(ordinal), [], set()
        for step in ("visit", "cart", "order", "paid"):
            steps.add(step)
            counts.append(sum(1 for session in sessions.values() if session["day"] == day and steps <= session["steps"]))
        rows.append((day, *counts))
    return rows


def retention():
    """[(cohort, month, users, active, share)]"""
    active = {(event["user"], event["at"].date().replace(day=1)) for event in events() if event["user"]}
    months = sorted({month for _, month in active})
    cohorts = collections.defaultdict(list)
    for number, user in users().items():
        if user["joined"]:
            cohorts[user["joined"].date().replace(day=1)].append(number)
    rows = []
    for cohort, members in sorted(cohorts.items()):
        for month in months:
            if month >= cohort:
                there = sum((member, month) in active for member in members)
                share = (decimal.Decimal(there) / len(members)).quantize(decimal.Decimal("0.001"), decimal.ROUND_HALF_UP)
                rows.append((cohort, month, len(members), there, share))
    return rows


def revenue():
    """[(month, country, currency, orders, paid, revenue, refunded, outstanding)]"""
    known, groups = users(), collections.defaultdict(list)
    for order in orders().values():
        groups[order["on"].replace(day=1), known[order["user"]]["country"] or "??", order["currency"]].append(order)
    money = lambda members, status: sum((order["amount"] for order in members if order["status"] == status), decimal.Decimal(0))
    return sorted((*key, len(members), sum(order["status"] == "paid" for order in members), money(members, "paid"),
                   money(members, "refunded"), money(members, "open")) for key, members in groups.items())


def repeated(keys):
    return sum(count > 1 for count in collections.Counter(keys).values())


def faults():
    """{check: failures} of every check that finds something."""
    raw_users, raw_events = [row for _, _, row in lines("users")], [row for _, _, row in lines("events")]
    ordered, cleaned, clicks = list(raw_orders().values()), list(clean_orders()), list(clean_events())
    texts = {row["signed_up_at"] for row in raw_users} | {row["at"] for row in raw_events} | \
        {row[name] for row in ordered for name in ("ordered_at", "paid_at")}
    known = {user["id"] for user in clean_users()}
    exact = {row["user_id"] for row in raw_users}
    null = lambda rows, name: sum(row[name] is None for row in rows)
    unlike = lambda rows, name, pattern: sum(row[name] is not None and not re.search(pattern, row[name]) for row in rows)
    return {name: count for name, count in {
        "accuracy_users_email": unlike(raw_users, "email", r"^\s*[^@\s]+@[^@\s]+\s*$"),
        "completeness_users_country": null(raw_users, "country"),
        "completeness_users_signed_up_at": null(raw_users, "signed_up_at"),
        "integrity_orders_users_raw": sum(row["user_id"] not in exact for row in ordered),
        "completeness_orders_ordered_at": null(ordered, "ordered_at"),
        "accuracy_orders_amount": unlike(ordered, "amount", r"^\s*\d+\.\d\d\s*$"),
        "accuracy_orders_status": sum(row["status"] not in ("open", "paid", "cancelled", "refunded") for row in ordered),
        "integrity_events_sent_again": repeated(row["event_id"] for row in raw_events),
        "completeness_events_at": null(raw_events, "at"),
        "accuracy_events_unload": sum(row["type"] == "unload" for row in raw_events),
        "accuracy_moments": sum(text is not None and moment(text) is None for text in texts),
        "accuracy_clean_users_demo": sum(user["demo"] for user in clean_users()),
        "consistency_clean_orders_paid_at": sum((order["paid"] is not None) != (order["status"] in ("paid", "refunded")) for order in cleaned),
        "integrity_clean_orders_users": sum(order["user"] not in known for order in cleaned),
        "accuracy_clean_orders_amount": null(cleaned, "amount"),
        "accuracy_clean_orders_positive": sum(order["amount"] is not None and order["amount"] <= 0 for order in cleaned),
        "integrity_clean_events_repeated": repeated((e["session"], e["type"], e["at"], e["user"]) for e in clicks if e["at"]),
        "integrity_clean_events_users": sum(event["user"] is not None and event["user"] not in known for event in clicks),
        "accuracy_clean_events_type": sum(event["type"] not in ("visit", "cart", "order") for event in clicks),
        "completeness_rejects": 1,
    }.items() if count}
