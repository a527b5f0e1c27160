"""What Chat API is measured beside: each set-up as a competent user would run it, new and with nothing in it, on ports
of its own on loopback. How to talk to it is told in the terms of `bench-load` (Bench/Load)."""

import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "Tests" / "System"))

from processes import REPOSITORY, Process, poll, program  # noqa: E402
from servers import MariaDB, Redis  # noqa: E402
from setups import MARIADB_OPTIONS, TICKS  # noqa: E402

FOLDER = REPOSITORY / "Bench" / "Peers"
# Made by `make bench` out of Bench/Peers/requirements.txt.
PYTHON = Path(os.environ.get("CHAT_API_BENCH_PYTHON") or REPOSITORY / ".build" / "bench-venv" / "bin" / "python")
BARE_ROUTE = REPOSITORY / ".build" / "release" / "bare-route"
NCHAN_MODULES = ("/usr/lib/nginx/modules/ngx_nchan_module.so", "/usr/lib64/nginx/modules/ngx_nchan_module.so")
SECRET = "a-secret-of-the-benchmarks-and-long-enough"
# As long as the event of Chat API with the same content (623 bytes), where a peer passes on what it was given.
WHOLE_EVENT = (
    '{"type":"message.created","conversation_id":"cnv_00000000000000000000000000","seq":5,'
    '"id":"evt_00000000000000000000000000","at":"2026-01-01T00:00:00.000Z","data":{"message":{'
    '"id":"msg_00000000000000000000000000","conversation_id":"cnv_00000000000000000000000000","seq":5,'
    '"sender":{"kind":"contact","id":"con_00000000000000000000000000","name":null},"type":"text","status":"sent",'
    '"content":"@{stamp}@{index}@ How long does a refund take to arrive on my card?",'
    '"created_at":"2026-01-01T00:00:00.000Z","edited_at":null,"reply_to":null,"attachments":[],"sources":[],'
    '"client_message_id":"{stamp}"}}}'
)


@dataclass
class Endpoint:
    """A WebSocket, as `connect` of bench-load takes it."""

    port: int
    path: str
    hello: list[str] = field(default_factory=list)
    ready: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def described(self) -> dict:
        given = {"port": self.port, "path": self.path, "headers": self.headers, "hello": self.hello}
        return {**given, "ready": self.ready} if self.ready else given


@dataclass
class FanOut:
    """One publisher and those that receive. `template` and `recognise` are for `fanout` of bench-load; None where its
    own will do."""

    publisher: Endpoint
    receivers: list[Endpoint]
    template: str | None = None
    recognise: str | None = None


def conversation_id(index: int) -> str:
    return f"cnv_{index:026}"


def token(**claims) -> str:
    """A JWT (HS256) that is valid for a day."""

    def part(value: bytes) -> bytes:
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    head = part(b'{"alg":"HS256","typ":"JWT"}')
    body = part(json.dumps({**claims, "exp": int(time.time()) + 86_400}, separators=(",", ":")).encode())
    signed = part(hmac.digest(SECRET.encode(), head + b"." + body, hashlib.sha256))
    return b".".join((head, body, signed)).decode()


