"""What the resources and frames of the contract must contain. More is allowed (versioning is additive), less is not,
except a contact's view of a conversation, where more would be a leak."""

from jsonschema import Draft202012Validator

TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}
ID = {"type": "string", "pattern": r"^[A-Za-z0-9_-]{1,40}$"}
SEQ = {"type": "integer", "minimum": 0}
TEXT = {"type": "string"}


def _or_null(shape: dict) -> dict:
    return {"anyOf": [shape, {"type": "null"}]}


def _object(_closed: bool = False, _optional: tuple[str, ...] = (), **properties) -> dict:
    shape = {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in _optional],
    }
    if _closed:
        shape["additionalProperties"] = False
    return shape


def _list(items: dict) -> dict:
    return {"type": "array", "items": items}


def _one_of(*values: str) -> dict:
    return {"enum": list(values)}


SENDER = _object(
    kind=_one_of("contact", "agent", "ai", "system"), id=_or_null(TEXT), name=_or_null(TEXT), _optional=("id", "name")
)
SOURCE = _object(
    number={"type": "integer", "minimum": 1}, article_id=ID, title=TEXT, excerpt=TEXT, score={"type": "number"}
)
MESSAGE = _object(
    id=ID,
    conversation_id=ID,
    seq={"type": "integer", "minimum": 1},
    client_message_id=_or_null(TEXT),
    sender=SENDER,
    type=_one_of("text", "note", "event", "file"),
    content=TEXT,
    attachments={"type": "array"},
    sources=_list(SOURCE),
    status=_one_of("sent", "streaming", "complete", "partial", "cancelled", "deleted"),
    reply_to=_or_null(ID),
    created_at=TIME,
    edited_at=_or_null(TIME),
    _optional=("client_message_id", "reply_to", "edited_at"),
)
OWNER = _object(
    kind=_one_of("none", "ai", "agent", "team"),
    id=_or_null(TEXT),
    name=_or_null(TEXT),
    epoch={"type": "integer", "minimum": 1},
    _optional=("id", "name"),
)
CONTACT_OWNER = _object(
    True, kind=OWNER["properties"]["kind"], name=_or_null(TEXT), epoch=OWNER["properties"]["epoch"], _optional=("name",)
)
STATUS = _one_of("open", "pending", "snoozed", "resolved", "closed")
CONVERSATION = _object(
    id=ID,
    number={"type": "integer", "minimum": 1},
    subject=_or_null(TEXT),
    status=STATUS,
    priority=_one_of("low", "normal", "high", "urgent"),
    inbox_id=ID,
    contact={"type": "object"},
    labels=_list(TEXT),
    owner=OWNER,
    head_seq=SEQ,
    unread=SEQ,
    last_message=_or_null(MESSAGE),
    snoozed_until=_or_null(TIME),
    created_at=TIME,
    updated_at=TIME,
    _optional=("subject", "last_message", "snoozed_until"),
)
CONTACT_CONVERSATION = _object(
    True,
    id=ID,
    number={"type": "integer", "minimum": 1},
    subject=_or_null(TEXT),
    status=STATUS,
    owner=CONTACT_OWNER,
    head_seq=SEQ,
    unread=SEQ,
    last_message=_or_null(MESSAGE),
    created_at=TIME,
    updated_at=TIME,
    _optional=("subject", "last_message"),
)
SESSION = _object(
    id=ID,
    status=_one_of("active", "idle", "expired", "closed"),
    contact_id=ID,
    conversation_id=ID,
    locale=_or_null(TEXT),
    metadata={},
    created_at=TIME,
    last_active_at=TIME,
    expires_at=TIME,
    _optional=("locale", "metadata"),
)
USER = _object(
    id=ID,
    email=TEXT,
    name=_or_null(TEXT),
    role=TEXT,
    permissions=_list(TEXT),
    status=_one_of("active", "suspended"),
    locale=_or_null(TEXT),
    created_at=TIME,
    last_login_at=_or_null(TIME),
    _optional=("name", "locale", "last_login_at"),
)
LOGIN = _object(
    user=USER, access_token=TEXT, refresh_token=TEXT, token_type={"const": "bearer"}, expires_in={"const": 3600}
)
HEALTH = _object(
    status=_one_of("healthy", "degraded"),
    version=TEXT,
    node_id=TEXT,
    uptime_seconds={"type": "number", "minimum": 0},
    components=_object(
        database=_object(status=TEXT, latency_ms={"type": "number"}, kind=TEXT),
        redis=_object(status=_one_of("healthy", "unhealthy", "disabled")),
        ai={"type": "object"},
    ),
)
ACTOR = _object(kind=TEXT, id=_or_null(TEXT), name=_or_null(TEXT), _optional=("id", "name"))
CONTACT_ACTOR = _object(True, kind=TEXT, name=_or_null(TEXT), _optional=("name",))
GENERATION = {"type": "integer", "minimum": 1}

