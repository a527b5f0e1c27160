"""Makes the tables and fills them: one agent, conversations, and as many messages as are asked for in all.

DATABASE_URL=… JWT_SECRET=… python seed.py CONVERSATIONS MESSAGES
"""

import asyncio
import os
import sys
from datetime import timedelta

from database import Database
from sqlalchemy import insert
from tables import Conversation, Message, User, now

# Rows of one statement.
LOT = 1000
# Those of an administrator of Chat API.
PERMISSIONS = (
    "ai:read ai:use ai:write api_keys:read api_keys:write audit:read contacts:delete contacts:read contacts:write "
    "conversations:read conversations:write events:read inboxes:read inboxes:write knowledge:read knowledge:write "
    "messages:manage messages:write notices:write roles:read roles:write sessions:read sessions:write settings:read "
    "settings:write stats:read teams:read teams:write users:read users:write"
).split()


def conversation_id(index: int) -> str:
    return f"cnv_{index:026}"


def conversation(index: int, last_seq: int) -> dict:
    at = now()
    return {
        "id": conversation_id(index),
        "contact_id": f"con_{index:026}",
        "status": "open",
        "last_seq": last_seq,
        "created_at": at,
        "updated_at": at,
    }


def message(number: int, conversations: int) -> dict:
    index, seq = number % conversations, number // conversations + 1
    return {
        "id": f"msg_{number:026}",
        "conversation_id": conversation_id(index),
        "seq": seq,
        "sender_kind": "contact",
        "sender_id": f"con_{index:026}",
        "sender_name": None,
        "type": "text",
        "status": "sent",
        "content": f"@{number:020}@{seq:010}@ How long does a refund take to arrive on my card?",
        "client_message_id": f"seed-{number}",
        "created_at": now() - timedelta(days=1),
    }


async def fill(conversations: int, messages: int):
    database = Database(os.environ["DATABASE_URL"])
    await database.create_tables()
    async with database.engines[0].begin() as connection:
        at = now()
        await connection.execute(
            insert(User).values(
                id=f"usr_{1:026}",
                email="admin@chatapi.com",
                name="Admin",
                role="admin",
                status="active",
                permissions=PERMISSIONS,
                created_at=at,
                last_login_at=at,
            )
        )
    whole, rest = divmod(messages, conversations)
    rows = [(Conversation, (conversation(each, whole + (each < rest)) for each in range(conversations)))]
    rows.append((Message, (message(each, conversations) for each in range(messages))))
    for table, values in rows:
        lot: list[dict] = []
        for each in values:
            lot.append(each)
            if len(lot) == LOT:
                await store(database, table, lot)
                lot = []
        if lot:
            await store(database, table, lot)
    await database.close()


async def store(database: Database, table, lot: list[dict]):
    async with database.engines[0].begin() as connection:
        await connection.execute(insert(table), lot)


if __name__ == "__main__":
    asyncio.run(fill(int(sys.argv[1]), int(sys.argv[2])))