def request(method: str, path: str, bearer: str, body: str = "") -> str:
    """A raw request for `http` of bench-load, whose length reckons with the digits that are put in for `{stamp}`."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {bearer}"]
    if body:
        size = len(body.replace("{stamp}", "0" * 20).replace("{index}", "0" * 10).encode())
        lines += ["Content-Type: application/json", f"Content-Length: {size}"]
    return "\r\n".join(lines) + "\r\n\r\n" + body


@contextlib.contextmanager
def on_cores(cores: Collection[int] | int | None):
    """Processes started meanwhile stay on these cores; None leaves them all."""
    if cores is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cores} if isinstance(cores, int) else set(cores))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def family(pid: int) -> list[int]:
    """The process and all that descend from it."""
    found = [pid]
    for each in found:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{each}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


class Server(Process):
    """A process of a peer, with its workers, answering GET /health when it is ready."""

    def __init__(self, command: list[str], environment: dict[str, str] | None = None, name: str = "peer"):
        self.name = name
        super().__init__()
        self.given = command
        self.environment = environment or {}

    def command(self) -> list[str]:
        assigned = [f"{key}={value}" for key, value in {"PATH": os.environ["PATH"], **self.environment}.items()]
        put = {"{port}": str(self.port), "{folder}": str(self.directory)}
        return ["env", "-i", *assigned, *(put.get(each, each) for each in self.given)]

    def ready(self) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)
            try:
                connection.request("GET", "/health")
                return connection.getresponse().status == 200
            finally:
                connection.close()
        return False

    def kill(self) -> int | None:
        """Its workers too: they outlive a parent that is killed."""
        workers = family(self.pid)[1:] if self.running else []
        code = super().kill()
        for each in workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        return code


class Peer:
    """One set-up. `start` begins with nothing; `stop` leaves nothing."""

    label: str
    # For the table: what it does not do that Chat API does.
    lacks: str
    is_durable = False

    def __init__(self):
        self.servers: dict[str, Process] = {}
        # The processes that do the peer's own work; the rest is what they depend on.
        self.main: Server | None = None

    def start(self, cores: Collection[int] | int | None = None, conversations: int = 200, messages: int = 0) -> "Peer":
        """`conversations` exist, and hold `messages` between them. Peers in memory need no such preparation."""
        try:
            with on_cores(cores):
                self._start(conversations, messages)
        except BaseException:
            self.stop()
            raise
        return self

    def _start(self, conversations: int, messages: int):
        raise NotImplementedError

    def stop(self):
        for each in reversed(self.servers.values()):
            each.remove()
        self.servers = {}
        self.main = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def port(self) -> int:
        assert self.main is not None
        return self.main.port

    def processes(self) -> dict[str, list[int]]:
        """Numbers of its processes, by what they are called in the tables."""
        return {name: family(each.pid) for name, each in self.servers.items()}

    def cpu_seconds(self) -> dict[str, float]:
        return {name: sum(map(cpu_seconds, pids)) for name, pids in self.processes().items()}

    def resident_bytes(self) -> int:
        """Of the peer itself without its database, each shared page counted once (PSS)."""
        assert self.main is not None
        return sum(map(proportional_bytes, family(self.main.pid)))

    # How to talk to it

    def desk(self, pairs: int) -> tuple[list[Endpoint], list[Endpoint]]:
        """Customers, and the agent of each."""
        raise NotImplementedError(f"{self.label} has no desk")

    def fan_out(self, receivers: int) -> FanOut:
        raise NotImplementedError(f"{self.label} has no fan-out")

    def idle(self, count: int) -> list[Endpoint]:
        """Sockets that only listen."""
        raise NotImplementedError(f"{self.label} has no sockets")

    def requests(self) -> dict[str, tuple[list[str], int]]:
        """Raw requests by workload (`read`, `post`, `history`; `claims` reads the token only), and the status of the
        answers."""
        return {}


class FastAPI(Peer):
    """FastAPI with SQLAlchemy's asyncio extension under uvicorn, set up as their documentation has it."""

    is_durable = True
    workers = 1

    def _start(self, conversations: int, messages: int):
        if not PYTHON.exists():
            raise RuntimeError(f"{PYTHON} is missing: make bench makes it of Bench/Peers/requirements.txt")
        self.conversations = conversations
        uvicorn = [
            *(str(PYTHON), "-m", "uvicorn", "service:app", "--app-dir", str(FOLDER / "fastapi")),
            *("--host", "127.0.0.1", "--port", "{port}", "--workers", str(self.workers)),
            *("--loop", "uvloop", "--http", "httptools", "--ws", "websockets-sansio", "--ws-ping-interval", "25"),
            *("--ws-per-message-deflate", "false", "--no-access-log", "--log-level", "warning"),
            *("--timeout-graceful-shutdown", "1"),
        ]
        server = Server(uvicorn, name="fastapi")
        # First, so that its folder is removed whatever happens; started when all that it needs is there.
        self.servers["FastAPI"] = server
        environment = {"JWT_SECRET": SECRET, "PYTHONDONTWRITEBYTECODE": "1", **self._depend_on(server.directory)}
        self._seed(environment, conversations, messages)
        server.environment = environment
        self.main = server
        server.start()
        self._await_workers()

    def _depend_on(self, folder: Path) -> dict[str, str]:
        raise NotImplementedError

    def _await_workers(self):
        """The first one that is ready answers for all."""

    def _seed(self, environment: dict[str, str], conversations: int, messages: int):
        made = subprocess.run(
            [str(PYTHON), str(FOLDER / "fastapi" / "seed.py"), str(conversations), str(messages)],
            env={"PATH": os.environ["PATH"], **environment},
            capture_output=True,
            text=True,
        )
        if made.returncode:
            raise RuntimeError(f"{self.label} could not be filled:\n{made.stderr}")

    def stop(self):
        # Before its database goes: it would report each connection that breaks.
        if server := self.servers.pop("FastAPI", None):
            if server.running:
                server.stop()
            server.remove()
        super().stop()

    def _customer(self, index: int) -> Endpoint:
        conversation = conversation_id(index)
        bearer = token(sub=f"con_{index:026}", kind="contact", conversation_id=conversation)
        return Endpoint(self.port, f"/ws/chat/{conversation}?token={bearer}", ready='"type":"synced"')

    def agent_token(self) -> str:
        return token(sub=f"usr_{1:026}", kind="agent", name="Admin")

    def _agent(self, index: int, bearer: str) -> Endpoint:
        asked = {"type": "subscribe", "request_id": "s", "data": {"conversations": [{"id": conversation_id(index)}]}}
        hello = json.dumps(asked, separators=(",", ":"))
        return Endpoint(self.port, f"/ws/agent?token={bearer}", hello=[hello], ready='"type":"synced"')

    def desk(self, pairs: int) -> tuple[list[Endpoint], list[Endpoint]]:
        bearer = self.agent_token()
        return [self._customer(each) for each in range(pairs)], [self._agent(each, bearer) for each in range(pairs)]

    def fan_out(self, receivers: int) -> FanOut:
        bearer = self.agent_token()
        return FanOut(self._customer(0), [self._agent(0, bearer) for _ in range(receivers)])

    def idle(self, count: int) -> list[Endpoint]:
        """Customers, as many to a conversation as are needed."""
        return [self._customer(each % self.conversations) for each in range(count)]

    def requests(self) -> dict[str, tuple[list[str], int]]:
        bearer = self.agent_token()
        path = "/api/v1/chat/conversations/{}/messages"
        content = '{"content":"@{stamp}@{index}@ How long does a refund take to arrive on my card?",'
        body = content + '"client_message_id":"{stamp}"}'
        each = [conversation_id(index) for index in range(self.conversations)]
        return {
            "read": ([request("GET", "/api/v1/users/me", bearer)], 200),
            "claims": ([request("GET", "/api/v1/auth/claims", bearer)], 200),
            "post": ([request("POST", path.format(one), bearer, body) for one in each], 201),
            "history": ([request("GET", path.format(one) + "?limit=50", bearer) for one in each], 200),
        }


