"""The record of a run: one JSON object per line, written as things happen, read by the checker.

Every entry has `t` (monotonic seconds), `client`, `connection` (counts up per client) and `kind`:

| kind | further keys |
| --- | --- |
| opened | epoch, mode |
| reading | conversation, after: the position from which this client counts on this connection |
| synced | conversation, seq: the server says that everything up to here was sent |
| sent | conversation, client_message_id, hash |
| acked | conversation, client_message_id, message_id, seq, duplicate |
| nacked | conversation, client_message_id, code |
| received | conversation, seq, id, type, message, owner: a durable event, in the order of arrival |
| started | conversation, message_id, generation, owner_epoch |
| delta | conversation, message_id, generation, offset, text |
| reset | conversation, message_id, generation, keep |
| snapshot | conversation, message_id, generation, offset, text |
| closed | code |
"""

import hashlib
import json
import time
from pathlib import Path


def content_hash(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def message_record(message: dict) -> dict:
    """What the checker needs of a message. An AI's text is kept whole, since it is compared with its deltas."""
    sender = message.get("sender") or {}
    record = {
        "id": message.get("id"),
        "client_message_id": message.get("client_message_id"),
        "seq": message.get("seq"),
        "sender": sender.get("kind"),
        "status": message.get("status"),
        "hash": content_hash(message.get("content") or ""),
    }
    if record["sender"] == "ai":
        record["content"] = message.get("content") or ""
    return record


class History:
    def __init__(self, path: Path | None = None):
        self.entries: list[dict] = []
        self._file = open(path, "w", encoding="utf-8") if path else None

    def add(self, client: str, connection: int, kind: str, **values):
        entry = {"t": round(time.monotonic(), 6), "client": client, "connection": connection, "kind": kind, **values}
        self.entries.append(entry)
        if self._file:
            self._file.write(json.dumps(entry, ensure_ascii=False) + "\n")

    def close(self):
        if self._file:
            self._file.close()
            self._file = None

    def of(self, kind: str) -> list[dict]:
        return [entry for entry in self.entries if entry["kind"] == kind]


def read(path: Path) -> list[dict]:
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]
