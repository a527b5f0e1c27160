"""What is measured: one or two nodes with their database, each with its own folder and ports on loopback."""

import contextlib
import http.client
import json
import os
import re
import socket
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "Tests" / "System"))

from processes import Process, poll  # noqa: E402
from servers import MariaDB, Redis  # noqa: E402

# As in production: a commit waits for the disk (innodb_flush_log_at_trx_commit=1, as the tests have it) and there is no
# binary log. Unlike in the tests, the redo log is large enough not to be what limits the figures.
MARIADB_OPTIONS = ("--innodb-log-file-size=512M", "--innodb-buffer-pool-size=512M")
# Limits that count but are never reached: production refuses 0.
LIMITS = {
    key: "1000000"
    for key in (
        "RATE_CONTACT_FRAMES_PER_SECOND", "RATE_STAFF_FRAMES_PER_SECOND", "RATE_CONTACT_MESSAGES_PER_MINUTE",
        "RATE_LOGIN_PER_MINUTE", "RATE_SESSIONS_PER_MINUTE", "RATE_REQUESTS_PER_SECOND", "MAX_SOCKETS_PER_PRINCIPAL",
        "MAX_SOCKETS_PER_ADDRESS",
    )
}
SECRETS = {
    "JWT_SECRET": "the-same-on-every-node-and-long-enough",
    "ENCRYPTION_KEY": "as-well-the-same-on-every-node-0123456789",
}
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def busy_seconds() -> float:
    """Of all cores together, whoever uses them."""
    user, nice, system, _, _, irq, softirq, *_ = Path("/proc/stat").read_text().split("\n")[0].split()[1:]
    return sum(map(int, (user, nice, system, irq, softirq))) / TICKS


class Node(Process):
    """One process of the server."""

    name = "node"

    def __init__(self, binary: Path, label: str, **environment: str):
        super().__init__()
        self.label = label
        self.binary = binary
        self.environment = {
            "DATA_DIR": str(self.directory),
            "DATABASE_URL": f"sqlite:{self.directory}/chat.db",
            "NODE_ID": label,
            "LOG_FORMAT": "json",
            "LOG_LEVEL": "warning",
            "AI_PROVIDERS": "builtin",
            **LIMITS,
            **environment,
        }

    def command(self) -> list[str]:
        assigned = [f"{key}={value}" for key, value in {**self.environment, "PORT": str(self.port)}.items()]
        return ["env", "-i", *assigned, str(self.binary), "serve"]

    def ready(self) -> bool:
        with contextlib.suppress(OSError, ValueError):
            return self.ask("GET", "/health")["status"] == "healthy"
        return False

    def ask(self, method: str, path: str, body: dict | None = None, token: str | None = None) -> dict:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            headers = {"Content-Type": "application/json"}
            if token:
                headers["Authorization"] = f"Bearer {token}"
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            value = json.loads(answer.read())
            if answer.status >= 400 and path != "/health":
                raise RuntimeError(f"{method} {path}: {value}")
            return value
        finally:
            connection.close()

    def token(self) -> str:
        """Of the administrator that a new installation has."""
        login = {"email": "admin@chatapi.com", "password": "admin123456"}
        return self.ask("POST", "/api/v1/auth/login", login)["access_token"]

    def session(self) -> tuple[str, str]:
        """A new visitor: the conversation, and the path of its socket."""
        made = self.ask("POST", "/api/v1/chat/sessions", {})
        return made["session"]["conversation_id"], "/" + made["websocket_url"].split("://")[1].split("/", 1)[1]


class Setup:
    """Nodes beside what they depend on. Everything is new, and gone at the end."""

    def __init__(self, binary: Path, labels: tuple[str, ...], shared: bool, **environment: str):
        self.mariadb = self.redis = None
        self.nodes: list[Node] = []
        self.is_frozen = False
        self._publishes = 0
        try:
            if shared:
                self.mariadb = MariaDB(options=(*MARIADB_OPTIONS, f"--init-file={self._first_statements()}")).start()
                self.redis = Redis().start()
                environment |= {**SECRETS, "DATABASE_URL": self.mariadb.url("chat"), "REDIS_URL": self.redis.url()}
            for label in labels:
                self.nodes.append(Node(binary, label, **environment))
                self.nodes[-1].start()
        except BaseException:
            self.remove()
            raise

    def _first_statements(self) -> Path:
        self._statements = Path(f"/tmp/chat-bench-{os.getpid()}.sql")
        self._statements.write_text("CREATE DATABASE IF NOT EXISTS chat;\n")
        return self._statements

    def processes(self) -> dict[str, int]:
        """Their numbers, by what they are called in the tables."""
        found = {node.label: node.pid for node in self.nodes}
        if self.mariadb and self.redis:
            found |= {"MariaDB": self.mariadb.pid, "Redis": self.redis.pid}
        return found

    def publishes(self) -> int:
        """PUBLISH commands that Redis was given since it started; none are counted while it is frozen."""
        if self.redis and not self.is_frozen:
            with socket.create_connection(("127.0.0.1", self.redis.port), 5) as connection:
                lines = connection.makefile("rb")
                connection.sendall(b"INFO commandstats\r\n")
                answer = lines.read(int(lines.readline()[1:]))
            found = re.search(rb"cmdstat_publish:calls=(\d+)", answer)
            self._publishes = int(found[1]) if found else 0
        return self._publishes

    @contextlib.contextmanager
    def frozen_redis(self):
        """Redis keeps its connections and answers nothing; afterwards every node has found it again."""
        self.redis.freeze()
        self.is_frozen = True
        try:
            yield
        finally:
            self.redis.thaw()
            self.is_frozen = False
        for node in self.nodes:
            poll(node.ready, 30, f"{node.label} healthy")

    def remove(self):
        for each in [*self.nodes, *filter(None, [self.redis, self.mariadb])]:
            each.remove()
        if statements := getattr(self, "_statements", None):
            statements.unlink(missing_ok=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()


class RedisProbe:
    """How long Redis takes to pass a message on: from PUBLISH to its receipt, over connections of our own."""

    def __init__(self, redis: Redis):
        self.publisher = socket.create_connection(("127.0.0.1", redis.port))
        self.subscriber = socket.create_connection(("127.0.0.1", redis.port))
        for each in (self.publisher, self.subscriber):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            each.settimeout(5)
        self.subscriber.sendall(b"SUBSCRIBE bench\r\n")
        self.subscriber.recv(4096)

    def measure(self, seconds: float, every: float = 0.02) -> list[float]:
        """Seconds that each took."""
        taken, end = [], time.monotonic() + seconds
        # As large as an event with both its encodings.
        command = b"*3\r\n$7\r\nPUBLISH\r\n$5\r\nbench\r\n$1024\r\n" + b"x" * 1024 + b"\r\n"
        while time.monotonic() < end:
            begun = time.monotonic()
            self.publisher.sendall(command)
            received = b""
            while not received.endswith(b"x\r\n"):
                received += self.subscriber.recv(8192)
            taken.append(time.monotonic() - begun)
            self.publisher.recv(4096)
            time.sleep(every)
        return taken

    def close(self):
        self.publisher.close()
        self.subscriber.close()