class FastAPIOnSQLite(FastAPI):
    label = "FastAPI, SQLite"
    lacks = (
        "Durable like Chat API (WAL, synchronous=FULL) and asks for a token; a socket is authorised when it joins, not "
        "for each event. No event log to resume from, no rate limits."
    )

    def _depend_on(self, folder: Path) -> dict[str, str]:
        self.database_path = folder / "chat.db"
        return {"DATABASE_URL": f"sqlite+aiosqlite:///{self.database_path}"}


class FastAPIOnMySQL(FastAPI):
    """MariaDB, and Redis between the workers."""

    lacks = (
        "Durable (each commit flushed) and asks for a token; a socket is authorised when it joins, not for each event. "
        "An event that Redis loses is lost: no event log to resume from. Two who write to one conversation at once may "
        "be read out of order. No rate limits."
    )

    def __init__(self, workers: int = 2):
        super().__init__()
        self.workers = workers
        self.label = f"FastAPI, MariaDB + Redis, {workers} worker{'s' if workers > 1 else ''}"

    def _depend_on(self, folder: Path) -> dict[str, str]:
        statements = folder / "first.sql"
        statements.write_text("CREATE DATABASE IF NOT EXISTS chat CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;\n")
        mariadb = MariaDB(options=(*MARIADB_OPTIONS, f"--init-file={statements}"))
        self.servers["MariaDB"] = mariadb
        mariadb.start()
        self.servers["Redis"] = redis = Redis()
        redis.start()
        return {
            "DATABASE_URL": f"mysql+asyncmy://root@127.0.0.1:{mariadb.port}/chat?charset=utf8mb4",
            "REDIS_URL": redis.url(),
        }

    def _await_workers(self):
        # The answer is how many listen.
        redis = self.servers["Redis"]
        poll(lambda: redis.ask("PUBLISH", "workers", "") == str(self.workers), 30, f"{self.workers} workers listen")


