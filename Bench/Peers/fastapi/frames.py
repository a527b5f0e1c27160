"""The frames and answers, as Chat API's clients know them."""

from datetime import datetime

import orjson
from pydantic import BaseModel
from tables import Message, User


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds") + "Z"


class Sender(BaseModel):
    kind: str
    id: str
    name: str | None


class MessageView(BaseModel):
    id: str
    conversation_id: str
    seq: int
    sender: Sender
    type: str
    status: str
    content: str
    created_at: str
    edited_at: str | None = None
    reply_to: str | None = None
    attachments: list[str] = []
    sources: list[str] = []
    client_message_id: str


class MessagePage(BaseModel):
    items: list[MessageView]
    has_more: bool


class UserView(BaseModel):
    id: str
    email: str
    name: str
    role: str
    status: str
    locale: str | None
    permissions: list[str]
    created_at: str
    last_login_at: str | None


class NewMessage(BaseModel):
    content: str
    client_message_id: str


def user_view(user: User) -> UserView:
    return UserView(
        id=user.id,
        email=user.email,
        name=user.name,
        role=user.role,
        status=user.status,
        locale=user.locale,
        permissions=user.permissions,
        created_at=stamp(user.created_at),
        last_login_at=stamp(user.last_login_at) if user.last_login_at else None,
    )


def message_view(message: Message) -> MessageView:
    return MessageView(
        id=message.id,
        conversation_id=message.conversation_id,
        seq=message.seq,
        sender=Sender(kind=message.sender_kind, id=message.sender_id, name=message.sender_name),
        type=message.type,
        status=message.status,
        content=message.content,
        created_at=stamp(message.created_at),
        client_message_id=message.client_message_id,
    )


def encoded(frame: dict) -> str:
    return orjson.dumps(frame).decode()


def created(message: Message) -> str:
    """One text for all that receive it."""
    at = stamp(message.created_at)
    return encoded(
        {
            "type": "message.created",
            "conversation_id": message.conversation_id,
            "seq": message.seq,
            "id": "evt" + message.id[3:],
            "at": at,
            "data": {
                "message": {
                    "id": message.id,
                    "conversation_id": message.conversation_id,
                    "seq": message.seq,
                    "sender": {"kind": message.sender_kind, "id": message.sender_id, "name": message.sender_name},
                    "type": message.type,
                    "status": message.status,
                    "content": message.content,
                    "created_at": at,
                    "edited_at": None,
                    "reply_to": None,
                    "attachments": [],
                    "sources": [],
                    "client_message_id": message.client_message_id,
                }
            },
        }
    )


def acknowledged(request_id: str, message: Message, is_duplicate: bool) -> str:
    return encoded(
        {
            "type": "ack",
            "request_id": request_id,
            "data": {
                "message_id": message.id,
                "client_message_id": message.client_message_id,
                "seq": message.seq,
                "at": stamp(message.created_at),
                "duplicate": is_duplicate,
            },
        }
    )
