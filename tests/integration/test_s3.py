# SPDX-License-Identifier: Apache-2.0
"""The S3 room against a real server: its own operations, judged by a client of our own in Python."""
import contextlib
import http.server
import itertools
import json
import os
import re
import socket
import subprocess
import threading
import urllib.parse
import xml.sax.saxutils

import pytest

from support import s3_server
from support.http_server import Answer, HttpServer
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


class Lender:
    """Lends credentials as a container's service, a machine's and the security token service do."""

    def __init__(self, folder, first, second=None):
        self.server = HttpServer()
        self.given = [first, second or first]
        (folder / "token").write_text("t0ken/of the pod\n")
        # Another name than the store's, which alone is reached without the proxy that is not there.
        here = self.server.url.replace("127.0.0.1", "localhost")
        proxy = {"http_proxy": "http://127.0.0.1:1", "no_proxy": "127.0.0.1"}
        self.server.route("/keys", self._container)
        self.environments = {
            "container": {"AWS_CONTAINER_CREDENTIALS_FULL_URI": here + "/keys",
                          "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(folder / "token"), **proxy},
            "machine": {"AWS_EC2_METADATA_SERVICE_ENDPOINT": here, "AWS_EC2_METADATA_DISABLED": "false", **proxy},
            "pod": {"AWS_ROLE_ARN": "arn:aws:iam::1:role/a", "AWS_WEB_IDENTITY_TOKEN_FILE": str(folder / "token"),
                    "AWS_ENDPOINT_URL_STS": self.server.route("/sts", self._service)},
        }
        self.server.route("/latest/api/token", self._token)
        role = "/latest/meta-data/iam/security-credentials/"
        self.server.route(role, lambda request: self._if(request, b"its role\n"))
        self.server.route(role + "its%20role", lambda request: self._if(request, self._json()))

    def _next(self):
        return self.given.pop(0) if len(self.given) > 1 else self.given[0]

    def _json(self):
        key, secret, token, expires = self._next()
        return json.dumps({"Code": "Success", "AccessKeyId": key, "SecretAccessKey": secret, "Token": token,
                           "Expiration": expires}).encode()

    def _container(self, request):
        good = request.headers.get("authorization") == "t0ken/of the pod"
        return Answer(body=self._json()) if good else Answer(403, b"who asks?")

    @staticmethod
    def _token(request):
        good = request.method == "PUT" and request.headers["x-aws-ec2-metadata-token-ttl-seconds"] == "21600"
        return Answer(body=b"v2") if good else Answer(400)

    @staticmethod
    def _if(request, body):
        return Answer(body=body) if request.headers.get("x-aws-ec2-metadata-token") == "v2" else Answer(401)

    def _service(self, request):
        assert dict(urllib.parse.parse_qsl(request.body.decode())) == {
            "Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": "arn:aws:iam::1:role/a",
            "RoleSessionName": "penstock", "WebIdentityToken": "t0ken/of the pod"}
        key, secret, token, expires = (xml.sax.saxutils.escape(text) for text in self._next())
        return f"""<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
            <AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>{key}</AccessKeyId>
            <SecretAccessKey>{secret}</SecretAccessKey><SessionToken>{token}</SessionToken>
            <Expiration>{expires}</Expiration></Credentials></AssumeRoleWithWebIdentityResult>
            </AssumeRoleWithWebIdentityResponse>""".encode()

    def close(self):
        self.server.close()


@pytest.fixture
def borrower(tmp_path):
    """A project with a bucket as its source, and no credentials of its own."""
    project = Project(tmp_path, "127.0.0.1:1", "", "x.")
    project.dataset("orders", {"id": "long"}, "*.csv", ["id"])
    project.environment["HOME"] = str(tmp_path)
    yield project
    project.close()


@pytest.mark.parametrize("kind", ["container", "machine", "pod"])
def test_a_role_is_enough(s3, borrower, kind):
    """A real server believes what the signatures are made with."""
    bucket = f"lent-{kind}"
    s3.client.make_bucket(bucket)
    s3.client.put(bucket, "in/a.csv", b"id\n1\n")
    lender = Lender(borrower.folder, (s3_server.ACCESS_KEY, s3_server.SECRET_KEY, "", "2099-01-01T00:00:00Z"))
    borrower.config["s3"] = {"endpoint": s3.endpoint}
    borrower.config["sources"] = {"landing": {"url": f"s3://{bucket}/in/"}}
    borrower.write()
    assert borrower.json("fetch", env=lender.environments[kind])[0]["files"] == 1
    lender.close()


@pytest.mark.parametrize("kind", ["container", "machine", "pod"])
def test_what_is_lent_is_renewed_before_it_runs_out(borrower, kind):
    server = HttpServer()
    lender = Lender(borrower.folder, ("FIRST", "s1", "token-1", "2020-01-01T00:00:00Z"),
                    ("SECOND", "s2", "token-2", "2099-01-01T00:00:00Z"))
    server.route("/bucket", lambda request: Answer(403, b"<Error><Code>AccessDenied</Code></Error>"))
    borrower.config["s3"] = {"endpoint": server.url}
    borrower.config["sources"] = {"landing": {"url": "s3://bucket/in/"}}
    borrower.write()
    error = borrower.json("fetch", code=1, env=lender.environments[kind])[0]["error"]
    assert "AccessDenied" in error
    asked = server.asked("/bucket")[0].headers
    assert "Credential=SECOND/" in asked["authorization"] and asked["x-amz-security-token"] == "token-2"
    assert "x-amz-security-token" in re.search("SignedHeaders=([^,]*)", asked["authorization"]).group(1)
    assert not re.search("token-|t0ken|FIRST|SECOND", error)
    lender.close()
    server.close()


def test_who_lends_nothing_is_named(borrower):
    server = HttpServer()
    url = server.route("/keys", lambda request: Answer(403, b"no\nsuch task"))
    borrower.config["sources"] = {"landing": {"url": "s3://bucket/in/"}}
    borrower.write()

    def error(**environment):
        return borrower.json("fetch", code=1, env=environment)[0]["error"]

    assert error(AWS_CONTAINER_CREDENTIALS_FULL_URI=url) == (
        f"asking for credentials: {server.url}: HTTP status 403: no such task")
    server.route("/keys", lambda request: b"{}")
    assert "holds none" in error(AWS_CONTAINER_CREDENTIALS_FULL_URI=url)
    assert "/nowhere" in error(AWS_ROLE_ARN="a", AWS_WEB_IDENTITY_TOKEN_FILE="/nowhere")
    # A machine without a role, and what is no metadata service at all.
    server.route("/latest/api/token", lambda request: b"v2")
    for base in (server.url, server.url + "/else"):
        assert "no S3 credentials" in error(AWS_EC2_METADATA_SERVICE_ENDPOINT=base, AWS_EC2_METADATA_DISABLED="false")
    server.close()
