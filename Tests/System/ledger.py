"""Reads the end state that the checker compares with: over HTTP, page by page, as staff."""

import sqlite3
from pathlib import Path

from api import Api
from checker import Ledger


def ledger(staff: Api, conversation: str) -> Ledger:
    events, head = staff.by_seq(f"chat/conversations/{conversation}/events")
    messages, _ = staff.by_seq(f"chat/conversations/{conversation}/messages")
    return Ledger(conversation, head, events, messages)


def integrity(database: Path) -> str:
    """V9: `ok` when SQLite finds its own file whole. Only for a file that no server holds."""
    connection = sqlite3.connect(database)
    try:
        return "; ".join(row[0] for row in connection.execute("PRAGMA integrity_check"))
    finally:
        connection.close()
