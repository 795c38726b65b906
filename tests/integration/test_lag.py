# SPDX-License-Identifier: Apache-2.0
"""lag, status, rejects and the monitor on a real Kafka; Kafka's own tool is the oracle for offsets."""
import json
import re
import urllib.error
import urllib.request

import pytest

from support.kafka_server import KafkaServer
from support.wait import wait_until


@pytest.fixture
def orders(project, kafka, unique):
    """A dataset whose topic has six messages in partition 1, two of them read by the group."""
    project.dataset("orders", {"order_id": "long"}, "orders*.csv", ["order_id"])
    topic, group = f"{unique}.orders", unique
    kafka.create_topic(topic, partitions=3)
    kafka.kcat("-P", "-t", topic, "-p", "1", input=b"1\n2\n3\n4\n5\n6\n")
    kafka.kcat("-G", group, "-c", "2", "-q", topic, "-X", "auto.offset.reset=earliest")
    return project


def test_lag_is_what_kafka_says(orders, kafka, unique):
    expected = kafka.group_lag(unique)
    rows = orders.json("lag")
    assert [(row["topic"], row["partition"]) for row in rows] == [(f"{unique}.orders", p) for p in range(3)]
    for row in rows:
        committed, end = expected.get((row["topic"], row["partition"]), (None, 0))
        assert (row["committed"], row["end"]) == (committed, end)
        assert row["lag"] == end - (committed or 0)
        assert list(row) == ["topic", "partition", "group", "committed", "end", "lag", "rows_estimate",
                             "seconds_to_drain", "oldest_seconds"]
    assert rows[1]["lag"] == 4
    assert 0 <= rows[1]["oldest_seconds"] < 120
    assert rows[0]["oldest_seconds"] is None
    table = orders.run("lag").out.splitlines()
    assert len(table) >= 4 and "lag" in table[0]


def test_lag_without_topics_advises_init(project, kafka):
    project.dataset("nothing", {"id": "long"}, "n*.csv", ["id"])
    result = project.run("lag", code=1)
    assert "penstock init" in result.err


def test_lag_on_a_cluster_without_coordinator_yet(project):
    """Asking for the first committed offset makes Kafka create the topic they live in; its partitions load for a while."""
    project.dataset("orders", {"order_id": "long"}, "orders*.csv", ["order_id"])
    server = KafkaServer(settings={"offsets.topic.num.partitions": 50})
    try:
        project.config["kafka"]["bootstrap.servers"] = server.start().bootstrap
        project.write()
        server.create_topic(f"{project.prefix}orders")
        codes = []

        def answered():
            codes.append(project.run("lag", code=None).code)
            return codes[-1] == 0

        wait_until(answered, 60, "lag is told")
        assert set(codes) <= {0, 1}, codes
    finally:
        server.close()


def get(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_the_monitor_serves_what_the_commands_print(orders, kafka, unique):
    service = orders.start("monitor", "--listen", "127.0.0.1:0")
    port = int(wait_until(lambda: re.search(r"port=(\d+)", service.log.read_text()),
                          what="the monitor listens").group(1))
    status, body = wait_until(lambda: (lambda got: got if got[0] == 200 else None)(get(port, "/api/lag")))
    assert [row["lag"] for row in json.loads(body)] == [0, 4, 0]
    status, body = get(port, "/metrics")
    assert status == 200
    assert (f'kafka_consumergroup_lag{{consumergroup="{unique}",topic="{unique}.orders",'
            f'partition="1"}} 4\n') in body
    assert "penstock_kafka_up 1\n" in body
    assert get(port, "/livez")[0] == 200
    page = get(port, "/")[1]
    assert "<title>penstock</title>" in page and '<html lang="en">' in page
    assert not re.search(r"\b(src|href)=|https?:|@import|innerHTML", page), "nothing from elsewhere, nothing unescaped"
    assert get(port, "/nothing")[0] == 404
    # The ledger is not there yet: status and readiness say so, lag goes on.
    status, body = get(port, "/readyz")
    assert status == 503 and "ledger" in body
    kafka.kcat("-P", "-t", f"{unique}.orders", "-p", "0", input=b"7\n")
    wait_until(lambda: [row["lag"] for row in json.loads(get(port, "/api/lag")[1])] == [1, 4, 0])
    assert service.stop() in (0, 143)
