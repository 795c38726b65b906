# SPDX-License-Identifier: Apache-2.0
"""The archive's own tests again, on a bucket; and what only a bucket can get wrong."""
import http.server
import os
import subprocess
import threading
import urllib.parse

import pytest

from support.penstock import UNSET, Project, binary
from support.s3_client import S3Client


def run(name, endpoint, environment):
    environment = {**{k: v for k, v in os.environ.items() if k not in UNSET}, **environment,
                   "AWS_ENDPOINT_URL_S3": endpoint, "PENSTOCK_TEST_ARCHIVE": "s3://contract/some prefix"}
    return subprocess.run(
        [binary().parent / "tests" / name], env=environment, timeout=60,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.fixture(scope="module")
def bucket(s3):
    s3.client.make_bucket("contract")
    return s3


@pytest.mark.parametrize("name", ["test_archive", "test_manifest", "test_file_id"])
def test_the_contract_holds_on_a_bucket(bucket, name):
    done = run(name, bucket.endpoint, bucket.environment())
    assert done.returncode == 0, done.stdout
    assert "PASSED" in done.stdout
    below = bucket.client.keys("contract")
    assert below and all(key.startswith("some prefix/penstock-test-") for key in below)
    assert bucket.client.uploads("contract") == []


class Careless(http.server.BaseHTTPRequestHandler):
    """Hands requests on to the server, without the conditions: as servers do that never heard of them."""
    client: S3Client
    protocol_version = "HTTP/1.1"

    def _hand_on(self):
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        status, headers, answer = self.client.request(
            self.command, urllib.parse.unquote(path), body=body,
            query=dict(urllib.parse.parse_qsl(query, keep_blank_values=True)))
        self.send_response(status)
        for name in ("ETag", "Last-Modified"):
            if name in headers:
                self.send_header(name, headers[name])
        self.send_header("Content-Length", headers["Content-Length"] if self.command == "HEAD" else str(len(answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _hand_on

    def log_message(self, *_):
        pass


def test_a_server_without_conditions_is_refused(bucket):
    Careless.client = bucket.client
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Careless)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    done = run("test_file_id", f"http://127.0.0.1:{server.server_address[1]}", bucket.environment())
    server.shutdown()
    server.server_close()
    assert done.returncode != 0
    assert "passes over 'If-None-Match'" in done.stdout
    assert "docs/s3.md" in done.stdout


def test_without_room_for_copies_nothing_begins(tmp_path):
    project = Project(tmp_path, "127.0.0.1:1", "", "x.")
    project.config["archive"] = "s3://bucket/prefix"
    project.dataset("orders", {"id": "long"}, "*.csv", ["id"])
    (tmp_path / "a.csv").write_text("id\n1\n")
    for command in (["publish", "a.csv"], ["producer"]):
        error = project.run(*command, code=2, env={"TMPDIR": "/nowhere"}).err
        assert "/nowhere/penstock-" in error and "TMPDIR can name another folder" in error
    project.close()
