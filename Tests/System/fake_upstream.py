"""An OpenAI-compatible model on TCP that does what a test says: answer, crawl, stall, break, refuse.

The behaviour is chosen by the model's name (`OPENAI_MODEL`), or for a while by `upstream.behaviour = …`. What it says
is chosen by the newest user message: the first known question found in it, else a default in its language.
It runs in a thread of its own, so that a test that blocks does not stop it."""

import asyncio
import contextlib
import json
import re
import socket
import struct
import threading
import time
from dataclasses import dataclass, field

ENGLISH = "Chat API is a self-hosted customer service platform that answers first and hands over to people [1]."
CHINESE = "Chat API 是一个可以自己部署的客服平台，先由智能助手回答，再转给人工 [1]。"
MARKER = re.compile(r"\[\[?[sS]?\d+\]?\]")
PIECE_SCALARS = 6
SLOW_PIECE_SECONDS = 0.05
FIRST_TOKEN_SECONDS = 3  # of `slow_first`: noticeable, and below every clock of the contract
BREAK_AFTER_PIECES = 3
BODY_BYTES = 8 << 20

BEHAVIOURS = {
    "ok",
    "slow",
    "slow_first",
    "stall",
    "stall_first",
    "cut",
    "truncate",
    "error_500",
    "error_401",
    "error_429",
    "error_frame",
    "error_frame_first",
    "html_502",
    "malformed",
    "empty",
    "split_utf8",
    "hold",
    "length",
}


@dataclass
class Call:
    """One request as it arrived, and how it went."""

    model: str
    messages: list[dict]
    body: dict
    headers: dict[str, str]
    at: float
    outcome: str = "running"  # then finished, broken (by us), abandoned (by the server under test), refused
    sent: str = ""

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


@dataclass
class FakeUpstream:
    behaviour: str | None = None  # overrides the model's name
    answers: dict[str, str] = field(default_factory=dict)  # a part of a question → what to say to it
    hold_after: int = 2  # `hold`: pieces before it waits for `release`
    calls: list[Call] = field(default_factory=list)

    def __enter__(self) -> "FakeUpstream":
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fake-upstream", daemon=True)
        self._thread.start()
        assert self._started.wait(10), "the fake upstream did not start"
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def environment(self, model: str = "ok", providers: str = "openai") -> dict[str, str]:
        return {
            "AI_PROVIDERS": providers,
            "OPENAI_BASE_URL": self.base_url,
            "OPENAI_API_KEY": "sk-test-secret-key",
            "OPENAI_MODEL": model,
        }

    def release(self):
        """Lets every held reply run on."""
        self._loop.call_soon_threadsafe(self._released.set)

    def hold(self, after: int = 2):
        """From now on replies stop after some pieces until `release`."""
        self._loop.call_soon_threadsafe(self._released.clear)
        self.hold_after = after
        self.behaviour = "hold"

    # The server

    def _run(self):
        asyncio.run(self._serve())

    async def _serve(self):
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._released = asyncio.Event()
        self._tasks: set[asyncio.Task] = set()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=1 << 20)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._stopping.wait()
        server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        task = asyncio.current_task()
        self._tasks.add(task)
        try:
            while await self._answer(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request; whether the connection may carry another."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ", 2)
        headers = {
            name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)
        }
        body = await _body(reader, headers)
        if method != "POST" or not path.endswith("/chat/completions"):
            await _respond(
                writer, 404, json.dumps({"error": {"message": "no such route", "type": "invalid_request_error"}})
            )
            return True
        request = json.loads(body)
        call = Call(request.get("model", ""), request.get("messages", []), request, headers, time.monotonic())
        self.calls.append(call)
        behaviour = self.behaviour or (call.model if call.model in BEHAVIOURS else "ok")
        refusal = REFUSALS.get(behaviour)
        if refusal:
            call.outcome = "refused"
            status, kind, refusal_body = refusal
            await _respond(writer, status, refusal_body, kind)
            return True
        return await self._stream(call, behaviour, reader, writer)

    async def _stream(self, call: Call, behaviour: str, reader, writer) -> bool:
        watch = asyncio.create_task(reader.read(1))  # Ends when the server under test hangs up.
        script = asyncio.create_task(self._script(call, behaviour, writer))
        try:
            await asyncio.wait({watch, script}, return_when=asyncio.FIRST_COMPLETED)
            if not script.done():
                call.outcome = "abandoned"
                return False
            script.result()
            return False  # One reply per connection keeps the end of the stream unmistakable.
        except ConnectionError:
            call.outcome = "abandoned"
            return False
        finally:
            for task in (watch, script):
                task.cancel()
            await asyncio.gather(watch, script, return_exceptions=True)

    async def _script(self, call: Call, behaviour: str, writer: asyncio.StreamWriter):
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
            b"x-request-id: req_fake\r\nConnection: close\r\n\r\n"
        )
        if behaviour in ("stall_first", "slow_first"):
            await writer.drain()
            await asyncio.sleep(3600 if behaviour == "stall_first" else FIRST_TOKEN_SECONDS)
        if behaviour == "error_frame_first":
            call.outcome = "broken"
            return await _frame(
                writer, {"error": {"message": "The server had an error", "type": "server_error", "code": 500}}
            )
        await _frame(writer, _chunk(call, {"role": "assistant", "content": ""}))
        said = "" if behaviour == "empty" else self._words(call)
        pieces = [said[at : at + PIECE_SCALARS] for at in range(0, len(said), PIECE_SCALARS)]
        for number, piece in enumerate(pieces):
            if number == BREAK_AFTER_PIECES and await self._breaks(call, behaviour, writer):
                return
            if behaviour == "hold" and number == self.hold_after:
                await self._released.wait()
            if behaviour == "slow":
                await asyncio.sleep(SLOW_PIECE_SECONDS)
            await _frame(writer, _chunk(call, {"content": piece}), bytewise=behaviour == "split_utf8")
            call.sent += piece
        await _frame(writer, _chunk(call, {}, "length" if behaviour == "length" else "stop"))
        if (call.body.get("stream_options") or {}).get("include_usage"):
            usage = {"prompt_tokens": 31, "completion_tokens": 12, "total_tokens": 43}
            await _frame(writer, _chunk(call, None) | {"usage": usage})
        writer.write(b"data: [DONE]\n\n")
        await writer.drain()
        call.outcome = "finished"

    async def _breaks(self, call: Call, behaviour: str, writer: asyncio.StreamWriter) -> bool:
        """Whether the reply ends here, in the way that its behaviour names."""
        if behaviour == "stall":
            await asyncio.sleep(3600)
        if behaviour == "truncate":
            call.outcome = "broken"
            return True
        if behaviour == "cut":
            call.outcome = "broken"
            writer.write(b'data: {"id":"chatcmpl-1","cho')
            await writer.drain()
            # A reset instead of an orderly end: what a dying upstream or proxy sends.
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            return True
        if behaviour == "error_frame":
            call.outcome = "broken"
            await _frame(
                writer, {"error": {"message": "The server had an error", "type": "server_error", "code": None}}
            )
            return True
        if behaviour == "malformed":
            call.outcome = "broken"
            writer.write(b"data: {not json at all\n\n")
            await writer.drain()
            return True
        return False

    def _words(self, call: Call) -> str:
        question = call.question
        # The newest question stands last in the prompt, so the last match is meant.
        known = [(question.rfind(part), words) for part, words in self.answers.items() if part in question]
        if known:
            said = max(known)[1]
        else:
            said = CHINESE if re.search(r"[\u4e00-\u9fff]", question) else ENGLISH
        marker = next(
            (found.group() for message in call.messages for found in [MARKER.search(text(message))] if found), None
        )
        return said.replace("[1]", marker) if marker else said


