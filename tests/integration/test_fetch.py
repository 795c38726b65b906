# SPDX-License-Identifier: Apache-2.0
"""`penstock fetch` against a real web server: what comes, what is asked, what is said when it goes wrong."""
import email.utils
import gzip
import hashlib
import json
import pathlib
import re
import threading
import time

import pytest
import yaml

from support.http_server import Answer, HttpServer, make_certificate
from support.penstock import Project
from support.wait import wait_until

TOP = pathlib.Path(__file__).resolve().parents[2]
KEY = "k3y-that-nobody-may-see"


@pytest.fixture
def server():
    server = HttpServer()
    yield server
    server.close()


@pytest.fixture
def project(tmp_path):
    project = Project(tmp_path, "127.0.0.1:1", "", "t.")
    project.dataset("orders", {"id": "long"}, "never*.json", ["id"], json={"records": "data.items"})
    yield project
    project.close()


def source(project, of, url, **settings):
    project.config.setdefault("sources", {})[of] = {"url": url, **settings}
    project.write()


def inbox(project, name):
    """What is in the inbox of a source: {file name: bytes}."""
    folder = project.folder / "inbox" / f"@{name}"
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*"))}


def state(project, name):
    return json.loads((project.folder / "inbox" / ".sources" / name / "state.json").read_text())


def page(*ids, **more):
    return json.dumps({"data": {"items": [{"id": i} for i in ids]}, **more}).encode()


def test_a_file_comes_whole_and_only_when_it_changed(project, server):
    versions = [b"id,x\n1,a\n", b"id,x\n1,b\n"]

    def answer(request):
        etag = f'"{hashlib.sha256(versions[0]).hexdigest()}"'
        headers = {"ETag": etag, "Last-Modified": "Fri, 20 Nov 2026 10:00:00 GMT"}
        if request.headers.get("if-none-match") == etag:
            return Answer(304, headers=headers)
        return Answer(body=versions[0], headers=headers)

    url = server.route("/files/orders.csv", answer)
    source(project, "files", url)
    assert project.json("fetch") == [
        {"source": "files", "outcome": "fetched", "files": 1, "bytes": 9, "error": None}]
    assert project.run("fetch", "files").out == "files: nothing new\n"
    assert server.asked("/files/orders.csv")[1].headers["if-modified-since"] == "Fri, 20 Nov 2026 10:00:00 GMT"
    versions.pop(0)
    assert project.run("fetch").out == "files: fetched, 1 file, 9 B\n"
    files = inbox(project, "files")
    assert list(files.values()) == [b"id,x\n1,a\n", b"id,x\n1,b\n"]
    assert all(re.fullmatch(r"files-\d{8}T\d{6}Z\.csv", name) for name in files)
    # Other settings: what is known of the old URL says nothing.
    source(project, "files", url + "?v=2")
    assert project.json("fetch")[0]["outcome"] == "fetched"


