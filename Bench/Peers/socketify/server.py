"""Passes messages on with uWebSockets, through PyPI's `socketify`, in memory: what a C++ library gives that does
nothing but this. Nothing is stored, and nobody is asked who they are. Its one argument is the port.
"""

import sys
from collections import Counter
from datetime import UTC, datetime

import orjson
from socketify import App, CompressOptions, OpCode

# Numbers count up instead of being random: ids are as long as those of others.
sequence: Counter[str] = Counter()


def stamp() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def send(socket, frame: dict):
    socket.send(orjson.dumps(frame), OpCode.TEXT)


def synced(conversation: str) -> dict:
    return {"type": "synced", "conversation_id": conversation, "data": {"seq": sequence[conversation]}}


def upgrade(response, request, context):
    conversation = request.get_parameter(0) if request.get_url().startswith("/ws/chat/") else ""
    response.upgrade(
        request.get_header("sec-websocket-key"),
        request.get_header("sec-websocket-protocol"),
        request.get_header("sec-websocket-extensions"),
        context,
        conversation or "",
    )


def opened(socket):
    if conversation := socket.get_user_data():
        socket.subscribe(conversation)
        send(socket, synced(conversation))


def message(socket, text, _):
    frame = orjson.loads(text)
    match frame["type"]:
        case "message.send":
            pass_on(socket, socket.get_user_data() or frame["conversation_id"], frame)
        case "subscribe":
            subscribe(socket, frame)
        case _:
            send(socket, {"type": "error", "request_id": frame.get("request_id"), "data": {"code": "unknown_type"}})


def subscribe(socket, frame: dict):
    conversations = [each["id"] for each in frame["data"]["conversations"]]
    for each in conversations:
        socket.subscribe(each)
    send(socket, {"type": "ack", "request_id": frame["request_id"], "data": {}})
    for each in conversations:
        send(socket, synced(each))


def pass_on(socket, conversation: str, frame: dict):
    """Acknowledged, then published on the conversation's topic, to the sender as well."""
    data = frame["data"]
    sequence[conversation] += 1
    seq, at = sequence[conversation], stamp()
    identifier = f"{conversation[-10:]}{seq:016}"
    send(
        socket,
        {
            "type": "ack",
            "request_id": frame["request_id"],
            "data": {
                "message_id": "msg_" + identifier,
                "client_message_id": data["client_message_id"],
                "seq": seq,
                "at": at,
                "duplicate": False,
            },
        },
    )
    created = {
        "type": "message.created",
        "conversation_id": conversation,
        "seq": seq,
        "id": "evt_" + identifier,
        "at": at,
        "data": {
            "message": {
                "id": "msg_" + identifier,
                "conversation_id": conversation,
                "seq": seq,
                "sender": {"kind": "contact", "id": "con" + conversation[3:], "name": None},
                "type": "text",
                "status": "sent",
                "content": data["content"],
                "created_at": at,
                "edited_at": None,
                "reply_to": None,
                "attachments": [],
                "sources": [],
                "client_message_id": data["client_message_id"],
            }
        },
    }
    socket.publish(conversation, orjson.dumps(created), OpCode.TEXT)


behavior = {
    "compression": CompressOptions.DISABLED,
    "max_payload_length": 65_536,
    # Of a receiver that does not read; beyond it, messages to it are dropped.
    "max_backpressure": 1_048_576,
    # Seconds. uWebSockets pings 16 seconds before it would give up: each 24.
    "idle_timeout": 40,
    "send_pings_automatically": True,
    "upgrade": upgrade,
    "open": opened,
    "message": message,
}

app = App()
app.get("/health", lambda response, _: response.end('{"status":"healthy"}'))
app.ws("/ws/chat/:conversation", behavior)
app.ws("/ws/agent", behavior)
app.listen({"port": int(sys.argv[1]), "host": "127.0.0.1"})
app.run()
