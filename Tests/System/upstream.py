"""The fake model as a process of its own (`Tests/ModelUpstream`): it answers, crawls, stalls, breaks and refuses as it
is told, as OpenAI, in DashScope's compatible mode, and in DashScope's own dialect.

A behaviour is written `name`, `name:parameter`, `name@position` or `name:parameter@position`; `Behaviour.swift` lists
the names. It is chosen by the model's name, for one request by the header `x-fake-behaviour`, or by `order(…)`. What is
said is chosen by the newest user message: the known question that stands last in it, else a default in its language."""

import json
import os
import select
import subprocess
from dataclasses import dataclass
from pathlib import Path

import httpx

from processes import REPOSITORY, poll

START_SECONDS = 30  # It takes some hundredths of one; a loaded machine takes longer.
STOP_SECONDS = 10
KEY = "sk-test-secret-key"


def binary() -> Path:
    """`MODEL_UPSTREAM_BINARY`, else the debug build."""
    return Path(os.environ.get("MODEL_UPSTREAM_BINARY") or REPOSITORY / ".build/debug/model-upstream")


@dataclass(frozen=True)
class Call:
    """One request as it arrived, and how it went as far as it has. Times are those of `time.monotonic()`."""

    number: int
    dialect: str  # openai, compatible, native
    path: str
    model: str
    behaviour: str
    body: dict
    headers: dict[str, str]  # their names in lower case
    outcome: str  # running; then finished, broken (by the model), abandoned (by the caller), refused (by a status)
    sent: str
    pieces: int
    at: float
    first_token_at: float | None
    ended_at: float | None

    @property
    def messages(self) -> list[dict]:
        return self.body.get("messages") or (self.body.get("input") or {}).get("messages") or []

    @property
    def question(self) -> str:
        """The newest user message, whatever the prompt wraps around it."""
        return next((text(m) for m in reversed(self.messages) if m.get("role") == "user"), "")

    def says(self, words: str) -> bool:
        return any(words in text(message) for message in self.messages)


def text(message: dict) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content)


class Upstream:
    """A fake model that ends with its `with`. Its orders stay until the next ones."""

    def __init__(self, **orders):
        self._orders = orders

    def __enter__(self) -> "Upstream":
        command = binary()
        assert command.exists(), f"{command} is missing: swift build --product model-upstream"
        # It ends when its standard input does, which is when this process does.
        self.process = subprocess.Popen([str(command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        ready, _, _ = select.select([self.process.stdout], [], [], START_SECONDS)
        line = self.process.stdout.readline() if ready else b""
        assert line, f"{command} printed no ports; it ended with {self.process.poll()}"
        ports = json.loads(line)
        self.port, self.control_port = ports["port"], ports["control_port"]
        self._control = httpx.Client(base_url=f"http://127.0.0.1:{self.control_port}", trust_env=False, timeout=30)
        if self._orders:
            self.order(**self._orders)
        return self

    def __exit__(self, *_):
        self._control.close()
        self.process.stdin.close()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(STOP_SECONDS)
        self.process.stdout.close()

    # Where it is

    @property
    def root(self) -> str:
        """`DASHSCOPE_BASE_URL`."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        """`OPENAI_BASE_URL`."""
        return f"{self.root}/v1"

    def environment(self, model: str = "ok", providers: str = "openai") -> dict[str, str]:
        """Of a server whose OpenAI this is."""
        return {
            "AI_PROVIDERS": providers,
            "OPENAI_BASE_URL": self.base_url,
            "OPENAI_API_KEY": KEY,
            "OPENAI_MODEL": model,
        }

    def dashscope_environment(self, dialect: str, model: str = "ok", providers: str = "dashscope") -> dict[str, str]:
        """Of a server whose DashScope this is."""
        return {
            "AI_PROVIDERS": providers,
            "DASHSCOPE_BASE_URL": self.root,
            "DASHSCOPE_API_KEY": KEY,
            "DASHSCOPE_MODEL": model,
            "DASHSCOPE_DIALECT": dialect,
        }

    # Orders

    def order(self, **orders) -> dict:
        """Gives orders (`Orders.swift` lists them) and returns how it is now: ports, connections, number of calls."""
        answer = self._control.post("/_control", json=orders)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def hold(self, after: int = 2):
        """From now on answers stop after so many pieces, until `release`."""
        self.order(behaviour="hold", hold_after=after, released=False)

    def release(self):
        """Lets every held answer run on."""
        self.order(released=True)

    # What it saw

    def calls_after(self, number: int) -> list[Call]:
        """The calls with a higher number, oldest first."""
        answer = self._control.get("/_control/calls", params={"after": number})
        return [_call(each) for each in answer.raise_for_status().json()["calls"]]

    @property
    def calls(self) -> list[Call]:
        return self.calls_after(-1)

    def call(self, number: int, outcome: str, deadline: float = 15) -> Call:
        """The call with this number, once it has come to this outcome."""

        def find() -> Call | None:
            found = self.calls_after(number - 1)
            return found[0] if found and found[0].outcome == outcome else None

        return poll(find, deadline, f"call {number} {outcome}")


def _call(told: dict) -> Call:
    return Call(
        number=told["number"],
        dialect=told["dialect"],
        path=told["path"],
        model=told["model"],
        behaviour=told["behaviour"],
        body=told["body"],
        headers=told["headers"],
        outcome=told["outcome"],
        sent=told["sent"],
        pieces=told["pieces"],
        at=_seconds(told["arrived_ns"]),
        first_token_at=_seconds(told["first_token_ns"]),
        ended_at=_seconds(told["ended_ns"]),
    )


def _seconds(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / 1e9