def by_number(pages, name, start, step):
    return lambda request: page(*pages.get((int(request.query.get(name, -1)) - start) // step, []))


@pytest.mark.parametrize("settings, first", [
    ({"by": "page", "size_parameter": "size", "size": 2}, {"page": "1", "size": "2"}),
    ({"by": "page", "parameter": "p", "start": 0}, {"p": "0"}),
    ({"by": "offset", "parameter": "skip", "size": 2, "size_parameter": "limit"}, {"skip": "0", "limit": "2"}),
    ({"by": "cursor", "parameter": "after", "cursor": "meta.next"}, {}),
    ({"by": "cursor", "cursor": "meta.next"}, {}),
    ({"by": "link"}, {}),
    ({"by": "page", "more": "meta.more"}, {"page": "1"}),
    ({"by": "page", "pages": "meta.pages"}, {"page": "1"}),
], ids=["page", "page from 0", "offset", "cursor", "cursor as URL", "link", "more", "pages"])
def test_every_page_comes_as_it_was(project, server, settings, first):
    pages = [[1, 2], [3, 4], [5]]

    def answer(request):
        q = request.query
        if "skip" in q:
            at = int(q["skip"]) // 2
        elif "p" in q:
            at = int(q["p"])
        elif "page" in q:
            at = int(q["page"]) - 1
        else:
            at = int(q.get("after", "c 0/?&")[2])
        more = at + 1 < len(pages)
        cursor = f"c {at + 1}/?&" if more else None
        if settings["by"] == "cursor" and "parameter" not in settings and more:
            cursor = f"/api?after=c+{at + 1}"
        body = page(*(pages[at] if at < len(pages) else []),
                    meta={"next": cursor, "more": more, "pages": len(pages)})
        headers = {"Link": f'</api?after=c+{at + 1}>; rel="next", </api>; rel="first"'} if more else {}
        return Answer(body=body, headers=headers)

    source(project, "api", server.route("/api", answer), dataset="orders", paging=settings,
           name="orders-{time}.json", headers={"X-Api-Key": KEY})
    assert project.json("fetch")[0]["files"] == 3
    files = inbox(project, "api")
    assert [re.sub(r"\d{8}T\d{6}Z", "T", name) for name in files] == [
        f"orders-T-p0000{i}.json" for i in (1, 2, 3)]
    assert [[r["id"] for r in json.loads(body)["data"]["items"]] for body in files.values()] == pages
    asked = server.asked("/api")
    assert asked[0].query == first
    assert all(request.headers["x-api-key"] == KEY for request in asked)
    # Only where nothing else tells is the empty page asked for.
    assert len(asked) == (4 if settings["by"] in ("page", "offset") and not {"more", "pages"} & set(settings) else 3)


@pytest.mark.parametrize("settings, body, bodies", [
    ({"by": "page", "parameter": "page", "size_parameter": "page\\.size", "size": 2}, {"of": "all", "page": "?"},
     [{"of": "all", "page.size": 2, "page": page} for page in (1, 2, 3)]),
    ({"by": "offset", "parameter": "at.offset", "size": 2}, '{"at": {"x": [1, {"y": "\\u00fc"}]}}',
     [{"at": {"x": [1, {"y": "\u00fc"}], "offset": offset}} for offset in (0, 2, 4)]),
    ({"by": "cursor", "parameter": "variables.after", "cursor": "meta.text"}, {"query": "{ a\n}", "variables": {"n": 1.50}},
     [{"query": "{ a\n}", "variables": {"n": 1.5, **more}} for more in ({}, {"after": "c\"1"}, {"after": "c\"2"})]),
    ({"by": "cursor", "parameter": "after", "cursor": "meta.number"}, {}, [{}, {"after": 1}, {"after": 2}]),
    ({"by": "cursor", "cursor": "meta.url"}, "not JSON at all", ["not JSON at all"] * 3),
], ids=["page", "offset", "text", "number", "URL"])
def test_pages_are_asked_for_in_the_body(project, server, settings, body, bodies):
    asked = []

    def answer(request):
        assert request.method == "POST" and request.headers["content-type"] == "application/json"
        asked.append(request.body.decode())
        more = {"text": f'c"{len(asked)}', "number": len(asked), "url": f"/api?page={len(asked)}"} if len(asked) < 3 else {}
        return page(len(asked), meta={**more, "more": len(asked) < 3})

    source(project, "api", server.route("/api", answer), dataset="orders", method="POST", body=body,
           paging={**settings, "more": "meta.more"})
    assert project.json("fetch")[0]["files"] == 3
    assert [json.loads(text) if text[0] == "{" else text for text in asked] == bodies


def test_a_body_keeps_its_secrets_and_its_types(project, server):
    project.environment.update(KEY=KEY, COUNT="7")
    asked = []

    def answer(request):
        asked.append(request)
        return Answer(403, b"not with " + json.loads(request.body)["key"].encode())

    url = server.route("/bad", answer)
    project.write()
    with open(project.folder / "penstock.yml", "a") as file:
        file.write(f"""
sources:
  bad:
    url: "{url}"
    method: POST
    retries: 0
    headers: {{content-type: text/x}}
    body:
      key: "${{KEY}}"
      n: ${{COUNT}}
      text: "7"
      list: [true, null, yes, 01, -1.5e3]
      none:
      inner: {{a.b: x}}
""")
    assert project.json("fetch", code=1)[0]["error"] == f"POST {url}: {server.url}: HTTP status 403: not with ***"
    assert json.loads(asked[0].body) == {"key": KEY, "n": 7, "text": "7", "list": [True, None, "yes", "01", -1500], "none": None,
                                         "inner": {"a.b": "x"}}
    assert asked[0].headers["content-type"] == "text/x"
    printed = project.run("config", "print").out
    assert KEY not in printed and '\\"text\\":\\"7\\"' in printed
    # A body goes nowhere else, and is not lost on the way.
    other = HttpServer()
    for status, place, words in [(302, url, "lose it"), (307, other.route("/x", answer), "elsewhere")]:
        server.route("/bad", lambda request: Answer(status, headers={"Location": place}))
        assert words in project.json("fetch", code=1)[0]["error"]
    assert other.asked("/x") == []
    other.close()
    # On its own host it is sent on.
    server.route("/bad", lambda request: Answer(307, headers={"Location": "/good"}))
    server.route("/good", lambda request: request.body)
    assert project.json("fetch")[0]["files"] == 1
    assert json.loads(*inbox(project, "bad").values())["n"] == 7


def test_a_busy_server_is_given_time(project, server):
    answers = [
        Answer(429, headers={"Retry-After": "1"}),
        Answer(503, headers={"Retry-After": email.utils.formatdate(time.time() + 2, usegmt=True)}),
        Answer(500, b"<html>oops</html>"),
        Answer(body=b"id\n1\n"),
    ]
    source(project, "busy", server.route("/x", lambda request: answers.pop(0)))
    began = time.monotonic()
    assert project.json("fetch")[0]["outcome"] == "fetched"
    at = [request.at for request in server.asked("/x")]
    assert at[1] - began >= 1 and len(at) == 4
    # Who asks for an hour gets it: by the next attempt, not by waiting.
    server.route("/x", lambda request: Answer(429, headers={"Retry-After": "3600"}))
    assert project.json("fetch", code=1)[0]["outcome"] == "failed"
    assert state(project, "busy")["not_before_ms"] / 1000 == pytest.approx(time.time() + 3600, abs=120)
    # Who asks for an age does not get it.
    server.route("/x", lambda request: Answer(503, headers={"Retry-After": str(2**62)}))
    assert project.json("fetch", code=1)[0]["outcome"] == "failed"
    assert state(project, "busy")["not_before_ms"] / 1000 == pytest.approx(time.time() + 86400, abs=120)


@pytest.mark.parametrize("case", ["goes on", "changed", "empty", "weak tag", "packed", "another part", "another tag",
                                  "a piece"])
def test_a_download_that_breaks_off_goes_on_where_it_was(project, server, case):
    """With a server that is away in between; and where going on would be wrong, all of it comes again."""
    old, new = bytes(range(256)) * 40, bytes(reversed(range(256))) * 30
    tag = {"weak tag": 'W/"1"'}.get(case, '"1"')
    asked = []

    def answer(request):
        asked.append(request.headers)
        if len(asked) == 1:
            if case == "packed":
                return Answer(body=gzip.compress(old)[:-50], length=len(gzip.compress(old)),
                              headers={"ETag": tag, "Content-Encoding": "gzip"})
            return Answer(body=old[:4000], length=len(old), headers={"ETag": tag})
        if case == "goes on" and len(asked) == 2:
            return Answer(503)
        if case in ("changed", "empty"):
            return Answer(body=new if case == "changed" else b"", headers={"ETag": '"2"'})
        wanted = request.headers.get("range")
        if not wanted:
            return Answer(body=old, headers={"ETag": tag})
        assert request.headers["if-range"] == '"1"' and "accept-encoding" not in request.headers
        start = int(re.fullmatch(r"bytes=(\d+)-", wanted).group(1)) - (100 if case == "another part" else 0)
        end = start + 100 if case == "a piece" else len(old)
        return Answer(206, old[start:end], {"ETag": '"2"' if case == "another tag" else tag,
                                            "Content-Range": f"bytes {start}-{end - 1}/{len(old)}"})

    source(project, "large", server.route("/large.bin", answer))
    whole = {"changed": new, "empty": b""}.get(case, old)
    assert project.json("fetch")[0]["bytes"] == len(whole)
    assert list(inbox(project, "large").values()) == [whole]
    assert ("range" in asked[1]) == (case not in ("weak tag", "packed"))
    assert len(asked) == (3 if case in ("goes on", "another part", "another tag", "a piece") else 2)


def test_a_download_that_gets_further_each_time_is_no_failed_try(project, server):
    body = bytes(range(256)) * 16

    def answer(request):
        start = int(request.headers.get("range", "bytes=0-")[6:-1])
        headers = {"ETag": '"1"', "Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}
        return Answer(206 if start else 200, body[start:start + 1024], headers, length=len(body) - start)

    source(project, "far", server.route("/far.bin", answer), retries=1)
    assert project.json("fetch")[0]["bytes"] == len(body)
    assert list(inbox(project, "far").values()) == [body] and len(server.asked("/far.bin")) == 4


def test_requests_keep_their_distance(project, server):
    url = server.route("/api", lambda r: page(*([1] if int(r.query["page"]) < 4 else []), n=r.query["page"]))
    source(project, "api", url, dataset="orders", rate="4/s", paging={"by": "page"})
    began = time.monotonic()
    assert project.json("fetch")[0]["files"] == 3
    # By the client's clock: one request may be longer on its way than the next.
    assert len(server.asked("/api")) == 4 and time.monotonic() - began >= 0.75


def failing(project, server, answer, **settings):
    source(project, "bad", server.route("/bad", answer), retries=0, **settings)
    error = project.json("fetch", code=1)[0]["error"]
    assert inbox(project, "bad") == {}
    assert state(project, "bad")["error"]
    return error


def test_errors_say_what_and_never_the_key(project, server):
    def refuse(request):
        return Answer(403, f"key {request.headers['authorization'][7:]} is\nnot known".encode())

    error = failing(project, server, refuse, headers={"Authorization": "Bearer ${KEY}"}) \
        if project.environment.setdefault("KEY", KEY) else ""
    assert error == f"GET {server.url}/bad: {server.url}: HTTP status 403: key *** is not known"
    assert KEY not in project.run("config", "print").out
    assert KEY not in (project.folder / "inbox/.sources/bad/state.json").read_text()
    project.run("fetch", "nobody", code=2)


@pytest.mark.parametrize("answer, settings, words", [
    (lambda r: Answer(body=b"x" * 50, length=500), {}, "transfer closed|Transferred a partial file"),
    (lambda r: Answer(body=b"x" * 5000), {"max_bytes": 1000}, "longer than 1000 bytes"),
    (lambda r: Answer(body=gzip.compress(b"x" * 5000), headers={"Content-Encoding": "gzip"}), {"max_bytes": 1000},
     "longer than 1000 bytes"),
    (lambda r: Answer(304), {}, "HTTP status 304"),
    (lambda r: Answer(302, headers={"Location": "/bad"}), {}, "more than 5 redirects"),
    (lambda r: Answer(302, headers={"Location": "file:///etc/passwd"}), {}, "no http or https URL"),
    (lambda r: b"<html>", {"paging": {"by": "page"}}, "no JSON document .*: <html>"),
    (lambda r: b'{"data": {"items": [', {"paging": {"by": "page"}}, "breaks off"),
    (lambda r: b'{"data": 1}', {"paging": {"by": "page"}}, "no array of records at 'data.items'"),
    (lambda r: page(1, more=1), {"paging": {"by": "page", "more": "more"}}, "no true or false at 'more'"),
    (lambda r: page(1, n=r.query["page"]), {"paging": {"by": "page", "max_pages": 3}},
     r"page 3: more pages follow than paging.max_pages \(3\)"),
    (lambda r: page(1), {"paging": {"by": "page"}}, "page 2: it repeats page 1"),
    (lambda r: page(1, n=time.time(), next="same"), {"paging": {"by": "cursor", "parameter": "c", "cursor": "next"}},
     "page 2: it repeats page 1"),
    (lambda r: Answer(body=page(1), headers={"Link": '<http://elsewhere.invalid/>; rel="next"'}),
     {"paging": {"by": "link"}}, "on another host"),
    (lambda r: Answer(200, page(1), {"Link": '<ftp://h/>; rel="next"'}), {"paging": {"by": "link"}}, "no http or https"),
], ids=range(15))
def test_what_is_wrong_is_refused_whole(project, server, answer, settings, words):
    error = failing(project, server, answer, dataset="orders", **settings)
    assert re.search(words, error), error


def test_a_cursor_that_is_a_url_is_still_the_parameter(project, server):
    cursor = "https://elsewhere.invalid/?after=1"
    source(project, "api", server.route("/api", lambda r: page(len(r.query), next=None if r.query else cursor)),
           dataset="orders", paging={"by": "cursor", "parameter": "from", "cursor": "next"})
    assert project.json("fetch")[0]["files"] == 2
    assert server.asked("/api")[1].query == {"from": cursor}


def test_keys_do_not_follow_a_redirect(project, server):
    other = HttpServer()
    try:
        target = other.route("/data.csv", lambda request: b"id\n1\n")
        source(project, "moved", server.route("/old.csv", lambda request: Answer(301, headers={"Location": target})),
               headers={"X-Api-Key": KEY, "Authorization": f"Bearer {KEY}"})
        assert project.json("fetch")[0]["outcome"] == "fetched"
        assert KEY in str(server.asked("/old.csv")[0].headers)
        assert KEY not in str(other.asked("/data.csv")[0].headers)
    finally:
        other.close()


def test_certificates_are_checked(project, tmp_path):
    certificate = make_certificate(tmp_path)
    server = HttpServer(certificate)
    try:
        url = server.route("/x.csv", lambda request: b"id\n1\n")
        source(project, "tls", url)
        assert "certificate is not trusted; 'ca'" in project.json("fetch", code=1)[0]["error"]
        source(project, "tls", url, ca="ca.pem")
        assert project.json("fetch")[0]["outcome"] == "fetched"
    finally:
        server.close()


def test_gzip_is_unpacked(project, server):
    body = b"id\n" + b"1\n" * 10000
    source(project, "packed", server.route("/x.csv", lambda request: Answer(
        body=gzip.compress(body), headers={"Content-Encoding": "gzip"} if "gzip" in request.headers["accept-encoding"] else {})))
    assert project.json("fetch")[0]["bytes"] == len(body)
    assert list(inbox(project, "packed").values()) == [body]


def test_a_kill_between_pages_loses_and_repeats_nothing(project, server):
    """Wherever it dies, the next one goes on at the page where it was, and the inbox gets every page once."""
    pages = {i: [10 * i, 10 * i + 1] for i in range(5)}
    url = server.route("/api", by_number(pages, "page", 1, 1))
    source(project, "api", url, dataset="orders", paging={"by": "page"})
    for point, asked_again in [("fetch.kept:3", 1), ("fetch.page:3", 0), ("fetch.whole:1", 0), ("fetch.released:2", 0),
                               ("fetch.done:1", 6)]:
        server.requests.clear()
        before = inbox(project, "api")
        assert project.run("fetch", code=None, env={"PENSTOCK_FAULT": point}).code == -9
        project.run("fetch")
        new = {name: body for name, body in inbox(project, "api").items() if name not in before}
        bodies = [[r["id"] for r in json.loads(body)["data"]["items"]] for body in new.values()]
        assert bodies == list(pages.values()) * (2 if point == "fetch.done:1" else 1), point
        assert len(server.asked("/api")) == 6 + asked_again, point


def test_a_failed_fetch_shows_nothing_and_goes_on_where_it_was(project, server):
    broken = threading.Event()

    def answer(request):
        number = int(request.query["page"])
        if number == 3 and not broken.is_set():
            return Answer(500)
        return page(*([number] if number < 5 else []))

    source(project, "api", server.route("/api", answer), dataset="orders", retries=0, paging={"by": "page"})
    assert project.json("fetch", code=1)[0]["error"].endswith("(page 3): " + server.url + ": HTTP status 500")
    assert inbox(project, "api") == {}
    broken.set()
    assert project.json("fetch")[0]["files"] == 4
    assert [request.query["page"] for request in server.asked("/api")] == ["1", "2", "3", "3", "4", "5"]


def test_the_documentation_works(project, server):
    """The pages' examples as they stand, but for the host."""
    blocks = re.findall(r"```yaml\n(.*?)```", (TOP / "docs" / "sources.md").read_text(), re.S)
    project.dataset("rates", {"currency": "string", "rate": "double"}, "rates*.csv", ["currency"])
    project.environment.update(ORDERS_API_KEY=KEY, TENANT="acme")
    settings = [yaml.safe_load(block) for block in blocks]
    for block in settings:
        project.config.update(block)
    project.config["sources"] = {name: source for block in settings for name, source in block.get("sources", {}).items()}
    project.write().run("config", "check")
    server.route("/rates.csv", lambda request: b"currency,rate\nEUR,1\n")
    server.route("/v1/orders", lambda request: page(
        len(request.query), meta={"next": None if "cursor" in request.query else "n"}))
    server.route("/v1/orders/search", lambda request: page(
        len(request.body), meta={"next": None if "after" in json.loads(request.body)["page"] else "n"}))
    for name in ("rates", "orders_api", "orders_search"):
        found = project.config["sources"][name]
        found["url"] = re.sub(r"https://[^/]*", server.url, found["url"])
    del project.config["schedule"]
    project.write()
    assert {row["source"]: row["files"] for row in project.json("fetch", "rates", "orders_api", "orders_search")} == {
        "rates": 1, "orders_api": 2, "orders_search": 2}
    assert json.loads(server.asked("/v1/orders/search")[1].body) == {
        "filter": {"status": "shipped", "tenant": "acme"}, "sort": ["id"], "page": {"size": 500, "after": "n"}}
    assert server.asked("/v1/orders")[1].query == {"limit": "500", "cursor": "n"}


def test_a_server_that_is_away_and_a_state_that_is_damaged(project):
    source(project, "away", "http://127.0.0.1:1/x.csv", retries=0)
    assert "GET http://127.0.0.1:1/x.csv" in project.json("fetch", code=1)[0]["error"]
    path = project.folder / "inbox/.sources/away/state.json"
    path.write_text(path.read_text()[:50])
    error = project.run("fetch", code=1).err
    assert str(path.relative_to(project.folder)) in error and "from its beginning" in error


def test_one_process_at_a_time(project, server):
    gate = threading.Event()
    source(project, "slow", server.route("/x.csv", lambda request: Answer(body=b"id\n1\n" * 1000, hold=gate)))
    first = project.start("fetch")
    wait_until(lambda: server.asked("/x.csv"))
    assert project.json("fetch", code=1)[0]["outcome"] == "another process is fetching it"
    gate.set()
    assert first.wait() == 0
    assert len(server.asked("/x.csv")) == 1


def test_ctrl_c_ends_it_and_the_next_goes_on(project, server):
    gate = threading.Event()
    source(project, "slow", server.route("/x.csv", lambda request: Answer(body=b"id\n1\n" * 1000, hold=gate)))
    fetch = project.start("fetch")
    wait_until(lambda: server.asked("/x.csv"))
    assert fetch.stop(30) in (143, -15)
    assert inbox(project, "slow") == {} and state(project, "slow")["error"] == ""
    gate.set()
    assert project.json("fetch")[0]["outcome"] == "fetched"
