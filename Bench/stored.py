"""What a database holds after a load, read past the server: the judge of what was acknowledged."""

import contextlib
import os
import sqlite3
import subprocess
from pathlib import Path

import setups  # noqa: F401  Finds what the tests have.
from processes import program

# Of the messages that the load sent, known by their form `@stamp@index@`; what a history was filled with has no number
# for a stamp. A sender's stamps rise, so within a conversation a lower one behind a higher one was stored out of order.
SENT = "content LIKE '@____________________@__________@%' AND client_message_id < 'a'"
COUNT = f"SELECT COUNT(*), COUNT(DISTINCT client_message_id) FROM messages WHERE {SENT}"
DISORDER = f"""SELECT COUNT(*) FROM (SELECT client_message_id AS stamp,
    LAG(client_message_id) OVER (PARTITION BY conversation_id, sender_kind, sender_id ORDER BY seq) AS earlier
    FROM messages WHERE {SENT}) AS sent WHERE stamp <= earlier"""
# Of conversations with such messages: events are numbered 1, 2, 3 … up to the head.
GAPS = f"""SELECT COUNT(*) FROM (SELECT events.conversation_id FROM events
    JOIN conversation_heads ON conversation_heads.conversation_id = events.conversation_id
    WHERE events.conversation_id IN (SELECT conversation_id FROM messages WHERE {SENT})
    GROUP BY events.conversation_id, head_seq
    HAVING MIN(seq) <> 1 OR MAX(seq) <> COUNT(*) OR MAX(seq) <> head_seq) AS holes"""
# Their messages stand under the number of their event.
STRAYS = f"""SELECT COUNT(*) FROM messages LEFT JOIN events ON events.conversation_id = messages.conversation_id
    AND events.seq = messages.seq AND events.message_id = messages.id WHERE {SENT} AND events.id IS NULL"""


class Database:
    def numbers(self, statement: str) -> list[int]:
        """The one row of its answer."""
        raise NotImplementedError

    def faults(self, acknowledged: int, uncounted: int = 0, is_ordered: bool = True) -> list[str]:
        """What is wrong with the history after so many acknowledged messages of the load; nothing, if all is well.
        At most `uncounted` more were under way when the load stopped counting. Requests on several connections have no
        order among each other."""
        found = []
        stored, distinct = self.numbers(COUNT)
        if not acknowledged <= stored <= acknowledged + uncounted:
            found.append(f"{acknowledged} messages were acknowledged and {stored} are stored")
        if distinct != stored:
            found.append(f"{stored - distinct} messages are stored more than once")
        for statement, what in (
            *([(DISORDER, "messages are stored out of the order of their sending")] if is_ordered else []),
            (GAPS, "conversations have a hole in their numbers"),
            (STRAYS, "messages have no event of their number"),
        ):
            [count] = self.numbers(statement)
            if count:
                found.append(f"{count} {what}")
        return found


class SQLiteDatabase(Database):
    def __init__(self, path: str):
        self.path = Path(path)

    def numbers(self, statement: str) -> list[int]:
        with contextlib.closing(sqlite3.connect(self.path)) as connection:
            return list(connection.execute(statement).fetchone())


class MariaDatabase(Database):
    def __init__(self, port: int, name: str):
        self.port, self.name = port, name

    def numbers(self, statement: str) -> list[int]:
        done = subprocess.run(
            [program("mariadb"), "--no-defaults", "--protocol=tcp", "--host=127.0.0.1", f"--port={self.port}",
             "--user=root", "--skip-ssl", "--batch", "--skip-column-names", self.name, "--execute", statement],
            capture_output=True, text=True, env={**os.environ, "MYSQL_PWD": ""})
        if done.returncode:
            raise RuntimeError(f"mariadb: {done.stderr}")
        return [int(each) for each in done.stdout.split()]
