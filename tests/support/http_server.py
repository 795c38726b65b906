# SPDX-License-Identifier: Apache-2.0
"""A web server that does what the test says and remembers what it was asked."""
import dataclasses
import http.server
import ssl
import subprocess
import threading
import time
import urllib.parse


@dataclasses.dataclass
class Answer:
    """One answer. `length`: what Content-Length claims; `hold`: an event that is waited for in the middle of the body."""
    status: int = 200
    body: bytes = b""
    headers: dict = dataclasses.field(default_factory=dict)
    length: int = None
    hold: threading.Event = None


@dataclasses.dataclass
class Request:
    method: str
    path: str
    query: dict
    headers: dict
    at: float
    body: bytes = b""


class HttpServer:
    """`route(path, function)`: the function gets each Request of that path and returns an Answer, or bytes."""

    def __init__(self, certificate=None):
        self.routes = {}
        self.requests = []
        self.lock = threading.Lock()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.chain, certificate.key)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            self.scheme = "https"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.server.server_port}"

    def route(self, path, function):
        self.routes[path] = function
        return f"{self.url}{path}"

    def asked(self, path):
        with self.lock:
            return [request for request in self.requests if request.path == path]

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def _answer(self, request):
        with self.lock:
            self.requests.append(request)
        function = self.routes.get(request.path)
        answer = function(request) if function else Answer(404, b"no such page")
        return answer if isinstance(answer, Answer) else Answer(body=answer)

    def _handler(server):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                parts = urllib.parse.urlsplit(self.path)
                answer = server._answer(Request(
                    self.command, parts.path, dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True)),
                    {name.lower(): value for name, value in self.headers.items()}, time.monotonic(),
                    self.rfile.read(int(self.headers.get("Content-Length", 0)))))
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body) if answer.length is None else answer.length))
                self.end_headers()
                half = len(answer.body) // 2 if answer.hold else len(answer.body)
                try:
                    self.wfile.write(answer.body[:half])
                    self.wfile.flush()
                    if answer.hold:
                        answer.hold.wait(60)
                        self.wfile.write(answer.body[half:])
                except OSError:
                    pass
                self.close_connection = answer.length is not None

            do_POST = do_PUT = do_GET

            def log_message(self, *arguments):
                pass

        return Handler


@dataclasses.dataclass
class Certificate:
    chain: str
    key: str


def make_certificate(folder):
    """A certificate for 127.0.0.1 that is its own authority."""
    chain, key = str(folder / "ca.pem"), str(folder / "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", chain],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return Certificate(chain, key)