REFUSALS = {
    "error_500": (
        500,
        "application/json",
        json.dumps({"error": {"message": "boom", "type": "server_error", "param": None, "code": None}}),
    ),
    "error_401": (
        401,
        "application/json",
        json.dumps(
            {
                "error": {
                    "message": "Incorrect API key provided: sk-test-secret-key",
                    "type": "invalid_request_error",
                    "param": None,
                    "code": "invalid_api_key",
                }
            }
        ),
    ),
    "error_429": (
        429,
        "application/json",
        json.dumps(
            {
                "error": {
                    "message": "Rate limit reached",
                    "type": "requests",
                    "param": None,
                    "code": "rate_limit_exceeded",
                }
            }
        ),
    ),
    "html_502": (502, "text/html", "<html><body><h1>502 Bad Gateway</h1></body></html>"),
}


def _chunk(call: Call, delta: dict | None, finish_reason: str | None = None) -> dict:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish_reason}]
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": call.model,
        "choices": choices,
        "usage": None,
    }


async def _frame(writer: asyncio.StreamWriter, value: dict, bytewise: bool = False):
    data = b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"
    for part in [data[at : at + 1] for at in range(len(data))] if bytewise else [data]:
        writer.write(part)
        await writer.drain()
        if bytewise:
            await asyncio.sleep(0)


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return await reader.readexactly(min(int(headers.get("content-length", 0)), BODY_BYTES))
    body = b""
    while True:
        size = int((await reader.readline()).split(b";")[0], 16)
        body += await reader.readexactly(size)
        await reader.readline()
        if size == 0:
            return body


async def _respond(writer: asyncio.StreamWriter, status: int, body: str, kind: str = "application/json"):
    data = body.encode()
    with contextlib.suppress(ConnectionError):
        writer.write(
            f"HTTP/1.1 {status} Fake\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data
        )
        await writer.drain()
