# SPDX-License-Identifier: Apache-2.0
"""Child processes that never outlive the test run."""
import ctypes
import os
import pathlib
import pwd
import random
import signal
import socket
import subprocess

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_claims = []


def die_with_parent(with_signal=signal.SIGKILL):
    """A preexec_fn: the kernel sends `with_signal` to the child when the test run dies."""
    def set_it():
        _libc.prctl(PR_SET_PDEATHSIG, int(with_signal), 0, 0, 0)
    return set_it


def claim(port):
    """Makes the port this process's among all tests that run now, also while nothing listens on it: the claim is a
    socket name, which the kernel gives up with the process."""
    claimed = socket.socket(socket.AF_UNIX)
    try:
        claimed.bind(f"\0penstock-test-port-{port}")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
    except OSError:
        claimed.close()
        return False
    _claims.append(claimed)
    return True


def free_port():
    """A TCP port of 127.0.0.1 nobody listens on, below the range outgoing connections take theirs from."""
    low = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    first = max(low - 12000, 1024)
    ports = list(range(first, max(low, first + 1000)))
    random.shuffle(ports)
    found = next((port for port in ports if claim(port)), None)
    assert found, "no free port on 127.0.0.1"
    return found


def unprivileged_user():
    """The account servers run as when the tests run as root; None when they do not."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise AssertionError("running as root, and neither postgres nor nobody exists to run Postgres as")


def end(process, with_signal=signal.SIGTERM, timeout=60):
    """Signals the process and waits; one that does not end in time is killed, and that is a failure."""
    if process is None or process.poll() is not None:
        return
    process.send_signal(with_signal)
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise AssertionError(f"{process.args[0]} did not end within {timeout} s of {with_signal!r}") from None


def tail(path, lines=40):
    """The end of a log, for failure messages."""
    path = pathlib.Path(path)
    if not path.exists():
        return f"({path} does not exist)"
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
