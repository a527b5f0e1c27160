"""One WebSocket connection speaking chat.v1. Keeps every frame, and holds each to the rules of the envelope."""

import asyncio
import itertools
import json
import time
from urllib.parse import urlsplit, urlunsplit

import websockets
from websockets.asyncio.client import ClientConnection, connect

from api import Visit
from server import Server
from shapes import frame_faults

DEADLINE_SECONDS = 15
SUBPROTOCOL = "chat.v1"


class Closed(AssertionError):
    """The server closed the connection while something was still awaited on it."""


class Refused(Exception):
    """The server answered the upgrade with a status."""

    def __init__(self, status: int, headers, body: bytes):
        super().__init__(f"refused with {status}: {body[:200]!r}")
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def problem(self) -> dict:
        return json.loads(self.body)


class Socket:
    def __init__(self, connection: ClientConnection, staff: bool):
        self.connection = connection
        self.staff = staff
        self.frames: list[dict] = []  # in the order of arrival
        self.violations: list[str] = []
        self.close_code: int | None = None
        self.close_reason = ""
        self.on_frame = lambda frame: None
        self._cursor = 0
        self._numbers = itertools.count(1)
        self._answers: dict[str, dict] = {}
        self._pulse = asyncio.Event()
        self._reading = asyncio.Event()
        self._reading.set()
        self._reader = asyncio.create_task(self._read())

    # Opening

    @classmethod
    async def open(cls, url: str, token: str | None = None, staff: bool = False, **options) -> "Socket":
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= options.pop("headers", {})
        try:
            connection = await connect(
                url,
                additional_headers=headers,
                subprotocols=[SUBPROTOCOL],
                compression=None,
                max_size=None,
                max_queue=None,
                ping_interval=None,
                close_timeout=5,
                proxy=None,
                **options,
            )
        except websockets.InvalidStatus as refusal:
            answer = refusal.response
            raise Refused(answer.status_code, answer.headers, bytes(answer.body or b"")) from None
        return cls(connection, staff)

    @classmethod
    async def visit(cls, server: Server, visit: Visit, token: str | None = None, **options) -> "Socket":
        """A customer's socket, its token in the header."""
        return await cls.open(f"{server.socket_url}/ws/chat/{visit.id}", token or visit.token, **options)

    @classmethod
    async def bare(cls, server: Server, visit: Visit, **options) -> "Socket":
        """A customer's socket without credentials: the token has to come in `hello`."""
        return await cls.open(f"{server.socket_url}/ws/chat/{visit.id}", **options)

    @classmethod
    async def with_ticket(cls, server: Server, visit: Visit, **options) -> "Socket":
        """The address from the session's own answer: what a browser does."""
        address = urlsplit(visit.websocket_url)
        assert address.scheme in ("ws", "wss"), visit.websocket_url
        local = urlunsplit(("ws", f"127.0.0.1:{server.port}", address.path, address.query, ""))
        return await cls.open(local, **options)

    @classmethod
    async def agent(cls, server: Server, token: str | None = None, ticket: str | None = None, **options) -> "Socket":
        query = f"?ticket={ticket}" if ticket else ""
        return await cls.open(f"{server.socket_url}/ws/agent{query}", token, staff=True, **options)

    async def __aenter__(self) -> "Socket":
        return self

    async def __aexit__(self, kind, *_):
        await self.close()
        if kind is None:
            self.check()

    def check(self):
        assert not self.violations, "against the contract: " + "; ".join(self.violations[:10])

    async def close(self, code: int = 1000):
        await self.connection.close(code)
        await self._reader

    def abort(self):
        """The connection is gone at once, as when a network ends: no close frame."""
        self.connection.transport.abort()

    # Reading

    def deafen(self):
        """From here on nothing that arrives is looked at: acknowledgements stay unread, as in a hung client."""
        self._reading.clear()

    async def _read(self):
        try:
            while True:
                text = await self.connection.recv()
                if not self._reading.is_set():
                    continue
                self._take(text)
        except websockets.ConnectionClosed as closed:
            received = closed.rcvd
            self.close_code = received.code if received else 1006
            self.close_reason = received.reason if received else ""
        finally:
            self._beat()

    def _take(self, text: str | bytes):
        if not isinstance(text, str):
            self.violations.append("a binary frame")
            return
        try:
            frame = json.loads(text)
        except ValueError:
            self.violations.append(f"not JSON: {text[:100]!r}")
            return
        for each in frame if isinstance(frame, list) else [frame]:
            self.violations += frame_faults(each, self.staff)
            request_id = each.get("request_id")
            if request_id is not None:
                if request_id in self._answers:
                    self.violations.append(f"a second answer to {request_id}: {each}")
                self._answers[request_id] = each
            self.frames.append(each)
            self.on_frame(each)
        self._beat()

    def _beat(self):
        self._pulse.set()
        self._pulse = asyncio.Event()

    @property
    def closed(self) -> bool:
        return self._reader.done()

    async def until(self, condition, what: str, deadline: float = DEADLINE_SECONDS):
        """The condition's first true value; looked at again after each frame."""
        end = time.monotonic() + deadline
        while True:
            value = condition()
            if value:
                return value
            if self.closed:
                raise Closed(f"closed with {self.close_code} {self.close_reason!r} before: {what}\n{self.tail()}")
            left = end - time.monotonic()
            if left <= 0:
                raise AssertionError(f"not within {deadline} s: {what}\n{self.tail()}")
            try:
                await asyncio.wait_for(self._pulse.wait(), left)
            except TimeoutError:
                continue

    async def expect(self, kind: str, where=None, deadline: float = DEADLINE_SECONDS) -> dict:
        """The next frame of this type (that fits) after the last one that was expected."""

        def find():
            for index in range(self._cursor, len(self.frames)):
                frame = self.frames[index]
                if frame["type"] == kind and (where is None or where(frame)):
                    self._cursor = index + 1
                    return frame
            return None

        return await self.until(find, kind, deadline)

    async def expect_close(self, deadline: float = DEADLINE_SECONDS) -> int:
        async with asyncio.timeout(deadline):
            await asyncio.shield(self._reader)
        return self.close_code

    def all(self, kind: str, where=None) -> list[dict]:
        return [frame for frame in self.frames if frame["type"] == kind and (where is None or where(frame))]

    @property
    def durable(self) -> list[dict]:
        return [frame for frame in self.frames if "seq" in frame]

    def tail(self, count: int = 12) -> str:
        return "\n".join(json.dumps(frame, ensure_ascii=False)[:300] for frame in self.frames[-count:])

    # Sending

    def number(self) -> str:
        return f"r{next(self._numbers)}"

    async def send(self, kind: str, data: dict | None = None, request_id: str | None = None, **envelope) -> str:
        """Sends one frame, does not wait; the request id under which the answer will come."""
        request_id = request_id or self.number()
        frame = {"type": kind, "request_id": request_id, **envelope, "data": {} if data is None else data}
        await self.connection.send(json.dumps(frame, ensure_ascii=False))
        return request_id

    async def answer(self, request_id: str, deadline: float = DEADLINE_SECONDS) -> dict:
        return await self.until(lambda: self._answers.get(request_id), f"the answer to {request_id}", deadline)

    async def ask(self, kind: str, data: dict | None = None, deadline: float = DEADLINE_SECONDS, **envelope) -> dict:
        """Sends one frame and returns its one answer."""
        return await self.answer(await self.send(kind, data, **envelope), deadline)

    async def hello(self, token: str | None = None, resume: dict | None = None, capabilities=None) -> dict:
        data = {"token": token, "resume": resume, "capabilities": capabilities}
        answer = await self.ask("hello", {key: value for key, value in data.items() if value is not None})
        assert answer["type"] == "ready", answer
        return answer["data"]

    async def say(self, content: str, client_message_id: str, conversation_id: str | None = None, **fields) -> dict:
        """Sends a message and returns the acknowledgement's data."""
        envelope = {"conversation_id": conversation_id} if conversation_id else {}
        answer = await self.ask(
            "message.send", {"content": content, "client_message_id": client_message_id, **fields}, **envelope
        )
        assert answer["type"] == "ack", answer
        data = answer["data"]
        assert data["client_message_id"] == client_message_id, answer
        assert isinstance(data["seq"], int) and data["message_id"] and data["at"], answer
        assert isinstance(data["duplicate"], bool), answer
        return data

    async def subscribe(self, conversation_id: str, after: int | None = None) -> None:
        wanted = {"id": conversation_id} if after is None else {"id": conversation_id, "after": after}
        answer = await self.ask("subscribe", {"conversations": [wanted]})
        assert answer["type"] == "ack", answer
        await self.until(
            lambda: self.all("synced", lambda frame: frame.get("conversation_id") == conversation_id),
            f"synced of {conversation_id}",
        )

    async def flush(self):
        """Returns when everything that the server had queued for this socket before now has arrived."""
        answer = await self.ask("ping")
        assert answer["type"] == "pong", answer
        return answer["data"]


