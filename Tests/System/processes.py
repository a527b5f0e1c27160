"""Real processes on loopback, ended by their pid whatever happens. Standard library only: scripts use it too."""

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
POLL_SECONDS = 0.02
START_SECONDS = 30  # MariaDB on a loaded machine; it takes under a second on an idle one.
STOP_SECONDS = 20
START_TRIES = 3  # Another process may take a free port between the look and the use.

# Where Debian keeps servers; the path of a normal user leaves it out.
SYSTEM_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin"


class ProcessEnded(AssertionError):
    """A process ended before it was ready."""


def program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path=SYSTEM_FOLDERS)
    assert found, f"{name} is missing: Scripts/install-packages test"
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def die_with_parent():
    """Runs in the child: a test run that is itself killed leaves no server behind (PR_SET_PDEATHSIG, prctl(2))."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def poll(condition, deadline_seconds: float, what: str, every: float = POLL_SECONDS):
    """The condition's first true value; fails after the deadline. The only place where a synchronous test waits."""
    end = time.monotonic() + deadline_seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline_seconds} s: {what}")
        time.sleep(every)


class Process:
    """One process with a folder of its own: started, ended, killed, frozen and woken by its pid."""

    name = "process"

    def __init__(self, directory: Path | None = None):
        # Directly below the temporary folder: the path of a Unix socket must stay below 108 bytes.
        self.directory = directory or Path(tempfile.mkdtemp(prefix=f"chat-{self.name}-"))
        self.port = free_port()
        self.process: subprocess.Popen | None = None
        self.log_path = self.directory / f"{self.name}.log"

    def command(self) -> list[str]:
        raise NotImplementedError

    def ready(self) -> bool:
        raise NotImplementedError

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    # Must run on the main thread: the child dies with the thread that made it.
    def spawn(self):
        assert not self.running, f"{self.name} is already running"
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # A Ctrl-C in the terminal is for the tests, which end the process themselves.
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        return self

    def start(self):
        """Starts the process and returns once it is ready. The first start may move to another port."""
        tries = START_TRIES if self.process is None else 1
        for left in reversed(range(tries)):
            self.spawn()
            try:
                poll(self._ready, START_SECONDS, f"{self.name} ready")
                return self
            except ProcessEnded:
                if not left:
                    raise
                self.port = free_port()

    def _ready(self) -> bool:
        if not self.running:
            raise ProcessEnded(f"{self.name} ended with {self.process.poll()}:\n{self.log_tail()}")
        return self.ready()

    def stop(self) -> int:
        """SIGTERM and the exit code; SIGKILL when that takes too long."""
        assert self.process is not None
        self.thaw()
        self.process.terminate()
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int | None:
        """SIGKILL, and the process reaped: nothing of it runs after this returns."""
        if self.process is None:
            return None
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        return self.process.wait(10)

    def freeze(self):
        """The process keeps its connections and answers nothing."""
        os.kill(self.pid, signal.SIGSTOP)
        poll(lambda: _state(self.pid) == "T", 5, f"{self.name} frozen")

    def thaw(self):
        if self.running:
            os.kill(self.pid, signal.SIGCONT)

    def log_tail(self, lines: int = 30) -> str:
        text = self.log_path.read_text(errors="replace") if self.log_path.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def remove(self):
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()


def _state(pid: int) -> str:
    """One letter, as in proc(5)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        # No procfs, as on macOS: the signal was delivered, which must do.
        return "T" if not Path("/proc").exists() else "gone"
