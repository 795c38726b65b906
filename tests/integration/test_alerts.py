# SPDX-License-Identifier: Apache-2.0
"""Alerts: told once when something begins, once when it ends, by webhook and mail, whatever crashes."""
import os

import pytest

from support.process import free_port
from support.sinks import MailSink, Webhook
from support.wait import wait_until


@pytest.fixture
def hook():
    hook = Webhook()
    yield hook
    hook.close()


@pytest.fixture
def watched(project, hook):
    """A project with one dataset, an initialized ledger and a webhook."""
    project.config["monitor"] = {"listen": f"127.0.0.1:{free_port()}"}
    project.config["alerts"] = {"webhook": hook.url}
    project.dataset("orders", {"id": "long", "what": "string"}, "orders*.csv", ["id"])
    project.run("init")
    return project


def mail(project, port, **settings):
    project.config["alerts"]["mail"] = {
        "server": f"smtp://127.0.0.1:{port}", "from": "penstock@example.org",
        "to": ["ops@example.org", "data@example.org"], **settings}
    project.write()


def quarantine(database, file_id, name):
    database.execute("INSERT INTO penstock.file (dataset, file_id, sha256, name, state, reason) "
                 "VALUES ('orders', %s, %s, %s, 'quarantined', 'column x is unknown')",
                 (file_id, f"{file_id:064x}", name))


def heals(database, file_id):
    database.execute("UPDATE penstock.file SET state = 'retracted' WHERE file_id = %s", (file_id,))


def test_told_once_when_raised_and_once_when_cleared(watched, database, hook):
    watched.start("monitor")
    quarantine(database, 1, "orders-ü.csv")
    wait_until(lambda: hook.lines())
    assert hook.lines()[0].startswith(
        "ALERT quarantine: orders-ü.csv of dataset orders is quarantined: column x is unknown (20")
    quarantine(database, 2, "orders-2.csv")
    wait_until(lambda: len(hook.lines()) == 2)
    open_alerts = watched.json("status")["alerts"]
    assert [alert["kind"] for alert in open_alerts] == ["quarantine", "quarantine"]
    heals(database, 1)
    wait_until(lambda: len(hook.lines()) == 3)
    assert hook.lines()[2].startswith("cleared quarantine: orders-ü.csv")
    assert len(watched.json("status")["alerts"]) == 1


def test_texts_of_any_length_and_content_are_told(watched, database, hook):
    for i in range(60):
        quarantine(database, i, f"{i}\nALERT \x01\"\\é" * 3000)
    watched.start("monitor")
    wait_until(lambda: hook.lines())
    lines = hook.lines()
    assert len(lines) == 51 and lines[-1] == "and 10 more: penstock status"
    assert lines[0].startswith('ALERT quarantine: 0 ALERT ?"\\é0 ALERT ?') and "... (20" in lines[0]
    wait_until(lambda: database.value("SELECT sent_to FROM penstock.alert_channel") == 60)


def kill_when_noted(monitor, database):
    """Killed between telling something and noting that it was told, it would be told again."""
    wait_until(lambda: database.value("SELECT sent_to = (SELECT max(event_id) FROM penstock.alert_event) "
                                      "FROM penstock.alert_channel WHERE channel = 'webhook'"))
    monitor.kill()


def test_two_monitors_and_a_crash_tell_it_once(watched, database, hook):
    other = f"127.0.0.1:{free_port()}"
    first = watched.start("monitor")
    watched.start("monitor", "--listen", other)
    for i in range(3, 13):
        quarantine(database, i, f"orders-{i}.csv")
    wait_until(lambda: len(hook.lines()) >= 10)
    kill_when_noted(first, database)
    heals(database, 3)
    wait_until(lambda: any(line.startswith("cleared") for line in hook.lines()), timeout=60)
    raised = [line for line in hook.lines() if line.startswith("ALERT")]
    assert len(raised) == len(set(raised)) == 10
    assert len(hook.lines()) == 11


def test_what_was_told_and_not_noted_is_told_again(watched, database, hook):
    hook.answers.clear()
    monitor = watched.start("monitor")
    quarantine(database, 14, "orders-14.csv")
    wait_until(lambda: hook.lines())
    monitor.kill()
    hook.answers.set()
    watched.start("monitor")
    wait_until(lambda: len(hook.lines()) == 2)
    wait_until(lambda: database.value("SELECT sent_to FROM penstock.alert_channel") == 1)
    heals(database, 14)
    wait_until(lambda: len(hook.lines()) == 3)
    assert [line.split(" ")[0] for line in hook.lines()] == ["ALERT", "ALERT", "cleared"]