class Text:
    """The text of one AI reply as a client puts it together, and why it could not, if so."""

    def __init__(self):
        self.generation = 0
        self.text: str | None = None

    def take(self, frame: dict):
        """Applies a `reply.*` frame; raises when it is a duplicate, out of order, or of an older attempt."""
        data = frame["data"]
        if frame["type"] == "reply.started":
            assert data["generation"] >= self.generation, f"an older generation starts: {frame}"
            if data["generation"] > self.generation:
                self.generation, self.text = data["generation"], ""
        elif frame["type"] == "reply.reset":
            assert data["generation"] > self.generation, f"reset to an older generation: {frame}"
            self.generation, self.text = data["generation"], data["keep"]
        elif frame["type"] == "reply.snapshot":
            assert data["offset"] == len(data["text"]), f"offset is not the text's length: {frame}"
            self.generation, self.text = data["generation"], data["text"]
        elif frame["type"] == "reply.delta":
            assert data["generation"] == self.generation, f"delta of another generation: {frame}"
            assert self.text is not None and data["offset"] == len(self.text), f"after {self.text!r}: {frame}"
            self.text += data["text"]


def assemble(frames: list[dict], message_id: str) -> Text:
    """Follows one reply through a connection's frames as they came: `message.created` brings the text so far."""
    text = Text()
    for frame in frames:
        data = frame.get("data") or {}
        if frame["type"].startswith("reply.") and data.get("message_id") == message_id and "generation" in data:
            text.take(frame)
        elif frame["type"] == "message.created" and data["message"]["id"] == message_id:
            text.text = data["message"]["content"]
    return text
