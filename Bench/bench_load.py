"""The load program (`Bench/Load`) as a process on the load's core."""

import contextlib
import json
import subprocess
import tempfile
import threading
from pathlib import Path

import cores
import setups  # noqa: F401  Finds what the tests have.
from processes import die_with_parent

LONGEST_SECONDS = 300  # Of an order beside what it is to last.
MANY = 100  # Sockets that are told by a file instead of on the pipe.


# Of 28 000 that Linux gives to outgoing connections; the closed ones keep theirs for a minute.
PORTS_OF_AN_ADDRESS = 10_000


def source(index: int) -> str:
    """The address that the socket of this index comes from."""
    return f"127.0.0.{2 + index // PORTS_OF_AN_ADDRESS}"


class LoadFailed(Exception):
    """The load could not do what it was told to."""


class BenchLoad:
    """One process; ends with its `with`."""

    def __init__(self, binary: Path):
        self.binary = binary

    def __enter__(self) -> "BenchLoad":
        self.folder = tempfile.TemporaryDirectory(prefix="chat-load-")
        self.process = subprocess.Popen(
            [self.binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent)
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError, ValueError):
            self.process.stdin.write('{"do":"end"}\n')
            self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.folder.cleanup()

    @property
    def pid(self) -> int:
        return self.process.pid

    def do(self, order: str, **arguments) -> dict:
        """What came of it. Faults of what is measured stand in there; an order that cannot be followed is an error."""
        try:
            self.process.stdin.write(json.dumps({"do": order, **arguments}) + "\n")
            self.process.stdin.flush()
        except OSError as error:
            raise LoadFailed(f"{order}: {error}") from error
        # It ends what it does by itself, whatever a server does; should it not, the run goes on without it.
        guard = threading.Timer(arguments.get("seconds", 0) + LONGEST_SECONDS, self.process.kill)
        guard.start()
        try:
            line = self.process.stdout.readline()
        finally:
            guard.cancel()
        if not line:
            raise LoadFailed(f"{order}: the load ended with {self.process.wait()}")
        answer = json.loads(line)
        if "error" in answer:
            raise LoadFailed(f"{order}: {answer['error']}")
        return answer["ok"]

    def connect(self, group: str, sockets: list[dict], in_flight: int = 64) -> dict:
        """Opens them all, or fails."""
        if len(sockets) > MANY:
            path = Path(self.folder.name) / f"{group}.jsonl"
            path.write_text("".join(json.dumps(each) + "\n" for each in sockets))
            done = self.do("connect", group=group, file=str(path), in_flight=in_flight)
        else:
            done = self.do("connect", group=group, sockets=sockets, in_flight=in_flight)
        if done["opened"] != len(sockets):
            raise LoadFailed(f"{group}: {done['opened']} of {len(sockets)} sockets opened: {done['faults'][:3]}")
        return done


class Echo:
    """The cheapest server there is, by the load program itself: what it takes is the load's ceiling."""

    name = "the load's own ceiling"
    lacks = "No server: `bench-load echo` sends bytes that are ready, and is as much as the load can ask for."

    def __init__(self, binary: Path, kind: str):
        self.binary, self.kind = binary, kind

    def __enter__(self) -> "Echo":
        with cores.of_the_system():
            self.process = subprocess.Popen(
                [self.binary, "echo", "--port", "0", "--kind", self.kind], stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent)
        self.port = json.loads(self.process.stdout.readline())["ok"]["port"]
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    @property
    def pids(self) -> list[int]:
        return [self.process.pid]

    def _socket(self, path: str) -> dict:
        return {"port": self.port, "path": path}

    def pairs(self, count: int) -> tuple[list[dict], list[dict]]:
        return tuple([self._socket(f"/{side}/{index}") for index in range(count)] for side in "ca")

    def fan(self, count: int) -> tuple[dict, list[dict], dict]:
        return self._socket("/pub"), [self._socket("/sub")] * count, {}

    def requests(self, _: str) -> tuple[list[str], int]:
        return ["GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"], 200
