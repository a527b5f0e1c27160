"""Chat API as it is measured: on SQLite or on MariaDB with Redis, its rates off, all else as shipped."""

import contextlib
import json
from pathlib import Path

import cores
import sessions
import stored
from bench_load import source
from setups import Setup

AGENTS = 20  # Logins of staff; their sockets are shared out between them.
PASSWORD = "agents-of-a-measurement"
# Rates that people never reach and a load does. 0 is off.
OFF = {
    key: "0"
    for key in (
        "RATE_CONTACT_FRAMES_PER_SECOND", "RATE_STAFF_FRAMES_PER_SECOND", "RATE_CONTACT_MESSAGES_PER_MINUTE",
        "RATE_LOGIN_PER_MINUTE", "RATE_SESSIONS_PER_MINUTE", "RATE_REQUESTS_PER_SECOND", "LOCKOUT_FAILURES",
        "MAX_SOCKETS_PER_PRINCIPAL", "MAX_SOCKETS_PER_ADDRESS",
    )
}
MESSAGES_OF_A_PAGE = 50
NEWEST = 1_000_000_000  # Above every number of an event: a page from here is the newest.
# Of the owner's change, so that the assistant's answers are no part of the figures.
HANDOFF = '{"type":"handoff","request_id":"handoff","data":{"to":"human"}}'


def subscription(conversations: list[str], after: int | None = None) -> str:
    wanted = [{"id": each} if after is None else {"id": each, "after": after} for each in conversations]
    return json.dumps({"type": "subscribe", "request_id": "s", "data": {"conversations": wanted}})


class ChatAPI:
    """One server with its database. Starts with its `with`; `restart` keeps the data."""

    lacks = ""

    def __init__(self, binary: Path, shared: bool = False, data: Path | None = None, **environment: str):
        self.name = "Chat API, MariaDB + Redis" if shared else "Chat API, SQLite"
        self.binary, self.shared, self.data, self.environment = binary, shared, data, {**OFF, **environment}
        self._agents: list[str] = []

    def __enter__(self) -> "ChatAPI":
        if self.data:
            self.environment |= {"DATA_DIR": str(self.data), "DATABASE_URL": f"sqlite:{self.data}/chat.db"}
        with cores.of_the_system():
            self.setup = Setup(self.binary, ("A",), shared=self.shared, **self.environment)
        self.node = self.setup.nodes[0]
        return self

    def __exit__(self, *_):
        self.setup.remove()

    def stop(self):
        self.node.stop()

    def restart(self):
        with contextlib.suppress(Exception):
            self.node.stop()
        with cores.of_the_system():
            self.node.start()

    @property
    def port(self) -> int:
        return self.node.port

    @property
    def pids(self) -> list[int]:
        return list(self.setup.processes().values())

    @property
    def database(self) -> stored.Database:
        if self.setup.mariadb:
            return stored.MariaDatabase(self.setup.mariadb.port, "chat")
        return stored.SQLiteDatabase(self.node.environment["DATABASE_URL"].removeprefix("sqlite:"))

    # Whoever speaks to it

    def agents(self) -> list[str]:
        """Access tokens of agents, made at the first call."""
        if not self._agents:
            admin = self.node.token()
            for index in range(AGENTS):
                login = {"email": f"desk{index}@example.com", "password": PASSWORD}
                with contextlib.suppress(RuntimeError):  # A copied installation has them.
                    self.node.ask(
                        "POST", "/api/v1/admin/users", {**login, "name": f"Agent {index}", "role": "agent"}, admin)
                self._agents.append(self.node.ask("POST", "/api/v1/auth/login", login)["access_token"])
        return self._agents

    def customer(self, visit: sessions.Visit, index: int = 0, **more) -> dict:
        return {
            "port": self.port, "path": f"/ws/chat/{visit.id}", "headers": {"Authorization": f"Bearer {visit.token}"},
            "ready": '"type":"synced"', "source": source(index), **more,
        }

    def reader(self, conversation: str, index: int, after: int | None = None) -> dict:
        """A socket of staff that is open when it has what it subscribed to."""
        agents = self.agents()
        return {
            "port": self.port, "path": "/ws/agent",
            "headers": {"Authorization": f"Bearer {agents[index % len(agents)]}"},
            "hello": [subscription([conversation], after)], "ready": f'"conversation_id":"{conversation}"',
            "source": source(index),
        }

    def pairs(self, count: int) -> tuple[list[dict], list[dict]]:
        visits = sessions.make(self.port, count)
        self._hand_over(visits)
        return (
            [self.customer(each) for each in visits],
            [self.reader(each.conversation, index) for index, each in enumerate(visits)],
        )

    def _hand_over(self, visits: list[sessions.Visit]):
        """Conversations that people answer, and not the assistant."""
        body = b'{"to":"human"}'
        sessions.exchange(self.port, [
            f"POST /api/v1/chat/conversations/{each.conversation}/switch HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {each.token}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode() + body
            for each in visits
        ], 200)

    def fan(self, count: int) -> tuple[dict, list[dict], dict]:
        """A customer who writes, staff who read, and how the load is to recognise a delivery."""
        [visit] = sessions.make(self.port, 1)
        self._hand_over([visit])
        return self.customer(visit), [self.reader(visit.conversation, index) for index in range(count)], {}

    def idle(self, count: int) -> list[dict]:
        """Customers who say nothing. What their sessions left behind in the server's memory is not the sockets':
        it starts anew."""
        made = [self.customer(each, index) for index, each in enumerate(sessions.make(self.port, count))]
        self.restart()
        for each in made:
            each["port"] = self.port
        return made

    def requests(self, kind: str, conversations: int = 32) -> tuple[list[str], int]:
        """Templates of requests of one kind, and the status of their answers."""
        agents = self.agents()
        head = [f"Host: 127.0.0.1\r\nAuthorization: Bearer {agent}\r\n" for agent in agents]
        if kind == "read":
            return [f"GET /api/v1/users/me HTTP/1.1\r\n{each}\r\n" for each in head], 200
        visits = sessions.make(self.port, conversations)
        self._hand_over(visits)
        own = [head[index % len(head)] for index in range(conversations)]
        posts = [self._post(each.conversation, head) for each, head in zip(visits, own, strict=True)]
        if kind == "post":
            return posts, 201
        for number in range(MESSAGES_OF_A_PAGE + 10):
            sessions.exchange(self.port, [
                each.replace("{stamp}", f"f{number:019d}").replace("{index}", f"{number:010d}").encode()
                for each in posts], 201)
        return [
            f"GET /api/v1/chat/conversations/{each.conversation}/messages?before={NEWEST}&limit={MESSAGES_OF_A_PAGE}"
            f" HTTP/1.1\r\n{head}\r\n" for each, head in zip(visits, own, strict=True)], 200

    @staticmethod
    def _post(conversation: str, head: str) -> str:
        body = (
            '{"client_message_id":"{stamp}",'
            '"content":"@{stamp}@{index}@ How long does a refund take to arrive on my card?"}')
        length = len(body) + 2 * (20 - len("{stamp}")) + 10 - len("{index}")
        return (
            f"POST /api/v1/chat/conversations/{conversation}/messages HTTP/1.1\r\n{head}"
            f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}")
