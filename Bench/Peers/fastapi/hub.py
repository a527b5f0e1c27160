"""Who is to be told: the sockets of this worker by conversation, and Redis between workers."""

import asyncio
import contextlib
from collections import defaultdict

from fastapi import WebSocket, WebSocketDisconnect
from redis.asyncio import Redis


class Hub:
    """One worker. Receivers of an event are written to one after the other, as FastAPI's documentation has it."""

    def __init__(self):
        self.sockets: dict[str, set[WebSocket]] = defaultdict(set)

    async def open(self):
        pass

    async def close(self):
        pass

    async def join(self, socket: WebSocket, conversation_id: str):
        """Returns once everything published from now on reaches the socket."""
        self.sockets[conversation_id].add(socket)

    async def leave(self, socket: WebSocket, conversation_id: str):
        if sockets := self.sockets.get(conversation_id):
            sockets.discard(socket)
            if not sockets:
                del self.sockets[conversation_id]

    async def publish(self, conversation_id: str, text: str):
        await self.deliver(conversation_id, text)

    async def deliver(self, conversation_id: str, text: str):
        for socket in tuple(self.sockets.get(conversation_id, ())):
            # Its own task notices as well, and takes it away.
            with contextlib.suppress(WebSocketDisconnect, RuntimeError):
                await socket.send_text(text)


class RedisHub(Hub):
    """Several workers: each subscribes to the conversations that its sockets read."""

    def __init__(self, url: str):
        super().__init__()
        self.redis = Redis.from_url(url)
        self.subscription = self.redis.pubsub()
        self.confirmed: dict[str, asyncio.Event] = {}

    async def open(self):
        # A subscription needs one channel to listen on; and who publishes there learns how many workers there are.
        await self.subscription.subscribe("workers")
        self.listener = asyncio.create_task(self._listen())

    async def close(self):
        self.listener.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.listener
        await self.subscription.aclose()
        await self.redis.aclose()

    async def _listen(self):
        async for message in self.subscription.listen():
            channel = message["channel"].decode()
            if message["type"] == "message":
                await self.deliver(channel, message["data"].decode())
            elif message["type"] == "subscribe" and channel in self.confirmed:
                self.confirmed[channel].set()

    async def join(self, socket: WebSocket, conversation_id: str):
        await super().join(socket, conversation_id)
        if conversation_id not in self.confirmed:
            self.confirmed[conversation_id] = asyncio.Event()
            await self.subscription.subscribe(conversation_id)
        await self.confirmed[conversation_id].wait()

    async def leave(self, socket: WebSocket, conversation_id: str):
        await super().leave(socket, conversation_id)
        if conversation_id not in self.sockets and self.confirmed.pop(conversation_id, None):
            await self.subscription.unsubscribe(conversation_id)

    async def publish(self, conversation_id: str, text: str):
        await self.redis.publish(conversation_id, text)
