# SPDX-License-Identifier: Apache-2.0
"""The program under test: a project folder with a configuration, commands that end, services that run."""
import json
import os
import pathlib
import signal
import subprocess

import yaml

from .process import die_with_parent, end, tail

# What the machine's own settings must not add to a test.
UNSET = [name for name in os.environ if name.startswith(("PG", "KAFKA_", "DATABASE_URL", "AWS_"))]


def binary():
    """The program ctest built; PENSTOCK names it."""
    path = pathlib.Path(os.environ.get("PENSTOCK", ""))
    assert path.is_file(), "PENSTOCK must name the built program, as ctest sets it"
    return path.resolve()


class Result:
    """A command that ended: exit code, output, and its --json."""

    def __init__(self, arguments, code, out, err):
        self.arguments = arguments
        self.code = code
        self.out = out
        self.err = err

    def __repr__(self):
        return (f"penstock {' '.join(self.arguments)} -> {self.code}\n"
                f"--- stdout\n{self.out}\n--- stderr\n{self.err}")

    def json(self):
        return json.loads(self.out)


class Service:
    """A running service; its log is in the project's folder."""

    def __init__(self, process, name, log):
        self.process = process
        self.name = name
        self.log = log

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process.poll() is None

    def stop(self, timeout=60):
        """SIGTERM; the exit code."""
        end(self.process, signal.SIGTERM, timeout)
        return self.process.returncode

    def kill(self):
        """SIGKILL, at once."""
        end(self.process, signal.SIGKILL)

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def wait(self, timeout=90):
        """The exit code of a service that ends by itself."""
        return self.process.wait(timeout)

    def output(self):
        return pathlib.Path(self.log).read_text(errors="replace")


class Project:
    """A folder with penstock.yml, schemas/, an inbox and an archive."""

    def __init__(self, folder, bootstrap, conninfo, prefix):
        self.folder = pathlib.Path(folder)
        self.prefix = prefix
        self.services = []
        self.program = None  # what to run instead of binary(), with its arguments
        self.environment = {k: v for k, v in os.environ.items() if k not in UNSET}
        self.environment["AWS_EC2_METADATA_DISABLED"] = "true"
        self.config = {
            "kafka": {"bootstrap.servers": bootstrap, "group.id": prefix.rstrip(".") or "penstock"},
            "postgres": conninfo,
            "inbox": "inbox",
            "archive": "archive",
            "topics": {"prefix": prefix, "partitions": 4, "replication": 1},
            "datasets": {},
        }
        for name in ("inbox", "archive", "schemas", "sql"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    def dataset(self, name, fields, files, key, table=None, **settings):
        """Adds a dataset. `fields`: {"id": "long", "name": ["null", "string"]} or full Avro fields."""
        if isinstance(fields, dict):
            fields = [{"name": field, "type": kind, **({"default": None} if isinstance(kind, list)
                       and kind[0] == "null" else {})} for field, kind in fields.items()]
        schema = self.folder / "schemas" / f"{name}.avsc"
        schema.write_text(json.dumps({"type": "record", "name": name, "fields": fields}, indent=2))
        self.config["datasets"][name] = {
            "schema": f"schemas/{name}.avsc", "files": files if isinstance(files, list) else [files],
            "table": table or f"raw.{name}", "key": key, **settings}
        return self.write()

    def write(self):
        """penstock.yml as `config` says by now."""
        with open(self.folder / "penstock.yml", "w") as file:
            yaml.safe_dump(self.config, file, sort_keys=False)
        return self

    def file(self, name, content):
        """A file beside the project, for publish."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def drop(self, name, content):
        """A file moved whole into the inbox."""
        staged = self.file(f".staged-{os.path.basename(name)}", content)
        target = self.folder / "inbox" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(staged, target)
        return target

    def run(self, *arguments, code=0, timeout=120, stdin=None, env=None):
        """A command that ends. `code`: the exit code expected (None: any); anything else fails with its output."""
        arguments = [str(argument) for argument in arguments]
        try:
            done = subprocess.run(
                [*(self.program or [str(binary())]), "-C", str(self.folder), *arguments], input=stdin,
                stdin=None if stdin is not None else subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, timeout=timeout, env={**self.environment, **(env or {})},
                text=True, errors="replace", preexec_fn=die_with_parent())
        except subprocess.TimeoutExpired as late:
            raise AssertionError(f"penstock {' '.join(arguments)} did not end within {timeout} s\n"
                                 f"{late.stdout!r}\n{late.stderr!r}") from None
        result = Result(arguments, done.returncode, done.stdout, done.stderr)
        assert code is None or result.code == code, f"exit code {code} expected of {result!r}"
        return result

    def json(self, *arguments, **options):
        """What the command prints with --json."""
        return self.run(*arguments, "--json", **options).json()

    def start(self, *arguments, env=None):
        """A service, in the background; ended with the test."""
        arguments = [str(argument) for argument in arguments]
        log = self.folder / f"{arguments[0]}-{len(self.services)}.log"
        with open(log, "wb") as out:
            process = subprocess.Popen(
                [*(self.program or [str(binary())]), "-C", str(self.folder), *arguments], stdin=subprocess.DEVNULL,
                stdout=out, stderr=out, env={**self.environment, **(env or {})},
                preexec_fn=die_with_parent())
        service = Service(process, arguments[0], log)
        self.services.append(service)
        return service

    def close(self):
        """Kills what still runs; a test that cares how a service ends stops it itself."""
        for service in self.services:
            service.kill()

    def logs(self):
        return "\n".join(f"--- {service.log.name} (exit {service.process.poll()})\n{tail(service.log)}"
                         for service in self.services)
