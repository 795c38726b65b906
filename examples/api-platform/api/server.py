#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The network's API, as test equipment: pages of stations and measurements for who has the key.

    AIR_API_KEY=… python3 server.py [--port 8765] [--days 5]

GET  /v1/stations?page=1&per_page=5           numbered pages; meta.pages says how many
GET  /v1/measurements?limit=200&cursor=…      meta.next is the next page's cursor
POST /v1/next-day                             a day goes by: measurements are added, and yesterday's become final
"""
import argparse
import base64
import datetime
import hashlib
import http.server
import json
import os
import threading
import urllib.parse

FIRST_DAY = datetime.date(2026, 3, 1)
HOURS = range(0, 24, 2)
BUSY_EVERY = 9  # requests: this one is told to come again
CITIES = ["Aldermoor", "Brennach", "Corvale", "Dunmarsh"]
PLACES = ["Ring Road", "City Park", "Harbour"]


def stations():
    return [{"id": f"{city[:2].upper()}{number}", "name": f"{city} {place}", "city": city,
             "kind": "traffic" if number == 1 else "background", "installed": f"20{10 + number:02}-05-0{number}"}
            for city in CITIES for number, place in enumerate(PLACES, 1)]


def number(*words):
    """A number from 0 to 1 that the words decide."""
    return int.from_bytes(hashlib.sha256(" ".join(map(str, words)).encode()).digest()[:4], "big") / 2**32


def measurement(station, day, hour, final):
    traffic = 12 if station["kind"] == "traffic" else 4
    base = 4 + traffic * number(station["id"], day, hour) + 14 * number(station["city"], day) ** 2
    broken = number("broken", station["id"], day, hour) < 0.02
    # What a day's end brings: the provisional value is calibrated.
    pm25 = -999 if broken else round(base * (1 if final else 1.1), 1)
    no2 = None if number("none", station["id"], day, hour) < 0.03 else round(base * 1.7, 1)
    return {"id": f"{station['id']}-{day:%Y%m%d}-{hour:02}", "station": {"id": station["id"]},
            "at": f"{day:%Y-%m-%d}T{hour:02}:00:00Z", "values": {"pm25": pm25, "no2": no2},
            "status": "final" if final else "provisional"}


def measurements(days):
    """All of the first `days` days; those of the last one are provisional."""
    return [measurement(station, FIRST_DAY + datetime.timedelta(day), hour, day < days - 1)
            for day in range(days) for hour in HOURS for station in stations()]


def stations_page(query):
    size, page = int(query.get("per_page", 5)), int(query.get("page", 1))
    rows = stations()
    return {"data": rows[(page - 1) * size:page * size], "meta": {"page": page, "pages": -(-len(rows) // size)}}


def measurements_page(query, days):
    size = min(int(query.get("limit", 200)), 500)
    at = int(base64.urlsafe_b64decode(query["cursor"])) if "cursor" in query else 0
    rows = measurements(days)
    more = at + size < len(rows)
    following = base64.urlsafe_b64encode(str(at + size).encode()).decode() if more else None
    return {"data": rows[at:at + size], "meta": {"next": following}}


class Api(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port, key, days):
        super().__init__(("127.0.0.1", port), Handler)
        self.key, self.days, self.asked, self.lock = key, days, 0, threading.Lock()

    def is_busy(self):
        with self.lock:
            self.asked += 1
            return self.asked % BUSY_EVERY == 0

    def next_day(self):
        with self.lock:
            self.days += 1
            return self.days


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, document, **headers):
        body = json.dumps(document).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        parts = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(parts.query))
        key = self.headers.get("X-Api-Key", "")
        if key != self.server.key:
            self.answer(401, {"error": f"the key '{key}' is not known"})
        elif self.server.is_busy():
            self.answer(429, {"error": "too many requests"}, Retry_After="1")
        elif parts.path == "/v1/stations":
            self.answer(200, stations_page(query))
        elif parts.path == "/v1/measurements":
            self.answer(200, measurements_page(query, self.server.days))
        else:
            self.answer(404, {"error": "no such page"})

    def do_POST(self):
        if self.path == "/v1/next-day":
            self.answer(200, {"days": self.server.next_day()})
        else:
            self.answer(404, {"error": "no such page"})

    def log_message(self, *arguments):
        pass


def main():
    parser = argparse.ArgumentParser(description="The network's API, as test equipment.")
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--days", type=int, default=5)
    options = parser.parse_args()
    server = Api(options.port, os.environ["AIR_API_KEY"], options.days)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
