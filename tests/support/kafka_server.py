# SPDX-License-Identifier: Apache-2.0
"""A real Apache Kafka: one node in KRaft mode, on free ports of 127.0.0.1, its data in a folder."""
import functools
import json
import pathlib
import shutil
import signal
import subprocess
import tempfile

from .process import die_with_parent, end, free_port, tail
from .tools import fetch, once
from .wait import wait_until

HERE = pathlib.Path(__file__).resolve().parent / "kafka"
POM = HERE / "pom.xml"
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
    f"-Dlog4j.configuration=file:{HERE}/log4j.properties",
]


def _install(folder):
    """Kafka's jars, through Maven; and what every start would work out again: a formatted data folder, and the classes
    as Java has them in memory (a server that runs and ends leaves those)."""
    fetch(["mvn", "-B", "-q", "-f", str(POM), "dependency:copy-dependencies", f"-DoutputDirectory={folder / 'jars'}"])
    maker = KafkaServer(program=folder)
    try:
        maker._run("kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(maker._config))
        shutil.copytree(maker.data, folder / "formatted")
        maker.start(options=[f"-XX:ArchiveClassesAtExit={folder / 'classes.jsa'}"])
        maker.stop()
    finally:
        maker.close()


@functools.cache
def install():
    """The folder with Kafka's program, made once for all builds."""
    return once("kafka", POM.read_text() + CONFIG, _install)


class KafkaServer:
    """start, stop, kill (-9) and start again on the same data and port."""

    def __init__(self, settings=None, program=None):
        """`settings`: broker properties on top of CONFIG; `program`: what install() gives."""
        self._program = program or install()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="penstock-kafka-"))
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
        if (self._program / "formatted").exists():
            shutil.copytree(self._program / "formatted", self.data)

    def _command(self, main, *arguments, options=()):
        return [*JAVA, *(options or [f"-XX:SharedArchiveFile={self._program / 'classes.jsa'}"]),
                "-cp", f"{self._program / 'jars'}/*", main, *arguments]

    def _run(self, main, *arguments):
        done = subprocess.run(
            self._command(main, *arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=180, cwd=self.folder)
        assert done.returncode == 0, f"{main} {' '.join(arguments)} failed:\n{done.stdout}"
        return done.stdout

    def start(self, timeout=120, options=()):
        """Returns once it answers metadata requests. `options`: Java's own, in place of the shared classes."""
        assert self.process is None, "Kafka is running already"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self._command("kafka.Kafka", str(self._config), options=options), stdin=subprocess.DEVNULL, stdout=log,
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
            stderr=subprocess.PIPE, timeout=120, **({} if "input" in options else {"stdin": subprocess.DEVNULL}), **options)
        assert not check or done.returncode == 0, f"kcat {arguments} failed: {done.stderr!r}"
        return done

    def create_topic(self, name, partitions=1, **settings):
        self._run("org.apache.kafka.tools.TopicCommand", "--bootstrap-server", self.bootstrap, "--create",
                  "--topic", name, "--partitions", str(partitions),
                  *[word for key, value in settings.items()
                    for word in ("--config", f"{key.replace('_', '.')}={value}")])

    def delete_topic(self, name):
        self._run("org.apache.kafka.tools.TopicCommand", "--bootstrap-server", self.bootstrap, "--delete", "--topic", name)

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
            end(self.process, timeout=300)
            self.process = None

    def close(self):
        """Ends it and removes its folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


if __name__ == "__main__":
    install()
