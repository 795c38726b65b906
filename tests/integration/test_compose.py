# SPDX-License-Identifier: Apache-2.0
"""deploy/ and docker-compose.yml: what docker-compose understands, and what must hold in it."""
import os
import pathlib
import shutil
import stat
import subprocess

import pytest
import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
OURS = {"init", "producer", "worker", "scheduler", "monitor"}


@pytest.fixture(scope="module")
def composed(tmp_path_factory):
    """The configuration as docker-compose resolves it, with secrets generated the way `make start` does."""
    folder = tmp_path_factory.mktemp("compose")
    shutil.copy(TOP / "docker-compose.yml", folder)
    (folder / "deploy").mkdir()
    subprocess.run([TOP / "deploy" / "make-secrets", folder / "deploy" / "secrets"], check=True)
    done = subprocess.run(["docker-compose", "config"], cwd=folder, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr
    config = yaml.safe_load(done.stdout)
    for secret in config["secrets"].values():
        assert pathlib.Path(secret["file"]).read_text().strip(), "a secret without a value"
    return config


def test_every_service_is_there(composed):
    assert OURS | {"kafka", "postgres"} == set(composed["services"])


def test_images_are_pinned(composed):
    images = {name: composed["services"][name]["image"] for name in ("kafka", "postgres")}
    pom = (TOP / "tests" / "support" / "kafka" / "pom.xml").read_text()
    assert images["kafka"].startswith("apache/kafka:")
    assert f"<version>{images['kafka'].split(':')[1]}</version>" in pom, "not the Kafka the tests run against"
    assert images["postgres"] == "postgres:15-bookworm"


def test_only_loopback_is_exposed(composed):
    published = {}
    for name, service in composed["services"].items():
        assert service.get("network_mode") is None and set(service["networks"]) == {"penstock"}
        for port in service.get("ports", []):
            published[name] = port if isinstance(port, str) else f"{port['host_ip']}:{port['published']}"
    assert set(published) == {"postgres", "monitor"}
    assert all(port.startswith("127.0.0.1:") for port in published.values()), published


def test_our_services_are_confined(composed):
    for name in OURS:
        service = composed["services"][name]
        assert service["read_only"] and service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
        # Copies on their way to a bucket need a place; a volume of the image's is writable all the same.
        assert "\nVOLUME /var/tmp\n" in (TOP / "deploy" / "Dockerfile").read_text()
        assert "container_name" not in service, "a name would keep it from being scaled"


def test_services_wait_for_init(composed):
    for name in OURS - {"init"}:
        assert composed["services"][name]["depends_on"] == {"init": {"condition": "service_completed_successfully"}}


def test_no_secret_is_in_the_configuration(composed):
    text = yaml.safe_dump(composed)
    for secret in composed["secrets"].values():
        assert pathlib.Path(secret["file"]).read_text().strip() not in text
    assert "/deploy/secrets/" in (TOP / ".gitignore").read_text().splitlines()
    assert "deploy/secrets" in (TOP / ".dockerignore").read_text().splitlines()


def test_secrets_are_made_once_and_for_the_owner(tmp_path):
    folder = tmp_path / "secrets"
    made = []
    for _ in range(2):
        subprocess.run([TOP / "deploy" / "make-secrets", folder], check=True, stdout=subprocess.DEVNULL)
        made.append((folder / "postgres_password").read_text())
    assert made[0] == made[1] and len(made[0]) == 48 and set(made[0]) <= set("0123456789abcdef")
    assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700


def test_the_image_runs_the_example(composed):
    deployed = yaml.safe_load((TOP / "deploy" / "penstock.yml").read_text())
    example = yaml.safe_load((TOP / "examples" / "world" / "penstock.yml").read_text())
    assert deployed["datasets"] == example["datasets"]
    mounts = {volume.split(":")[1] for name in OURS for volume in composed["services"][name].get("volumes", [])}
    assert {deployed["inbox"], deployed["archive"], deployed["reports"]["output"]} == mounts


def copied():
    """What the Dockerfile takes from the tree."""
    for line in (TOP / "deploy" / "Dockerfile").read_text().splitlines():
        words = line.split()
        if words[:1] == ["COPY"] and not words[1].startswith("--"):
            yield from words[1:-1]


def test_the_dockerfile_copies_what_exists():
    ignored = (TOP / ".dockerignore").read_text().splitlines()
    for source in copied():
        assert (TOP / source).exists() and source.split("/")[0] not in ignored, source


def test_what_the_image_copies_is_enough_to_configure_its_build(tmp_path):
    """Without the tests and what they need."""
    for source in copied():
        target = tmp_path / "tree" / source
        if (TOP / source).is_dir():
            shutil.copytree(TOP / source, target, dirs_exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TOP / source, target)
    done = subprocess.run(["cmake", "-G", "Ninja", "-S", tmp_path / "tree", "-B", tmp_path / "build",
                           "-DBUILD_TESTING=OFF"],
                          text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    needed = subprocess.run(["ninja", "-C", tmp_path / "build", "-t", "inputs", "penstock"], text=True, check=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout
    assert "common/base/err.c" in needed and "cmocka" not in needed and "tests/" not in needed
