# SPDX-License-Identifier: Apache-2.0
"""A real Apache Kafka: one node in KRaft mode, on free ports of 127.0.0.1, its data in a folder."""
import fcntl
import json
import pathlib
import shutil
import signal
import subprocess
import tempfile

from .process import die_with_parent, end, free_port, tail
from .wait import wait_until

TOP = pathlib.Path(__file__).resolve().parents[2]
POM = pathlib.Path(__file__).resolve().parent / "kafka" / "pom.xml"
JARS = TOP / ".cache" / "kafka"
CLUSTER_ID = "cGVuc3RvY2stdGVzdHMtMA"

CONFIG = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=500
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=250
num.network.threads=2
num.io.threads=2
log.cleaner.dedupe.buffer.size=4194304
log.retention.check.interval.ms=1000
log.segment.delete.delay.ms=1000
"""

JAVA = [
    "java", "-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true",
]


def fetch_jars():
    """Kafka's jars, through Maven, once for all builds. Whoever comes second waits for the first."""
    stamp = JARS / ".complete"
    wanted = POM.read_text()
    JARS.parent.mkdir(parents=True, exist_ok=True)
    with open(JARS.parent / "kafka.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == wanted:
            return
        shutil.rmtree(JARS, ignore_errors=True)
        done = subprocess.run(
            ["mvn", "-B", "-q", "-f", str(POM), "dependency:copy-dependencies",
             f"-DoutputDirectory={JARS}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == 0, f"Maven could not fetch Kafka's jars:\n{done.stdout}"
        stamp.write_text(wanted)


class KafkaServer:
    """start, stop, kill (-9) and start again on the same data and port."""

    def __init__(self, folder=None, settings=None):
        """`settings`: broker properties on top of CONFIG."""
        fetch_jars()
        self._own_folder = folder is None
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="penstock-kafka-"))
        self.data = self.folder / "data"
        self.log = self.folder / "server.log"
        self.port = free_port()
        self.bootstrap = f"127.0.0.1:{self.port}"
        self.process = None
        self._config = self.folder / "server.properties"
        text = CONFIG.format(port=self.port, controller=free_port(), data=self.data)
        for key, value in (settings or {}).items():
            text += f"{key}={value}\n"
        self._config.write_text(text)
        self._format()

    def _format(self):
        self._run("kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(self._config))

    def _command(self, main, *arguments):
        return [*JAVA, "-cp", f"{JARS}/*", main, *arguments]

    def _run(self, main, *arguments):
        done = subprocess.run(
            self._command(main, *arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=60, cwd=self.folder)
        assert done.returncode == 0, f"{main} {' '.join(arguments)} failed:\n{done.stdout}"
        return done.stdout

    def start(self, timeout=60):
        """Returns once it answers metadata requests."""
        assert self.process is None, "Kafka is running already"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self._command("kafka.Kafka", str(self._config)), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, cwd=self.folder, preexec_fn=die_with_parent())
        try:
            wait_until(self._answers, timeout, f"Kafka answers on {self.bootstrap}", pause=0.2)
        except AssertionError as error:
            self.kill()
            raise AssertionError(f"{error}\n{tail(self.log)}") from None
        return self

    def _answers(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"Kafka ended with {self.process.returncode}")
        return self.kcat("-L", "-m", "2", check=False).returncode == 0

    def kcat(self, *arguments, check=True, **options):
        """kcat against this broker; the finished process, its output as bytes."""
        done = subprocess.run(
            ["kcat", "-b", self.bootstrap, *arguments], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=60, **({} if "input" in options else {"stdin": subprocess.DEVNULL}), **options)
        assert not check or done.returncode == 0, f"kcat {arguments} failed: {done.stderr!r}"
        return done

    def create_topic(self, name, partitions=1, **settings):
        self._run("org.apache.kafka.tools.TopicCommand", "--bootstrap-server", self.bootstrap, "--create",
                  "--topic", name, "--partitions", str(partitions),
                  *[word for key, value in settings.items()
                    for word in ("--config", f"{key.replace('_', '.')}={value}")])

    def end_offsets(self, topic):
        """{partition: end offset}, as Kafka's own tool tells it."""
        out = self._run("org.apache.kafka.tools.GetOffsetShell", "--bootstrap-server", self.bootstrap,
                        "--topic", topic)
        lines = [line.split(":") for line in out.splitlines() if line.startswith(f"{topic}:")]
        return {int(partition): int(offset) for _, partition, offset in lines}

    def group_lag(self, group):
        """{(topic, partition): (committed, end)}, as Kafka's own tool tells it; committed may be None."""
        out = self._run("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
                        "--bootstrap-server", self.bootstrap, "--describe", "--group", group)
        lag = {}
        for line in out.splitlines():
            words = line.split()
            if len(words) >= 6 and words[0] == group:
                committed = None if words[3] == "-" else int(words[3])
                lag[words[1], int(words[2])] = (committed, int(words[4]))
        return lag

    def delete_before(self, topic, offsets):
        """DeleteRecords: {partition: the first offset that stays}."""
        plan = self.folder / "delete.json"
        plan.write_text(json.dumps({"version": 1, "partitions": [
            {"topic": topic, "partition": partition, "offset": offset}
            for partition, offset in offsets.items()]}))
        self._run("org.apache.kafka.tools.DeleteRecordsCommand", "--bootstrap-server", self.bootstrap,
                  "--offset-json-file", str(plan))

    def wipe(self):
        """The broker's disk is lost: the same address comes back empty."""
        self.kill()
        shutil.rmtree(self.data)
        self._format()
        self.start()

    def freeze(self):
        """Stops its clock: connections stay, nothing answers."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        """As a machine that loses its power would end."""
        if self.process is not None:
            end(self.process, signal.SIGKILL)
            self.process = None

    def stop(self):
        """A clean shutdown; the data stays."""
        if self.process is not None:
            end(self.process, signal.SIGTERM, 30)
            self.process = None

    def close(self):
        """Ends it and removes the folder it made."""
        self.kill()
        if self._own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)


if __name__ == "__main__":
    fetch_jars()
