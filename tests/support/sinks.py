# SPDX-License-Identifier: Apache-2.0
"""Where alerts arrive: a webhook, and a mail server with TLS and logins."""
import email
import email.policy
import http.server
import json
import ssl
import subprocess
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


class Webhook:
    """Collects the texts posted to it; answers with `status`."""

    def __init__(self):
        self.texts = []
        self.refused = 0
        self.status = 204
        self.answers = threading.Event()  # cleared: posts are taken, and wait for their answer
        self.answers.set()
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if hook.status == 204:
                    hook.texts.append(body["text"])
                else:
                    hook.refused += 1
                hook.answers.wait()
                try:
                    self.send_response(hook.status)
                    self.end_headers()
                except BrokenPipeError:
                    pass  # who asked is gone

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def lines(self):
        return [line for text in self.texts for line in text.splitlines()]

    def close(self):
        self.answers.set()
        self.server.shutdown()
        self.server.server_close()


def certificate(folder):
    """A self-signed certificate for 127.0.0.1: (certificate, key)."""
    paths = folder / "mail.crt", folder / "mail.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
                    "subjectAltName=IP:127.0.0.1", "-out", paths[0], "-keyout", paths[1]],
                   check=True, capture_output=True)
    return paths


class MailSink:
    """A mail server on 127.0.0.1. `tls`: "starttls", "smtps" or None; `login`: (user, password) to demand."""

    def __init__(self, port, folder, tls=None, login=None):
        self.messages = []
        self.envelopes = []
        self.folder = folder
        sink = self
        context = None
        if tls:
            self.certificate, key = certificate(folder)
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(self.certificate, key)

        class Handler:
            async def handle_DATA(self, _server, _session, envelope):
                sink.envelopes.append(envelope)
                sink.messages.append(email.message_from_bytes(envelope.content,
                                                              policy=email.policy.default))
                return "250 taken"

        def check(_server, _session, _envelope, _mechanism, data):
            good = login is not None and (data.login, data.password) == tuple(p.encode() for p in login)
            return AuthResult(success=good, handled=False)

        options = {"hostname": "127.0.0.1", "port": port, "ready_timeout": 60}
        if login:
            options.update(authenticator=check, auth_required=True,
                           auth_require_tls=tls == "starttls")
        if tls == "smtps":
            options["ssl_context"] = context
        elif tls == "starttls":
            options.update(tls_context=context, require_starttls=True)
        self.controller = Controller(Handler(), **options)
        self.controller.start()

    def close(self):
        self.controller.stop()
