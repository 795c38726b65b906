# SPDX-License-Identifier: Apache-2.0
"""Fixtures: the servers once a file; a database, a topic prefix and a project folder once a test."""
import re
import uuid

import pytest

from .kafka_server import KafkaServer
from .penstock import Project
from .postgres_server import PostgresServer
from .s3_server import S3Server


@pytest.fixture(scope="session")
def kafka():
    server = KafkaServer()
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture(scope="session")
def postgres():
    server = PostgresServer()
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture(scope="session")
def s3():
    server = S3Server()
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture
def unique(request):
    """A word no other test has: what databases, topics and groups are named after."""
    name = re.sub(r"[^a-z0-9]+", "_", request.node.name.lower()).strip("_")[:30]
    return f"{name}_{uuid.uuid4().hex[:6]}"


@pytest.fixture
def database(postgres, unique):
    database = postgres.create_database(unique)
    yield database
    database.close()
    if postgres.process is not None:
        postgres.drop_database(unique)


@pytest.fixture
def project(request, kafka, database, unique, tmp_path):
    """A project on the real servers; when the test fails, the ends of its services' logs are shown."""
    project = Project(tmp_path, kafka.bootstrap, database.conninfo, f"{unique}.")
    yield project.write()
    project.close()
    outcome = getattr(request.node, "call_outcome", None)
    if outcome is None or outcome.failed:
        print(project.logs())
