# SPDX-License-Identifier: Apache-2.0
"""What tests need from package registries, each made once below .cache, before the tests that use it (setup.* in ctest)."""
import fcntl
import hashlib
import pathlib
import shutil
import subprocess
import time
import venv

CACHE = pathlib.Path(__file__).resolve().parents[2] / ".cache"
PAUSES = (5, 15, 45)  # seconds before it is tried again


def fetch(command, **options):
    """A command that needs the network; what fails is tried again, for networks have bad minutes."""
    for pause in (*PAUSES, None):
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, **options)
        if done.returncode == 0:
            return
        assert pause, f"{command} failed:\n{done.stdout}"
        time.sleep(pause)


def once(name, wanted, make):
    """Calls make(a fresh folder) unless .cache/<name> was made by this recipe already; whoever comes second waits."""
    folder = CACHE / f"{name}-{hashlib.sha256(wanted.encode()).hexdigest()[:12]}"
    CACHE.mkdir(exist_ok=True)
    with open(CACHE / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / ".complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            (folder / ".complete").touch()
    return folder


def environment(name, *packages, dependencies=True):
    """The bin folder of an environment with exactly these packages from PyPI ("dbt-core==1.9.4")."""
    def make(folder):
        venv.create(folder, with_pip=True, symlinks=True)
        fetch([folder / "bin" / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check",
               *([] if dependencies else ["--no-deps"]), *packages])
    return once(name, " ".join(packages), make) / "bin"


def dbt():
    return environment("dbt", "dbt-core==1.9.4", "dbt-postgres==1.9.0")


def clickhouse():
    """ClickHouse's own engine as a library."""
    return environment("clickhouse", "chdb-core==26.9.0", dependencies=False)


if __name__ == "__main__":
    dbt()
    clickhouse()
