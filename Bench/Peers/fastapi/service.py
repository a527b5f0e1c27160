"""A chat service as it is commonly built with FastAPI: messages are stored, acknowledged, and passed on.

DATABASE_URL=… JWT_SECRET=… [REDIS_URL=…] uvicorn service:app --workers 2
"""

import contextlib
import ctypes
import os
import signal
from typing import Annotated

import orjson
from database import Database, NotFound
from fastapi import Depends, FastAPI, HTTPException, WebSocket, WebSocketDisconnect, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from frames import (
    MessagePage,
    MessageView,
    NewMessage,
    UserView,
    acknowledged,
    created,
    encoded,
    message_view,
    user_view,
)
from hub import Hub, RedisHub
from tables import User
from tokens import Principal, principal

LARGEST_PAGE = 200

database = Database(os.environ["DATABASE_URL"])
hub = RedisHub(os.environ["REDIS_URL"]) if "REDIS_URL" in os.environ else Hub()


@contextlib.asynccontextmanager
async def lifespan(_: FastAPI):
    # Workers end with a supervisor that is killed (PR_SET_PDEATHSIG, prctl(2)).
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    await hub.open()
    yield
    await hub.close()
    await database.close()


app = FastAPI(lifespan=lifespan)


# HTTP


async def bearer(credentials: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> Principal:
    if not (found := principal(credentials.credentials)):
        raise HTTPException(status.HTTP_401_UNAUTHORIZED)
    return found


Caller = Annotated[Principal, Depends(bearer)]


def require(caller: Principal, conversation_id: str):
    """Staff read all conversations, a contact its own."""
    if caller.kind != "agent" and caller.conversation_id != conversation_id:
        raise HTTPException(status.HTTP_404_NOT_FOUND)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "healthy"}


@app.get("/api/v1/auth/claims")
async def claims(caller: Caller) -> dict[str, str | None]:
    """What a checked request takes that needs no database."""
    return {"id": caller.id, "kind": caller.kind, "name": caller.name, "conversation_id": caller.conversation_id}


@app.get("/api/v1/users/me")
async def me(caller: Caller) -> UserView:
    async with database.read() as session:
        user = await session.get(User, caller.id)
    if user is None or user.status != "active":
        raise HTTPException(status.HTTP_401_UNAUTHORIZED)
    return user_view(user)


@app.get("/api/v1/chat/conversations/{conversation_id}/messages")
async def messages(conversation_id: str, caller: Caller, limit: int = 50) -> MessagePage:
    require(caller, conversation_id)
    limit = max(1, min(limit, LARGEST_PAGE))
    found = await database.page(conversation_id, limit + 1)
    return MessagePage(items=[message_view(each) for each in found[-limit:]], has_more=len(found) > limit)


@app.post("/api/v1/chat/conversations/{conversation_id}/messages", status_code=201)
async def post(conversation_id: str, new: NewMessage, caller: Caller) -> MessageView:
    require(caller, conversation_id)
    try:
        message, is_duplicate = await database.append(conversation_id, caller, new.content, new.client_message_id)
    except NotFound:
        raise HTTPException(status.HTTP_404_NOT_FOUND) from None
    if not is_duplicate:
        await hub.publish(conversation_id, created(message))
    return message_view(message)


# WebSocket


async def send(socket: WebSocket, caller: Principal, conversation_id: str, frame: dict):
    """Stored, then acknowledged, then passed on to everybody in the conversation, the sender included."""
    data = frame["data"]
    try:
        message, is_duplicate = await database.append(
            conversation_id, caller, data["content"], data["client_message_id"]
        )
    except NotFound:
        await refuse(socket, frame, "not_found")
        return
    await socket.send_text(acknowledged(frame["request_id"], message, is_duplicate))
    if not is_duplicate:
        await hub.publish(conversation_id, created(message))


async def refuse(socket: WebSocket, frame: dict, code: str):
    await socket.send_text(encoded({"type": "error", "request_id": frame.get("request_id"), "data": {"code": code}}))


def synced(conversation_id: str, seq: int) -> str:
    return encoded({"type": "synced", "conversation_id": conversation_id, "data": {"seq": seq}})


@app.websocket("/ws/chat/{conversation_id}")
async def chat(socket: WebSocket, conversation_id: str, token: str):
    caller = principal(token)
    if caller is None or caller.conversation_id != conversation_id:
        await socket.close(status.WS_1008_POLICY_VIOLATION)
        return
    heads = await database.heads([conversation_id])
    if conversation_id not in heads:
        await socket.close(status.WS_1008_POLICY_VIOLATION)
        return
    await socket.accept()
    with contextlib.suppress(WebSocketDisconnect):
        try:
            await hub.join(socket, conversation_id)
            await socket.send_text(synced(conversation_id, heads[conversation_id]))
            while True:
                frame = orjson.loads(await socket.receive_text())
                if frame["type"] == "message.send":
                    await send(socket, caller, conversation_id, frame)
                else:
                    await refuse(socket, frame, "unknown_type")
        finally:
            await hub.leave(socket, conversation_id)


@app.websocket("/ws/agent")
async def agent(socket: WebSocket, token: str):
    caller = principal(token)
    if caller is None or caller.kind != "agent":
        await socket.close(status.WS_1008_POLICY_VIOLATION)
        return
    await socket.accept()
    joined: set[str] = set()
    with contextlib.suppress(WebSocketDisconnect):
        try:
            await socket.send_text(encoded({"type": "ready", "data": {"user": {"id": caller.id, "name": caller.name}}}))
            while True:
                frame = orjson.loads(await socket.receive_text())
                match frame["type"]:
                    case "subscribe":
                        await subscribe(socket, joined, frame)
                    case "message.send":
                        if (conversation_id := frame["conversation_id"]) in joined:
                            await send(socket, caller, conversation_id, frame)
                        else:
                            await refuse(socket, frame, "not_found")
                    case _:
                        await refuse(socket, frame, "unknown_type")
        finally:
            for each in joined:
                await hub.leave(socket, each)


async def subscribe(socket: WebSocket, joined: set[str], frame: dict):
    heads = await database.heads([each["id"] for each in frame["data"]["conversations"]])
    for each in heads:
        await hub.join(socket, each)
        joined.add(each)
    await socket.send_text(encoded({"type": "ack", "request_id": frame["request_id"], "data": {}}))
    for each, seq in heads.items():
        await socket.send_text(synced(each, seq))
