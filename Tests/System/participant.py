"""A client that follows the contract over any number of connections, and records what it did and saw.

It resumes from its last `seq`, hands each event over once, keeps what is not acknowledged and, after `synced`, sends
it again in its old order under its old `client_message_id`."""

import asyncio
import contextlib
import itertools
from collections.abc import Callable

from client import Closed, Refused, Socket
from history import History, content_hash, message_record

RETRY_SECONDS = 0.02  # Tests restart the server at once; the jitter of real clients would only cost time.
UNAVAILABLE_SECONDS = 0.2  # Between an `unavailable` and the next try.
WINDOW = 32  # Sends under way at once: enough that a kill always meets some.


class Reading:
    """Where this client stands in one conversation."""

    def __init__(self):
        self.last = 0
        self.streaming: set[str] = set()  # AI messages seen to begin and not to end


class Participant:
    def __init__(self, name: str, history: History, connect: Callable, token: str, staff: bool = False):
        self.name = name
        self.history = history
        self.connect = connect
        self.token = token
        self.staff = staff
        self.socket: Socket | None = None
        self.connection = 0
        self.epoch: str | None = None
        self.readings: dict[str, Reading] = {}
        self.unacknowledged: dict[str, tuple[str, str]] = {}  # client_message_id → (conversation, content), in order
        self.acknowledged = 0
        self.duplicates = 0
        self.refused: list[str] = []
        self.violations: list[str] = []
        self.live = asyncio.Event()  # synced, and what was unacknowledged is on its way again
        self.seen: set[str] = set()  # client_message_ids observed in events, whoever sent them
        self.progress = asyncio.Event()
        self.retry_unavailable = False  # whether to send again what was not confirmed, while the connection lasts
        self._tasks: set[asyncio.Task] = set()
        self._requests: dict[str, str] = {}
        self._numbers = itertools.count(1)
        self._joined = False

    def reading(self, conversation: str) -> Reading:
        return self.readings.setdefault(conversation, Reading())

    # Connecting

    async def join(self, *conversations: str):
        """One connection: opened, resumed, caught up. Raises when the server is not there."""
        self.live.clear()
        self._joined = False
        self.connection += 1
        socket = await self.connect()
        self.socket = socket
        socket.on_frame = self._take
        for conversation in conversations:
            self.reading(conversation)
        # `epoch` is unknown at the first time: nothing to resume, so everything is asked for by seq 0.
        if self.staff:
            ready = await socket.expect("ready")
            self._opened(ready["data"])
            self._joined = True
            if self.readings:
                wanted = [{"id": name, "after": reading.last} for name, reading in self.readings.items()]
                for name in self.readings:
                    self._record("reading", conversation=name, after=self.readings[name].last)
                answer = await socket.ask("subscribe", {"conversations": wanted})
                assert answer["type"] == "ack", answer
        else:
            ((conversation, reading),) = self.readings.items()
            data = {"token": self.token}
            if self.epoch is not None:
                data["resume"] = {"epoch": self.epoch, "seq": reading.last}
            answer = await socket.ask("hello", data)
            assert answer["type"] == "ready", answer
            assert self._joined
        for name in self.readings:
            await socket.until(lambda name=name: self._synced(name), f"synced of {name}")
        await self._send_again()
        await self._resync()
        self.live.set()

    async def watch(self, conversation: str):
        """A staff socket takes up one more conversation, from its beginning."""
        self.reading(conversation)
        self._record("reading", conversation=conversation, after=0)
        answer = await self.socket.ask("subscribe", {"conversations": [{"id": conversation, "after": 0}]})
        assert answer["type"] == "ack", answer
        await self.socket.until(lambda: self._synced(conversation), f"synced of {conversation}")

    async def stay(self, deadline: float = 30):
        """Connects again and again until it succeeds: what a client does while the server restarts."""
        async with asyncio.timeout(deadline):
            while True:
                try:
                    return await self.join()
                except (OSError, Refused, Closed, EOFError, asyncio.IncompleteReadError):
                    await self.leave()
                    await asyncio.sleep(RETRY_SECONDS)
                except Exception as error:
                    # websockets raises its own kinds for a connection that ends during the handshake.
                    if type(error).__module__.split(".")[0] != "websockets":
                        raise
                    await self.leave()
                    await asyncio.sleep(RETRY_SECONDS)

    async def leave(self):
        """The connection ends, by us or because it has ended already."""
        self.live.clear()
        socket, self.socket = self.socket, None
        if socket is None:
            return
        socket.abort()
        with contextlib.suppress(Exception):
            await socket.expect_close(5)
        self.violations += socket.violations
        self._record("closed", code=socket.close_code)

    def _synced(self, conversation: str) -> bool:
        return any(
            frame["type"] == "synced" and (not self.staff or frame.get("conversation_id") == conversation)
            for frame in self.socket.frames[self._ready_index :]
        )

    # Sending

    async def send(self, conversation: str, content: str) -> str:
        client_message_id = f"{self.name}-{next(self._numbers)}"
        self.unacknowledged[client_message_id] = (conversation, content)
        await self._transmit(client_message_id)
        return client_message_id

    async def _transmit(self, client_message_id: str):
        conversation, content = self.unacknowledged[client_message_id]
        request_id = self.socket.number()
        self._requests[request_id] = client_message_id
        self._record("sent", conversation=conversation, client_message_id=client_message_id, hash=content_hash(content))
        envelope = {"conversation_id": conversation} if self.staff else {}
        with contextlib.suppress(Exception):  # A connection that ends here is noticed by its reader.
            await self.socket.send(
                "message.send", {"content": content, "client_message_id": client_message_id}, request_id, **envelope
            )

    def _try_again(self, client_message_id: str):
        on_its_way = client_message_id in self._requests.values()
        if self.live.is_set() and client_message_id in self.unacknowledged and not on_its_way:
            self._tasks.add(task := asyncio.create_task(self._transmit(client_message_id)))
            task.add_done_callback(self._tasks.discard)

    async def _send_again(self):
        self._requests.clear()
        for client_message_id in list(self.unacknowledged):
            await self._transmit(client_message_id)

    async def _resync(self):
        """The text of replies that were running when the connection ended."""
        for name, reading in self.readings.items():
            for message_id in list(reading.streaming):
                envelope = {"conversation_id": name} if self.staff else {}
                with contextlib.suppress(Exception):
                    await self.socket.send("reply.sync", {"message_id": message_id}, **envelope)

    async def chatter(self, conversation: str, words: Callable[[int], str]):
        """Sends as fast as acknowledgements allow, until the connection ends."""
        with contextlib.suppress(Closed):
            for number in itertools.count(1):
                await self.socket.until(lambda: len(self.unacknowledged) < WINDOW, "room for another send", 30)
                await self.send(conversation, words(number))
                await asyncio.sleep(0)

    # Receiving

    def _record(self, kind: str, **values):
        self.history.add(self.name, self.connection, kind, **values)

    def _opened(self, data: dict):
        self._ready_index = len(self.socket.frames) - 1
        self.epoch = data["epoch"]
        self._record("opened", epoch=data["epoch"], mode=data.get("mode"))

    def _take(self, frame: dict):
        kind, data = frame["type"], frame.get("data") or {}
        if not self.staff and kind == "ready" and frame.get("request_id"):
            self._opened(data)
            ((conversation, reading),) = self.readings.items()
            if data["mode"] == "live":
                reading.last = data["head_seq"]
            self._record("reading", conversation=conversation, after=reading.last)
            self._joined = True
        if not self._joined:
            return  # Live events before the answer to `hello` come again with the replay.
        conversation = frame.get("conversation_id") or (next(iter(self.readings)) if not self.staff else None)
        if kind == "synced" and (data.get("seq") is not None):
            self._record("synced", conversation=conversation, seq=data["seq"])
        elif kind in ("ack", "error"):
            self._answered(frame, conversation)
        elif "seq" in frame:
            self._event(frame, conversation)
        elif kind == "reply.started":
            self._record("started", conversation=conversation, **_pick(data, "message_id", "generation", "owner_epoch"))
        elif kind == "reply.delta":
            self._record(
                "delta", conversation=conversation, **_pick(data, "message_id", "generation", "offset", "text")
            )
        elif kind == "reply.reset":
            self._record("reset", conversation=conversation, **_pick(data, "message_id", "generation", "keep"))
        elif kind == "reply.snapshot":
            self._record(
                "snapshot", conversation=conversation, **_pick(data, "message_id", "generation", "offset", "text")
            )
        self.progress.set()

    def _answered(self, frame: dict, conversation: str | None):
        client_message_id = self._requests.pop(frame.get("request_id"), None)
        if client_message_id is None or client_message_id not in self.unacknowledged:
            return
        data = frame["data"]
        conversation = self.unacknowledged[client_message_id][0]
        if frame["type"] == "ack":
            self._record(
                "acked",
                conversation=conversation,
                client_message_id=data["client_message_id"],
                message_id=data["message_id"],
                seq=data["seq"],
                duplicate=data["duplicate"],
            )
            del self.unacknowledged[client_message_id]
            self.acknowledged += 1
            self.duplicates += bool(data["duplicate"])
        else:
            self._record("nacked", conversation=conversation, client_message_id=client_message_id, code=data["code"])
            if data["code"] == "unavailable" and self.retry_unavailable:
                asyncio.get_running_loop().call_later(
                    data.get("retry_in_seconds") or UNAVAILABLE_SECONDS, self._try_again, client_message_id
                )
            if data["code"] != "unavailable":
                del self.unacknowledged[client_message_id]
                self.refused.append(f"{client_message_id}: {data}")

    def _event(self, frame: dict, conversation: str):
        data, reading = frame.get("data") or {}, self.reading(conversation)
        message = data.get("message")
        owner = (data.get("changes") or {}).get("owner")
        self._record(
            "received",
            conversation=conversation,
            seq=frame["seq"],
            id=frame.get("id"),
            type=frame["type"],
            message=message_record(message) if message else None,
            owner=owner,
        )
        reading.last = max(reading.last, frame["seq"])
        if message:
            if message.get("client_message_id"):
                self.seen.add(message["client_message_id"])
            if message["sender"]["kind"] == "ai":
                running = frame["type"] == "message.created" and message["status"] == "streaming"
                (reading.streaming.add if running else reading.streaming.discard)(message["id"])


def _pick(data: dict, *names: str) -> dict:
    return {name: data.get(name) for name in names}
