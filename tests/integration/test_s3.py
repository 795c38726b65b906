# SPDX-License-Identifier: Apache-2.0
"""The S3 room against a real server: its own operations, judged by a client of our own in Python."""
import contextlib
import http.server
import itertools
import os
import socket
import subprocess
import threading

import pytest

from support.penstock import UNSET, Project, binary

LISTED = 1003
LONG = 20 << 20


class CuttingProxy:
    """Hands connections on to the server and breaks each one after so many bytes of answer."""

    def __init__(self, port, after):
        self.target = port
        self.after = after
        self.breaks = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target))
            threading.Thread(target=self._upwards, args=(client, server), daemon=True).start()
            threading.Thread(target=self._downwards, args=(server, client), daemon=True).start()

    @staticmethod
    def _upwards(client, server):
        try:
            while data := client.recv(65536):
                server.sendall(data)
        except OSError:
            pass

    def _downwards(self, server, client):
        left = self.after
        try:
            while left and (data := server.recv(min(65536, left))):
                client.sendall(data)
                left -= len(data)
        except OSError:
            pass
        self.breaks += left == 0
        for one in (client, server):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)  # wakes the other thread, as close does not
            one.close()

    def close(self):
        self.listener.close()


def run(s3, *names, endpoint=None):
    environment = {k: v for k, v in os.environ.items() if k not in UNSET}
    environment.update(s3.environment())
    if endpoint:
        environment["AWS_ENDPOINT_URL_S3"] = endpoint
    done = subprocess.run(
        [binary().parent / "tests" / "s3_operations", *names], env=environment, timeout=60,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    assert "PASSED" in done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def buckets(s3):
    s3.client.make_bucket("plain")
    s3.client.make_bucket("many")
    # What a listing tells is the server's; the folder is a quick way to a thousand objects.
    folder = s3.folder / "data" / "many" / "n"
    folder.mkdir()
    for number in range(LISTED):
        (folder / f"{number:06}").write_bytes(b"x")
    return s3


def test_every_operation(buckets):
    for key in ("left/old", "left/young"):
        status, _, _ = buckets.client.request("POST", f"/plain/{key}", query={"uploads": ""})
        assert status == 200
    run(buckets)
    assert buckets.client.get("plain", "odd/a b+c%20d&e=f;g'h(i)*j!k@l$m,n:o").startswith(b"a b+c%20d")
    assert buckets.client.get("plain", "once") == b"third"
    assert len(buckets.client.get("plain", "long one")) == LONG
    # Neither the broken upload's parts, nor those begun long ago.
    assert buckets.client.uploads("plain") == ["left/young"]


def test_a_broken_download_goes_on_where_it_broke(buckets):
    proxy = CuttingProxy(buckets.port, 3_000_000)
    run(buckets, "long_content_goes_in_parts", endpoint=f"http://127.0.0.1:{proxy.port}")
    assert proxy.breaks >= LONG // 3_000_000
    proxy.close()


LISTING = """<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
<IsTruncated>{more}</IsTruncated><NextContinuationToken>{token}</NextContinuationToken>
<Contents><Key>{key}</Key><Size>1</Size><ETag>x</ETag></Contents></ListBucketResult>"""


@pytest.mark.parametrize("answer, words", [
    (LISTING.format(more="true", token="t", key="in/a.csv"), "goes round in circles"),
    (LISTING.replace("{key}", "in/a.csv").replace("{more}", "true"), "goes round in circles"),
    (LISTING.format(more="true", token="", key="in/a.csv"), "breaks off without a token"),
    (LISTING.format(more="false", token="", key="in/a%00b").replace("<Is", "<EncodingType>url</EncodingType><Is"),
     "with a NUL"),
    (LISTING.format(more="false", token="", key="elsewhere/a.csv"), "not asked for"),
    (LISTING.format(more="false", token="", key="in/" + "x" * 1100), "more than 1024 bytes"),
    (LISTING.format(more="false", token="", key="in/a.csv").replace("<Size>1", "<Size>-1"), "without a size"),
    ("<html><body><p>console</body></html>", "XML is broken"),
    ("", "XML is broken"),
])
def test_a_server_that_lists_nonsense_is_not_believed(tmp_path, answer, words):
    tokens = itertools.cycle("abc")

    class Nonsense(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = answer.replace("{token}", next(tokens)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Nonsense) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        project = Project(tmp_path, "127.0.0.1:1", "", "x.")
        project.config["s3"] = {"endpoint": f"http://127.0.0.1:{server.server_address[1]}",
                                "access_key": "a", "secret_key": "b"}
        project.dataset("orders", {"id": "long"}, "*.csv", ["id"])
        failed = project.run("publish", "s3://bucket/in/", code=1)
        server.shutdown()
    assert words in failed.err
