# SPDX-License-Identifier: Apache-2.0
"""
An archive in a bucket: publishing, two producers at once, kill -9, a server that is away, a row's origin, all again. Files from a
bucket, and reports into one.
"""
import csv
import io
import json

import pytest

from support.wait import wait_until

FIELDS = {"id": "long", "name": ["null", "string"]}


@pytest.fixture
def shop(project, s3, unique):
    """A project whose archive is a bucket of its own."""
    bucket = unique.replace("_", "-").strip("-")
    s3.client.make_bucket(bucket)
    project.bucket = bucket
    project.config["archive"] = f"s3://{bucket}/kept here"
    project.config["s3"] = s3.settings()
    project.config["reports"] = {"sql": "reports", "output": f"s3://{bucket}/reports/of today/"}
    project.environment["TMPDIR"] = str(project.folder / "tmp")
    (project.folder / "tmp").mkdir()
    project.dataset("orders", FIELDS, "orders*.csv", ["id"])
    project.run("init")
    return project


def rows(start, count):
    return "id,name\n" + "".join(f"{number},n{number}\n" for number in range(start, start + count))


def manifests(s3, shop):
    """By name of the published file."""
    prefix = "kept here/orders/manifests/"
    found = [json.loads(s3.client.get(shop.bucket, key))
             for key in s3.client.keys(shop.bucket, prefix) if key.endswith(".json")]
    assert len({one["file_id"] for one in found}) == len(found)
    return {one["name"]: one for one in found}


def count(database):
    return database.value("SELECT count(*) FROM raw.orders")


def test_what_is_published_lies_in_the_bucket_and_is_traced(shop, s3, database):
    first = shop.file("orders-1.csv", rows(0, 1000))
    (result,) = shop.json("publish", first)
    assert result["rows"] == 1000
    key = f"kept here/orders/objects/{result['sha256'][:2]}/{result['sha256']}"
    assert s3.client.get(shop.bucket, key) == first.read_bytes()
    assert shop.json("publish", first)[0]["outcome"] == "already published"
    assert shop.json("publish", "--again", first)[0]["file_id"] > result["file_id"]
    shop.start("worker")
    wait_until(lambda: database.value("SELECT count(*) FROM penstock.file WHERE state = 'complete'") == 2)
    assert count(database) == 1000
    assert "n77" in shop.run("trace", "raw.orders", "77").out
    # Not a word of the secret, wherever the configuration is shown.
    for words in (["config", "print"], ["config", "print", "--json"], ["-v", "publish", first]):
        result = shop.run(*words)
        assert shop.config["s3"]["secret_key"] not in result.out + result.err


def test_two_producers_one_killed_and_the_server_away(shop, s3, database):
    other = dict(shop.config, inbox="inbox-2")
    (shop.folder / "inbox-2").mkdir()
    config, shop.config = shop.config, other
    shop.write()
    (shop.folder / "penstock.yml").rename(shop.folder / "second.yml")
    shop.config = config
    shop.write()
    shop.start("worker")
    # Half of the content is the same in both inboxes; a producer dies at each step on the way.
    for number in range(6):
        shop.drop(f"orders-{number}.csv", rows(number * 100, 150))
        if number % 2:
            shop.file("moved", rows(number * 100, 150)).rename(shop.folder / "inbox-2" / f"orders-{number}.csv")
    second = shop.start("-c", "second.yml", "producer")
    for step in ("archived", "manifest", "judged", "acknowledged"):
        killed = shop.start("producer", env={"PENSTOCK_FAULT": f"producer.{step}"})
        assert killed.wait() == -9
    s3.stop()
    shop.drop("orders-late.csv", rows(5000, 10))
    first = shop.start("producer")
    wait_until(lambda: "127.0.0.1" in first.output() and "archive" in first.output())
    assert (shop.folder / "inbox" / "orders-late.csv").exists()
    s3.start()
    wait_until(lambda: not any(shop.folder.glob("inbox*/*.csv")), 60)
    wait_until(lambda: count(database) == 660)
    assert {one["state"] for one in manifests(s3, shop).values()} == {"sent"}
    assert len(manifests(s3, shop)) == 7
    assert first.stop() == second.stop() == 0
    assert database.value("SELECT count(*) FROM penstock.file WHERE state <> 'complete'") == 0


