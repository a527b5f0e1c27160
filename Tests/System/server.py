"""A real server process with its own data folder and loopback port: started, drained and killed by tests."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import httpx

from processes import REPOSITORY, die_with_parent, free_port, poll

START_SECONDS = 30  # A debug build on a loaded machine; a release build answers in under half a second.
STOP_SECONDS = 30  # The contract's own limit for a drain.

ADMIN_EMAIL = "admin@chatapi.com"
ADMIN_PASSWORD = "admin123456"

# Tests send faster than any customer, so the limits are off unless a test is about them.
UNLIMITED = {
    "RATE_CONTACT_FRAMES_PER_SECOND": "0",
    "RATE_STAFF_FRAMES_PER_SECOND": "0",
    "RATE_CONTACT_MESSAGES_PER_MINUTE": "0",
    "RATE_LOGIN_PER_MINUTE": "0",
    "RATE_SESSIONS_PER_MINUTE": "0",
    "RATE_REQUESTS_PER_SECOND": "0",
    "LOCKOUT_FAILURES": "0",
    "MAX_SOCKETS_PER_PRINCIPAL": "0",
    "MAX_SOCKETS_PER_ADDRESS": "0",
}


# Where a new server finds a database of its own; none: a file in its folder. Set once, by `--database`.
new_database = None


def binary() -> Path:
    """The command under test: `CHAT_API_BINARY`, else the debug build."""
    return Path(os.environ.get("CHAT_API_BINARY") or REPOSITORY / ".build/debug/chat-api")


class Server:
    """One server process. `start` may be called again after `stop` or `kill`: same folder, same port."""

    def __init__(self, environment: dict[str, str] | None = None, directory: Path | None = None):
        # Directly under /tmp: the control socket's path must stay below the 108 bytes of a Unix address.
        self.directory = directory or Path(tempfile.mkdtemp(prefix="chat-"))
        self.port = free_port()
        self.process: subprocess.Popen | None = None
        self.log_path = self.directory / "server.log"
        self.data = self.directory / "data"
        self.data.mkdir(exist_ok=True)
        self.environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": str(self.directory),
            "LANG": "C.UTF-8",
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "DATA_DIR": str(self.data),
            "DATABASE_URL": f"sqlite:{self.data}/chat.db",
            "LOG_FORMAT": "json",
            "AI_PROVIDERS": "builtin",
            **UNLIMITED,
            **(new_database() if new_database else {}),
            **(environment or {}),
        }

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def socket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def database(self) -> Path:
        return self.data / "chat.db"

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    # Must run on the main thread: the child dies with the thread that made it.
    def spawn(self, wrapper: list[str] | None = None, **changes: str) -> "Server":
        """Starts the process without waiting; `wrapper` is a command line put before it, as for strace."""
        assert not self.running, "already running"
        command = binary()
        assert command.exists(), f"{command} is missing: build it first (swift build)"
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*(wrapper or []), str(command), "serve"],
                cwd=self.directory,
                env={**self.environment, **changes},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=die_with_parent,
            )
        return self

    def start(self, wrapper: list[str] | None = None, **changes: str) -> "Server":
        """Starts the process and returns once `/health` answers 200."""
        self.spawn(wrapper, **changes)
        poll(self.healthy, START_SECONDS, "a healthy answer after the start")
        return self

    def healthy(self) -> bool:
        if not self.running:
            raise AssertionError(f"the server ended with {self.process.poll()}:\n{self.log_tail()}")
        try:
            return httpx.get(f"{self.base_url}/health", timeout=5, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def stop(self, deadline_seconds: float = STOP_SECONDS) -> int:
        """SIGTERM; the exit code. Fails when the drain takes longer than the contract allows."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(deadline_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still running {deadline_seconds} s after SIGTERM:\n{self.log_tail()}") from None

    def kill(self):
        """SIGKILL, and the process reaped: nothing of it runs after this returns."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            self.process.wait(10)

    def freeze(self):
        """SIGSTOP: the process keeps its connections and answers nothing."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self):
        if self.running:
            os.kill(self.pid, signal.SIGCONT)

    def run(self, *arguments: str, input: str | None = None, **changes: str) -> subprocess.CompletedProcess:
        """Another verb of the same command with the same configuration, as an administrator types it."""
        return subprocess.run(
            [str(binary()), *arguments],
            cwd=self.directory,
            env={**self.environment, **changes},
            input=input,
            capture_output=True,
            text=True,
            timeout=60,
            preexec_fn=die_with_parent,
        )

    def logs(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_tail(self, lines: int = 40) -> str:
        return "\n".join(self.logs().splitlines()[-lines:])

    def remove(self):
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_):
        self.remove()