class UWebSockets(Peer):
    """uWebSockets through socketify: the practical ceiling of messaging."""

    label = "uWebSockets (socketify), in memory"
    lacks = (
        "Stores nothing, asks nobody who they are, sends a topic's messages to whoever asked for it, and takes a "
        "message that is sent again for a new one."
    )

    def _start(self, conversations: int, messages: int):
        if not PYTHON.exists():
            raise RuntimeError(f"{PYTHON} is missing: make bench makes it of Bench/Peers/requirements.txt")
        command = [str(PYTHON), str(FOLDER / "socketify" / "server.py"), "{port}"]
        self.main = Server(command, {"PYTHONDONTWRITEBYTECODE": "1"}, name="socketify")
        self.servers["uWebSockets"] = self.main
        self.main.start()

    def _customer(self, index: int) -> Endpoint:
        return Endpoint(self.port, f"/ws/chat/{conversation_id(index)}", ready='"type":"synced"')

    def _agent(self, index: int) -> Endpoint:
        asked = {"type": "subscribe", "request_id": "s", "data": {"conversations": [{"id": conversation_id(index)}]}}
        hello = json.dumps(asked, separators=(",", ":"))
        return Endpoint(self.port, "/ws/agent", hello=[hello], ready='"type":"synced"')

    def desk(self, pairs: int) -> tuple[list[Endpoint], list[Endpoint]]:
        return [self._customer(each) for each in range(pairs)], [self._agent(each) for each in range(pairs)]

    def fan_out(self, receivers: int) -> FanOut:
        return FanOut(self._customer(0), [self._agent(0) for _ in range(receivers)])

    def idle(self, count: int) -> list[Endpoint]:
        return [self._customer(each) for each in range(count)]


class Nchan(Peer):
    """nginx with nchan, one worker."""

    label = "nginx + nchan, in memory"
    lacks = (
        "Keeps messages in memory for 30 s only, asks nobody who they are, gives no numbers and no acknowledgement of "
        "its own; passes on the bytes it is given."
    )

    def _start(self, conversations: int, messages: int):
        module = next((each for each in NCHAN_MODULES if Path(each).exists()), None)
        if module is None:
            raise RuntimeError("nchan is missing: Scripts/install-packages bench")
        server = Server([program("nginx"), "-e", "stderr", "-p", "{folder}", "-c", "nginx.conf"], name="nchan")
        self.servers["nchan"] = server
        text = (FOLDER / "nchan" / "nginx.conf").read_text()
        # As root, nginx would give its worker to an account that may not enter the folder.
        user = "user root;" if os.geteuid() == 0 else ""
        for name, value in {"module": module, "folder": server.directory, "port": server.port, "user": user}.items():
            text = text.replace(f"@{name}@", str(value))
        (server.directory / "nginx.conf").write_text(text)
        self.main = server
        server.start()

    def _subscriber(self, index: int) -> Endpoint:
        return Endpoint(self.port, f"/sub/{conversation_id(index)}")

    def fan_out(self, receivers: int) -> FanOut:
        publisher = Endpoint(self.port, f"/pub/{conversation_id(0)}")
        return FanOut(publisher, [self._subscriber(0) for _ in range(receivers)], WHOLE_EVENT, "stamp")

    def idle(self, count: int) -> list[Endpoint]:
        return [self._subscriber(each) for each in range(count)]


class BareRoute(Peer):
    """One route of Hummingbird, the framework below Chat API."""

    label = "Hummingbird, bare route"
    lacks = "One path with an answer whose bytes are ready: no middleware, no token, no database."

    def __init__(self, threads: int = 1, path: str = "/api/v1/users/me"):
        super().__init__()
        self.threads = threads
        self.path = path  # "/encoded" encodes the answer for each request.

    def _start(self, conversations: int, messages: int):
        if not BARE_ROUTE.exists():
            raise RuntimeError(f"{BARE_ROUTE} is missing: swift build -c release --product bare-route")
        command = [str(BARE_ROUTE), "--port", "{port}", "--threads", str(self.threads)]
        self.main = Server(command, name="bare-route")
        self.servers["Hummingbird"] = self.main
        self.main.start()

    def requests(self) -> dict[str, tuple[list[str], int]]:
        # As large as a request to the others: the head is read there as well.
        return {"read": ([request("GET", self.path, token(sub=f"usr_{1:026}", kind="agent", name="Admin"))], 200)}


def cpu_seconds(pid: int) -> float:
    """0 when it has ended."""
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS
    return 0.0


def proportional_bytes(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