def test_all_is_loaded_again_from_the_bucket(shop, s3, database):
    for number in range(3):
        shop.run("publish", shop.file(f"orders-{number}.csv", rows(number * 100, 100)))
    shop.run("init", "--recreate", "--yes")
    assert count(database) == 0
    shop.start("worker")
    shop.start("producer")
    wait_until(lambda: count(database) == 300)
    shop.run("verify", "orders")
    shop.run("retract", "orders-1.csv")
    assert count(database) == 200 and manifests(s3, shop)["orders-1.csv"]["state"] == "retracted"
    for service in shop.services:
        assert service.stop() == 0
    shop.run("init", "--recreate", "--forget", "--yes")
    assert s3.client.keys(shop.bucket, "kept here/orders/") == {}


def test_files_are_taken_back_and_taken_up_in_the_bucket(shop, database):
    shop.start("worker")
    shop.run("publish", shop.file("orders-1.csv", rows(0, 100)))
    shop.run("publish", shop.file("orders-2.csv", rows(50, 100)))
    shop.run("publish", shop.file("orders-3.csv", "id,name,more\n1000,x,y\nwhat,x,y\n"), code=1)
    wait_until(lambda: count(database) == 150, 60, "what fits is loaded")
    wait_until(lambda: database.value("SELECT count(*) FROM penstock.file WHERE state = 'complete'") == 2)
    assert shop.json("retract", "orders-2.csv")[0]["removed"] == 50
    shop.run("verify")
    assert shop.json("replay", code=3)[0]["outcome"] == "still quarantined"
    shop.config["datasets"]["orders"]["unknown_columns"] = "ignore"
    shop.write()
    assert shop.json("replay", code=3)[0]["outcome"] == "published"
    wait_until(lambda: count(database) == 101, 60, "what was refused is loaded")
    # The bad record's file is corrected right behind itself: an S3 manifest keeps the id it is given, too.
    shop.dataset("orders", {"id": "long", "name": ["null", "string"]}, "orders*.csv", ["id"], unknown_columns="ignore",
                 csv={"comment": "w"})
    assert shop.json("replay", "--rejects")[0]["outcome"] == "corrected"
    assert count(database) == 101
    shop.run("verify")


def test_what_a_person_must_mend_is_said(shop, s3):
    shop.config["archive"] = "s3://no-such-bucket-here/x"
    shop.write()
    refused = shop.run("publish", shop.file("orders-1.csv", rows(0, 1)), code=1)
    assert "NoSuchBucket" in refused.err and "create the bucket" in refused.err
    shop.config["s3"]["secret_key"] = "another"
    shop.write()
    refused = shop.run("publish", shop.folder / "orders-1.csv", code=1)
    assert "s3.secret_key" in refused.err and "another" not in refused.err.replace("to another", "")


def test_objects_are_published_one_or_all_below(shop, s3, database):
    put = s3.client.put
    put(shop.bucket, "in/2026/orders 1+1.csv", rows(0, 100).encode())
    put(shop.bucket, "in/2026/deeper/orders-ü.csv", rows(100, 100).encode())
    put(shop.bucket, "in/2026/orders-long.csv", rows(1000, 200000).encode())
    put(shop.bucket, "in/other/orders-no.csv", rows(200, 100).encode())
    one = shop.json("publish", f"s3://{shop.bucket}/in/2026/orders 1+1.csv")
    assert [(row["name"], row["rows"]) for row in one] == [("orders 1+1.csv", 100)]
    all_below = shop.json("publish", f"s3://{shop.bucket}/in/2026/")
    assert {(row["name"], row["outcome"]) for row in all_below} == {
        ("orders 1+1.csv", "already published"), ("orders-ü.csv", "published"), ("orders-long.csv", "published")}
    shop.start("worker")
    wait_until(lambda: database.value("SELECT count(*) FROM raw.orders") == 200200)
    missing = shop.run("publish", f"s3://{shop.bucket}/in/none.csv", f"s3://{shop.bucket}/none/", code=1)
    assert "there is no such object" in missing.err and "there is nothing below" in missing.err
    assert "bucket's name" in shop.run("publish", "s3://X/y", code=2).err
    assert list((shop.folder / "tmp").iterdir()) == []