def test_what_the_webhook_missed_is_told_when_it_is_back(watched, database, hook):
    hook.status = 503
    watched.start("monitor")
    quarantine(database, 60, "orders-20.csv")
    wait_until(lambda: hook.refused)
    wait_until(lambda: "503" in (database.value(
        "SELECT error FROM penstock.alert_channel WHERE channel = 'webhook'") or ""))
    hook.status = 204
    database.execute("UPDATE penstock.alert_channel SET due_at = now()")
    wait_until(lambda: len(hook.lines()) == 1)


def test_every_condition_of_the_ledger(watched, database, hook):
    watched.config["datasets"]["orders"]["stale_after"] = "500ms"
    watched.write()
    database.execute("INSERT INTO penstock.dead_letter (topic, partition, \"offset\", dataset, stage, "
                 "reason, worker) VALUES ('t', 0, 7, 'orders', 'chunk', 'wrong CRC', 'w')")
    database.execute("INSERT INTO penstock.worker (worker, state, stopped, paused) VALUES "
                     "('w', 'paused', ARRAY['orders: no table'], '{}'), ('x', 'paused', ARRAY['orders: no table'], '{}'), "
                     "('y', 'paused', '{}', ARRAY['returns: no such customer'])")
    database.execute("INSERT INTO penstock.run (trigger, state, generation, error) "
                 "VALUES ('load', 'failed', 1, 'division by zero')")
    database.execute("INSERT INTO penstock.current_check VALUES ('unique_x'); "
                 "INSERT INTO penstock.check_result (run_id, name, kind, model, severity, state, "
                 "failures, message) SELECT run_id, 'unique_x', 'unique', 'marts.x', 'error', "
                 "'fail', 3, '3 rows' FROM penstock.run")
    watched.start("monitor")

    def kinds(word):
        return sorted(line.split(" ")[1].rstrip(":") for line in hook.lines() if line.startswith(word))

    every = ["dead_letter", "failed_check", "failed_run", "paused_dataset", "stale_dataset", "stopped_dataset"]
    wait_until(lambda: kinds("ALERT") == every)
    text = "\n".join(hook.lines())
    assert "1 dead letter of dataset orders: wrong CRC" in text
    assert "workers have stopped dataset orders: no table" in text
    assert "workers try in vain to load dataset returns: no such customer" in text
    assert "failed, old results are kept: division by zero" in text
    assert "check unique_x failed: 3 rows" in text
    assert "dataset orders: no file became complete since" in text
    database.execute("UPDATE penstock.dead_letter SET replayed_at = now()")
    database.execute("UPDATE penstock.worker SET state = 'stopped'")
    database.execute("INSERT INTO penstock.run (trigger, state, generation) VALUES ('load', 'published', 1)")
    database.execute("INSERT INTO penstock.check_result (run_id, name, kind, model, severity, state) "
                 "SELECT max(run_id), 'unique_x', 'unique', 'marts.x', 'error', 'pass' FROM penstock.run")
    database.execute("INSERT INTO penstock.file (dataset, file_id, sha256, name, state, complete_at) "
                 "VALUES ('orders', 1, 'x', 'a', 'complete', now() + interval '1 hour')")
    wait_until(lambda: kinds("cleared") == every)


def test_what_waits_too_long_in_kafka_and_in_the_inbox(watched, hook):
    watched.config["alerts"].update(lag="1s", stale_file="1s")
    watched.write()
    watched.run("publish", watched.file("orders-1.csv", "id,what\n1,a\n"))
    left = watched.drop("notes.pdf", "%PDF")
    odd = watched.folder / "inbox" / os.fsdecode(b"odd-\xff.pdf")  # not UTF-8: no reason to tell nothing
    odd.write_text("%PDF")
    producer = watched.start("producer")
    watched.start("monitor")

    def told(text):
        return [line for line in hook.lines() if text in line]

    wait_until(lambda: told(f"topic {watched.prefix}orders: a message has waited for"))
    wait_until(lambda: told("notes.pdf lies in the inbox since"), timeout=60)
    wait_until(lambda: told("odd-\ufffd.pdf lies in the inbox since"))
    wait_until(lambda: "files lie in the inbox for too long" in producer.output())
    left.unlink()
    odd.unlink()
    watched.start("worker")
    wait_until(lambda: told("cleared stale_file: notes.pdf"), timeout=60)
    wait_until(lambda: told("cleared lag"), timeout=60)
    assert len(hook.lines()) == 6


