# SPDX-License-Identifier: Apache-2.0
"""Programs from PyPI that tests need, each in an environment of its own below .cache, made once."""
import fcntl
import hashlib
import pathlib
import shutil
import subprocess
import venv

CACHE = pathlib.Path(__file__).resolve().parents[2] / ".cache"
PATIENCE = 300


def environment(name, *packages, dependencies=True):
    """The bin folder of an environment with exactly these packages ("dbt-core==1.9.4")."""
    wanted = hashlib.sha256(" ".join(packages).encode()).hexdigest()[:12]
    folder = CACHE / f"{name}-{wanted}"
    CACHE.mkdir(exist_ok=True)
    with open(CACHE / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            making = CACHE / f"{name}-{wanted}.new"
            shutil.rmtree(making, ignore_errors=True)
            # Made beside its place, so that half of one is never taken for whole; scripts name where they are.
            venv.create(making, with_pip=True, symlinks=True)
            subprocess.run([making / "bin" / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check",
                            *([] if dependencies else ["--no-deps"]), *packages], check=True, timeout=PATIENCE)
            for script in (making / "bin").iterdir():
                if script.is_file() and not script.is_symlink():
                    text = script.read_bytes()
                    if text.startswith(b"#!"):
                        script.write_bytes(text.replace(str(making).encode(), str(folder).encode()))
            making.rename(folder)
    return folder / "bin"