def test_reports_go_into_a_bucket(shop, s3):
    shop.file("reports/squares.sql", "SELECT n, n * n AS square FROM generate_series(1, 3) n ORDER BY n")
    for _ in range(2):
        assert f"s3://{shop.bucket}/reports/of today/squares.csv: 3 rows" in shop.run("report").out
    status, headers, body = s3.client.request("GET", f"/{shop.bucket}/reports/of today/squares.csv")
    assert status == 200 and headers["Content-Type"] == "text/csv; charset=utf-8"
    assert list(csv.reader(io.StringIO(body.decode()))) == [["n", "square"], ["1", "1"], ["2", "4"], ["3", "9"]]
    shop.file("reports/broken.sql", "SELECT 1 / (n - 2) AS x FROM generate_series(1, 3) n")
    shop.run("report", "broken", code=1)
    assert list(s3.client.keys(shop.bucket, "reports/")) == ["reports/of today/squares.csv"]
    assert list((shop.folder / "tmp").iterdir()) == []


def landed(shop):
    return sorted(path.name for path in (shop.folder / "inbox" / "@landing").iterdir())


def test_what_is_new_in_a_bucket_comes_into_the_inbox(shop, s3, database):
    shop.config["sources"] = {"landing": {"url": f"s3://{shop.bucket}/landing/", "max_bytes": "1MB"}}
    shop.write()
    put = s3.client.put
    for number in range(6):
        put(shop.bucket, f"landing/2026/orders-{number}.csv", rows(number * 100, 100).encode())
    put(shop.bucket, "landing/.hidden", b"x")
    put(shop.bucket, "landed/orders-9.csv", b"x")
    # Killed with two files, then with all in the folder behind the inbox, then with one in the inbox.
    kept = shop.folder / "inbox/.sources/landing/kept"
    for point, lines in (("fetch.page:2", 2), ("fetch.kept", 3), ("fetch.whole", 6), ("fetch.released", 6)):
        assert shop.run("fetch", code=None, env={"PENSTOCK_FAULT": point}).code == -9
        assert len(kept.read_text().splitlines()) == lines
    assert shop.json("fetch") == [{
        "source": "landing", "outcome": "fetched", "files": 6, "error": None,
        "bytes": sum(len(rows(number * 100, 100)) for number in range(6))}]
    assert landed(shop) == [f"orders-{number}.csv" for number in range(6)]
    assert (shop.folder / "inbox/@landing/orders-3.csv").read_text() == rows(300, 100)
    assert shop.json("fetch")[0]["outcome"] == "nothing new"
    # Another version, the same name elsewhere, one gone: two files come, beside those that wait.
    put(shop.bucket, "landing/2026/orders-0.csv", rows(0, 150).encode())
    put(shop.bucket, "landing/2027/orders-1.csv", rows(700, 10).encode())
    s3.client.delete(shop.bucket, "landing/2026/orders-5.csv")
    assert shop.json("fetch")[0]["files"] == 2
    assert len(landed(shop)) == 8
    put(shop.bucket, "landing/2028/orders-8.csv", b"x" * 1_000_001)
    failed = shop.run("fetch", code=1)
    assert "max_bytes" in failed.err
    s3.client.delete(shop.bucket, "landing/2028/orders-8.csv")
    # The producer does it by itself.
    shop.config["sources"]["landing"]["every"] = "1s"
    shop.write()
    shop.start("producer")
    shop.start("worker")
    put(shop.bucket, "landing/2029/orders-7.csv", rows(900, 10).encode())
    wait_until(lambda: count(database) == 620)
    assert [service.stop() for service in shop.services] == [0, 0]


def test_a_source_of_a_bucket_has_no_headers(shop):
    shop.config["sources"] = {"landing": {"url": "s3://landing/x", "headers": {"X-Key": "1"}}}
    shop.write()
    assert "sources.landing.headers" in shop.run("config", "check", code=2).err
    shop.config["sources"] = {"landing": {"url": "s3://Landing/x"}}
    shop.write()
    assert "bucket's name" in shop.run("fetch", code=1).err
