# SPDX-License-Identifier: Apache-2.0
"""README's tour, followed word for word: its commands are run, its output is compared."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest

from support.penstock import Project, binary
from support.wait import wait_until

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"
VARYING = [  # what differs from run to run
    (r"\d{4}-\d\d-\d\dT[\d:]+Z", "TIME"), (r"\d{19}", "FILE"), (r"\d+\.\d s", "SECONDS"),
    (r"stay in \S+", "FOLDER"), (r"\s+", " "),
]


def steps():
    """[(commands, expected lines)] of the section."""
    section = README.read_text().split("\n## A tour of five minutes\n")[1].split("\n## ")[0]
    found = []
    for kind, body in re.findall(r"^```(sh|text)\n(.*?)^```$", section, re.M | re.S):
        if kind == "sh":
            found.append((body, []))
        else:
            found[-1][1].extend(body.splitlines())
    return found


def steady(line):
    for pattern, word in VARYING:
        line = re.sub(pattern, word, line.strip())
    return line


@pytest.fixture
def tour():
    """An empty folder of that name, which the unprivileged Postgres reaches."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="penstock-tour-"))
    folder.chmod(0o755)
    project = Project(folder, "", "", "penstock.")
    for left in folder.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    yield project
    project.close()
    print(project.logs())
    shutil.rmtree(folder, ignore_errors=True)


def run(tour, commands):
    environment = {**os.environ, "PATH": f"{binary().parent}:{os.environ['PATH']}", "PAGER": "cat"}
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", commands], cwd=tour.folder, env=environment, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    assert done.returncode == 0, f"{commands}\n{done.stdout}"
    return done.stdout


def test_the_tour(tour):
    dev = None
    for commands, expected in steps():
        out = ""
        if commands == "penstock dev\n":
            if dev:
                assert dev.stop() == 0
            dev = tour.start("dev")
            wait_until(lambda: "penstock dev is ready" in dev.output(), 60, "dev is ready")
        else:
            out = run(tour, commands)
        for line in expected:
            wait_until(lambda: steady(line) in map(steady, (out + (dev.output() if dev else "")).splitlines()), 60,
                       f"after\n{commands}\nthe line\n{steady(line)}\nin\n{out}")
    assert len(steps()) > 10 and dev.stop() == 0
