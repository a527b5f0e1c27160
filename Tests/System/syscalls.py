"""strace as a witness and as a saboteur: reads its output, attaches it to a running server."""

import re
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from server import Server, poll

STRACE = shutil.which("strace")
LINE = re.compile(r"^(?P<pid>\d+) +(?P<rest>.*)$")
CALL = re.compile(r"^(?P<name>\w+)\((?P<arguments>.*)$", re.DOTALL)
RESUMED = re.compile(r"^<\.\.\. (?P<name>\w+) resumed>(?P<rest>.*)$")
RESULT = re.compile(r"= (?P<result>-?\d+)(?: (?P<error>E[A-Z]+))?[^=]*$")

BUFFER = re.compile(r'"((?:[^"\\]|\\.)*)"')
INCOMING = {"read", "readv", "recvfrom", "recvmsg"}
OUTGOING = {"write", "writev", "sendto", "sendmsg"}


@dataclass
class Call:
    """A system call by one thread: where in the trace it began and ended, and all that strace printed of it."""

    name: str
    text: str
    began: int
    ended: int | None = None
    result: int | None = None

    @property
    def descriptor(self) -> str:
        return self.text.split(",")[0]

    @property
    def on_socket(self) -> bool:
        return "<socket:" in self.descriptor or "<TCP" in self.descriptor


def read(path: Path) -> list[Call]:
    """The calls of a `strace -f` file in the order of their beginnings; unfinished ones are joined to their ends."""
    calls: list[Call] = []
    open_calls: dict[str, Call] = {}
    for index, line in enumerate(path.read_text(errors="replace").splitlines()):
        match = LINE.match(line)
        if not match:
            continue
        pid, rest = match["pid"], match["rest"]
        resumed = RESUMED.match(rest)
        if resumed:
            call = open_calls.pop(pid, None)
            if call:
                call.text += resumed["rest"]
                _finish(call, index)
            continue
        started = CALL.match(rest)
        if not started:
            continue
        call = Call(started["name"], started["arguments"], index)
        calls.append(call)
        if rest.endswith("<unfinished ...>"):
            call.text = call.text.removesuffix("<unfinished ...>")
            open_calls[pid] = call
        else:
            _finish(call, index)
    return calls


def _finish(call: Call, index: int):
    result = RESULT.search(call.text)
    call.ended = index
    call.result = int(result["result"]) if result else None


def synced(call: Call, file: str = "-wal") -> bool:
    """Whether the call forced this file to the disk, and succeeded (`-y` prints the path beside the descriptor)."""
    return call.name in ("fdatasync", "fsync") and call.result == 0 and f"{file}>" in call.text


def arrival(calls: list[Call], words: str) -> int | None:
    """Where the bytes of these words were first in the process: the end of the read that brought (the rest of) them."""
    last: dict[str, str] = {}
    for call in calls:
        if call.name not in INCOMING or not call.on_socket or call.ended is None:
            continue
        data = "".join(BUFFER.findall(call.text))
        if words in last.get(call.descriptor, "") + data:
            return call.ended
        last[call.descriptor] = data
    return None


def doubt(calls: list[Call], words: str) -> str | None:
    """Why it is not proven that what was sent with these words was on the disk before they were sent back; None if it
    is: they arrived, something was written to the log, the log was forced to the disk, and only then they went out."""
    arrived = arrival(calls, words)
    if arrived is None:
        return f"{words} never arrived"
    answers = [call.began for call in calls if call.name in OUTGOING and call.on_socket and words in call.text]
    if not answers:
        return f"{words} was never answered"
    answered = min(answers)
    written = [
        call.ended
        for call in calls
        if call.name == "pwrite64" and "-wal>" in call.text and call.ended and arrived < call.ended < answered
    ]
    if not written:
        return f"{words} was answered (line {answered}) without a write to the log"
    forced = [call for call in calls if synced(call) and call.began > written[0] and call.ended < answered]
    return None if forced else f"{words} was answered (line {answered}) before the log was on the disk"


def _all_traced(pid: int) -> bool:
    try:
        threads = [(task / "status").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:  # A thread ended meanwhile.
        return False
    return all("TracerPid:\t0\n" not in status for status in threads)


class Saboteur:
    """strace attached to a running server, letting chosen system calls fail until `detach`."""

    def __init__(self, server: Server, output: Path, *injections: str):
        names = ",".join(injection.split(":")[0] for injection in injections)
        command = [STRACE, "-f", "-y", "-o", str(output), "-p", str(server.pid), "-e", f"trace={names}"]
        for injection in injections:
            command += ["-e", f"inject={injection}"]
        self.output = output
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        poll(lambda: self.process.poll() is not None or _all_traced(server.pid), 10, "strace attached to every thread")
        assert self.process.poll() is None, self.process.stderr.read()

    def detach(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # strace detaches and leaves the process as it was.
        self.process.wait(10)

    @property
    def failures(self) -> int:
        return self.output.read_text(errors="replace").count("(INJECTED)")

    def __enter__(self) -> "Saboteur":
        return self

    def __exit__(self, *_):
        self.detach()