# The data of every frame that the server sends.
FRAMES = {
    "message.created": _object(message=MESSAGE),
    "message.updated": _object(message=MESSAGE),
    "message.deleted": _object(message_id=ID),
    "message.completed": _object(message=MESSAGE, finish_reason=_one_of("stop", "length", "partial")),
    "conversation.created": _object(conversation={"type": "object"}),
    "conversation.updated": _object(changes={"type": "object", "minProperties": 1}, actor=ACTOR),
    "ack": {"type": "object"},
    "error": _object(
        code=_one_of(
            "invalid",
            "unknown_type",
            "too_large",
            "forbidden",
            "not_found",
            "conversation_closed",
            "idempotency_conflict",
            "rate_limited",
            "unavailable",
        ),
        detail=TEXT,
        final={"type": "boolean"},
    ),
    "ready": _object(
        connection_id=TEXT,
        node_id=TEXT,
        epoch=TEXT,
        head_seq=SEQ,
        mode=_one_of("live", "replay", "snapshot"),
        heartbeat_seconds={"const": 25},
        limits={"type": "object"},
        session=_or_null({"type": "object"}),
        conversation=_or_null({"type": "object"}),
        _optional=("session", "conversation", "head_seq", "mode"),
    ),
    "synced": {"type": "object"},
    "pong": {"type": "object"},
    "typing": _object(participant={"type": "object"}),
    "receipt": _object(participant={"type": "object"}, seq=SEQ),
    "view.row": {"type": "object"},
    "unsubscribed": _object(reason=TEXT),
    "reply.started": _object(message_id=ID, generation=GENERATION, owner_epoch=GENERATION),
    "reply.delta": _object(message_id=ID, generation=GENERATION, offset=SEQ, text={"type": "string", "minLength": 1}),
    "reply.reset": _object(message_id=ID, generation=GENERATION, reason=TEXT, keep=TEXT),
    "reply.snapshot": _object(message_id=ID, generation=GENERATION, offset=SEQ, text=TEXT),
    "reply.failed": _object(message_id=ID, code=TEXT),
    "notice": _object(code=TEXT, text=TEXT),
    "drain": _object(reconnect_in_seconds={"type": "number", "minimum": 0}),
    "event.hidden": {},
}
DURABLE = {
    "message.created",
    "message.updated",
    "message.deleted",
    "message.completed",
    "conversation.created",
    "conversation.updated",
}
# Passing frames that are about a conversation: on a staff socket they say which.
ABOUT_A_CONVERSATION = {
    "typing",
    "receipt",
    "unsubscribed",
    "reply.started",
    "reply.delta",
    "reply.reset",
    "reply.snapshot",
    "reply.failed",
}
ANSWERS = {"ready", "pong", "reply.snapshot", "ack", "error"}


def faults(value, shape: dict) -> list[str]:
    return [
        f"{'/'.join(map(str, error.absolute_path)) or '.'}: {error.message[:200]}"
        for error in Draft202012Validator(shape).iter_errors(value)
    ]


def check(value, shape: dict):
    """Asserts a shape and returns the value."""
    found = faults(value, shape)
    assert not found, f"{found} in {str(value)[:600]}"
    return value


def frame_faults(frame, staff: bool) -> list[str]:
    """What is wrong with one frame of the server by the envelope's rules, in words."""
    if not isinstance(frame, dict) or not isinstance(frame.get("type"), str):
        return [f"not an envelope: {str(frame)[:200]}"]
    kind = frame["type"]
    if kind not in FRAMES:
        return [f"unknown frame type {kind}"]
    found = []
    if kind == "event.hidden":
        if not isinstance(frame.get("seq"), int) or not frame.get("conversation_id"):
            found.append("event.hidden without seq and conversation_id")
        if frame.get("data"):
            found.append("event.hidden with data")
    elif kind in DURABLE:
        found += faults(frame, _object(seq={"type": "integer", "minimum": 1}, id=ID, at=TIME, data={"type": "object"}))
        if "request_id" in frame:
            found.append("a durable event with a request_id")
    else:
        found += [f"a passing frame with {key}" for key in ("seq", "id", "at") if frame.get(key) is not None]
        if "request_id" in frame and kind not in ANSWERS:
            found.append(f"{kind} with a request_id")
    if staff and (kind in DURABLE or kind in ABOUT_A_CONVERSATION) and not frame.get("conversation_id"):
        found.append(f"{kind} on a staff socket without conversation_id")
    if kind != "event.hidden":
        found += [f"data {fault}" for fault in faults(frame.get("data"), FRAMES[kind])]
    if not found and not staff:
        found += _leaks(frame)
    return [f"{kind}: {fault}" for fault in found]


def _leaks(frame: dict) -> list[str]:
    """What a contact must not see."""
    data, found = frame.get("data") or {}, []
    if (data.get("message") or {}).get("type") == "note":
        found.append("a note reaches a contact")
    if frame["type"] == "conversation.updated":
        allowed = set(CONTACT_CONVERSATION["properties"])
        found += [f"a contact sees changes.{name}" for name in data["changes"] if name not in allowed]
        if "owner" in data["changes"]:
            found += [f"changes.owner {fault}" for fault in faults(data["changes"]["owner"], CONTACT_OWNER)]
        found += [f"actor {fault}" for fault in faults(data["actor"], CONTACT_ACTOR)]
        if data.get("reason") is not None:
            found.append("a contact sees a reason")
    if isinstance(data.get("conversation"), dict) and frame["type"] in ("conversation.created", "ready"):
        found += [f"conversation {fault}" for fault in faults(data["conversation"], CONTACT_CONVERSATION)]
    return found
