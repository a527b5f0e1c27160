"""Engines and their pools, and the transaction that stores a message."""

import uuid

from sqlalchemy import event, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from tables import Base, Conversation, Message, now
from tokens import Principal

# Connections of one worker to MySQL: enough for commits to share a flush, and few enough that they do not queue there.
POOL_SIZE = 20
# SQLite has one writer: writes wait for its connection in the pool, and not for a lock of the file.
SQLITE_READERS = 4


class NotFound(Exception):
    """There is no such conversation."""


class Database:
    def __init__(self, url: str):
        if url.startswith("sqlite"):
            self.engines = [self._sqlite(url, 1), self._sqlite(url, SQLITE_READERS)]
        else:
            # READ COMMITTED takes no locks on gaps, which inserts of others would wait for.
            self.engines = [
                create_async_engine(
                    url, pool_size=POOL_SIZE, max_overflow=0, pool_recycle=1800, isolation_level="READ COMMITTED"
                )
            ]
        self.write = async_sessionmaker(self.engines[0], expire_on_commit=False)
        self.read = async_sessionmaker(self.engines[-1], expire_on_commit=False)

    def _sqlite(self, url: str, connections: int) -> AsyncEngine:
        engine = create_async_engine(url, pool_size=connections, max_overflow=0, connect_args={"timeout": 30})

        @event.listens_for(engine.sync_engine, "connect")
        def configure(connection, _):
            cursor = connection.cursor()
            for each in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
                cursor.execute(f"PRAGMA {each}")
            cursor.close()

        return engine

    async def create_tables(self):
        async with self.engines[0].begin() as connection:
            await connection.run_sync(Base.metadata.create_all)

    async def close(self):
        for each in self.engines:
            await each.dispose()

    async def append(
        self, conversation_id: str, sender: Principal, content: str, client_message_id: str
    ) -> tuple[Message, bool]:
        """The message once it is committed, and whether it had been sent before."""
        try:
            async with self.write() as session, session.begin():
                conversation = await session.get(Conversation, conversation_id, with_for_update=True)
                if conversation is None:
                    raise NotFound
                at = now()
                conversation.last_seq += 1
                conversation.updated_at = at
                message = Message(
                    id="msg_" + uuid.uuid4().hex[:26],
                    conversation_id=conversation_id,
                    seq=conversation.last_seq,
                    sender_kind=sender.kind,
                    sender_id=sender.id,
                    sender_name=sender.name,
                    type="text",
                    status="sent",
                    content=content,
                    client_message_id=client_message_id,
                    created_at=at,
                )
                session.add(message)
            return message, False
        except IntegrityError:
            async with self.read() as session:
                return (await session.scalars(self._sent(session, conversation_id, client_message_id))).one(), True

    def _sent(self, session: AsyncSession, conversation_id: str, client_message_id: str):
        return select(Message).where(
            Message.conversation_id == conversation_id, Message.client_message_id == client_message_id
        )

    async def page(self, conversation_id: str, limit: int) -> list[Message]:
        """The newest, oldest first."""
        async with self.read() as session:
            newest = select(Message).where(Message.conversation_id == conversation_id)
            found = await session.scalars(newest.order_by(Message.seq.desc()).limit(limit))
            return list(found)[::-1]

    async def heads(self, ids: list[str]) -> dict[str, int]:
        """The newest number of each of these conversations that exists."""
        async with self.read() as session:
            found = await session.execute(
                select(Conversation.id, Conversation.last_seq).where(Conversation.id.in_(ids))
            )
            return {identifier: seq for identifier, seq in found}