def test_lag_that_grows_is_told_once_though_the_monitor_restarts(watched, database, hook):
    watched.config["alerts"]["lag"] = "1h"
    watched.write()
    watched.run("publish", *[watched.file(f"orders-{i}.csv", f"id,what\n{i},a\n") for i in range(5)])
    database.execute("INSERT INTO penstock.lag_minute SELECT %s, date_trunc('minute', now()) "
                     "+ n * interval '1 minute', n / 12 FROM generate_series(0, 70) n",
                     (f"{watched.prefix}orders",))
    database.execute("UPDATE penstock.lag_minute SET minute = minute - interval '61 minutes'")
    monitor = watched.start("monitor")
    wait_until(lambda: hook.lines())
    text = f"ALERT growing_lag: topic {watched.prefix}orders: what waits has grown all the time for 01:00:00, " \
        "from 0 messages to 5"
    assert hook.lines()[0].startswith(text)
    kill_when_noted(monitor, database)
    database.execute("DELETE FROM penstock.lag_minute")
    watched.start("monitor")
    wait_until(lambda: database.value("SELECT count(*) FROM penstock.lag_minute"))
    watched.start("worker")
    wait_until(lambda: len(hook.lines()) == 2)
    assert hook.lines()[1].startswith(text.replace("ALERT", "cleared"))


@pytest.mark.parametrize("tls", ["starttls", "smtps"])
def test_mail_over_tls_with_a_login(watched, database, hook, tmp_path, tls):
    port = free_port()
    sink = MailSink(port, tmp_path, tls, ("penstock", "p4ss wörd"))
    scheme = "smtps" if tls == "smtps" else "smtp"
    mail(watched, port, server=f"{scheme}://127.0.0.1:{port}", user="penstock",
         password="${MAIL_PASSWORD}", ca=str(sink.certificate))
    watched.environment["MAIL_PASSWORD"] = "p4ss wörd"
    monitor = watched.start("monitor")
    quarantine(database, 60, "orders-ü.csv")
    wait_until(lambda: sink.messages)
    message, envelope = sink.messages[0], sink.envelopes[0]
    assert envelope.mail_from == "penstock@example.org"
    assert envelope.rcpt_tos == ["ops@example.org", "data@example.org"]
    assert message["Subject"] == "penstock: 1 raised, 0 cleared"
    assert message["From"] == "penstock@example.org" and message["Message-ID"] and message["Date"]
    text = message.get_body(("plain",)).get_content()
    assert "ALERT quarantine: orders-ü.csv of dataset orders is quarantined" in text
    wait_until(lambda: len(hook.lines()) == 1)
    assert "p4ss" not in monitor.output()
    sink.close()


def test_a_server_without_tls_gets_no_mail_unless_it_may(watched, database, tmp_path):
    port = free_port()
    sink = MailSink(port, tmp_path)
    mail(watched, port)
    monitor = watched.start("monitor")
    quarantine(database, 60, "orders-40.csv")
    wait_until(lambda: "alerts wait" in monitor.output())
    assert not sink.messages
    monitor.stop()
    mail(watched, port, plain=True)
    database.execute("UPDATE penstock.alert_channel SET due_at = now()")
    watched.start("monitor")
    wait_until(lambda: sink.messages)
    sink.close()


def test_an_untrusted_certificate_and_a_wrong_password_are_named(watched, database, tmp_path):
    port = free_port()
    sink = MailSink(port, tmp_path, "starttls", ("penstock", "right"))
    mail(watched, port, user="penstock", password="${MAIL_PASSWORD}")
    watched.environment["MAIL_PASSWORD"] = "wrong"
    monitor = watched.start("monitor")
    quarantine(database, 50, "orders-50.csv")
    wait_until(lambda: "certificate" in monitor.output())
    monitor.stop()
    mail(watched, port, user="penstock", password="${MAIL_PASSWORD}", ca=str(sink.certificate))
    database.execute("UPDATE penstock.alert_channel SET due_at = now()")
    monitor = watched.start("monitor")
    wait_until(lambda: "denied" in monitor.output().lower())
    assert not sink.messages
    assert "wrong" not in monitor.output()
    sink.close()


def test_bad_settings_are_configuration_errors(project):
    for alerts, message in [
            ({"mail": {"server": "smtp://h"}}, "needs alerts.mail.from and alerts.mail.to"),
            ({"mail": {"server": "mail.example.org"}}, "expected smtp://HOST"),
            ({"mail": {"server": "smtp://u:p@h"}}, "expected smtp://HOST"),
            ({"mail": {"from": "Bob <b@x.org>"}}, "expected a mail address"),
            ({"mail": {"to": ["a@x.org", "b\nc@x.org"]}}, "is no mail address"),
            ({"stale_file": "soon"}, "expected a duration")]:
        project.config["alerts"] = alerts
        project.write()
        assert message in project.run("config", "check", code=2).err
