"""Nodes on one private MariaDB and one private Redis, with the shipped nginx before them when a test wants it."""

import contextlib
import time
from urllib.parse import quote

import httpx

from nginx import Nginx
from processes import poll
from server import START_SECONDS, Server
from servers import MariaDB, Redis, Template

DATABASE = "chat"
USER = "chat"
PASSWORD = "p@ss:w/ö#rd%1?"  # Every character that a URL must escape.
SECRETS = {
    "JWT_SECRET": "the-same-on-every-node-and-long-enough",
    "ENCRYPTION_KEY": "as-well-the-same-on-every-node-0123456789",
}
# The old services' names for the five components, and where nginx sends their paths.
UPSTREAM_OF = {"realtime": "chat_realtime", "api": "chat_api", "admin": "chat_admin"}
COMPONENTS = ["realtime", "assistant", "api", "admin", "scheduler"]


class Node(Server):
    """One process of a cluster: the same database, Redis and secrets as the others."""

    def __init__(self, cluster: "Cluster", node_id: str, **environment: str):
        super().__init__({**cluster.environment, "NODE_ID": node_id, **environment})
        self.node_id = node_id

    def health(self) -> dict:
        """`/health` as it is now; a status of 0 when there is no answer."""
        try:
            answer = httpx.get(f"{self.base_url}/health", timeout=5, trust_env=False)
            return {"code": answer.status_code, **answer.json()}
        except (httpx.TransportError, ValueError):
            return {"code": 0, "status": "silent", "components": {}}

    def becomes(self, status: str, deadline: float = 15) -> dict:
        """Waits until `/health` says so."""
        seen = []

        def look():
            seen[:] = [self.health()]
            return seen[0] if seen[0]["status"] == status else None

        try:
            return poll(look, deadline, f"{self.node_id} {status}", every=0.1)
        except AssertionError as late:
            raise AssertionError(f"{late}; last {seen[0]}\n{self.log_tail(15)}") from None


class Cluster:
    """MariaDB, Redis and nodes, none of them started yet."""

    def __init__(
        self,
        template: Template,
        names: tuple[str, ...] = ("a", "b"),
        redis: bool = True,
        mariadb: MariaDB | None = None,
        **environment: str,
    ):
        self.mariadb = mariadb or MariaDB(template.folder())
        self.redis = Redis() if redis else None
        self.environment = {**SECRETS, "TRUSTED_PROXIES": "127.0.0.1", **environment}
        self.names = names
        self.nodes: list[Node] = []
        self.fronts: list[Nginx] = []

    @property
    def database_url(self) -> str:
        return self.mariadb.url(DATABASE, USER, quote(PASSWORD, safe=""))

    def start_servers(self):
        """MariaDB with a database for an account of its own, and Redis."""
        self.mariadb.start()
        # As an administrator would type it: no character set, which leaves latin1 as the default.
        self.mariadb.execute(f"CREATE DATABASE {DATABASE}")
        self.mariadb.execute(f"CREATE USER '{USER}'@'127.0.0.1' IDENTIFIED BY %s", PASSWORD)
        self.mariadb.execute(f"GRANT ALL ON {DATABASE}.* TO '{USER}'@'127.0.0.1'")
        self.environment["DATABASE_URL"] = self.database_url
        if self.redis:
            self.environment["REDIS_URL"] = self.redis.start().url()
        return self

    def start(self, **changes: dict[str, str]) -> "Cluster":
        """Everything; the nodes at once, so that the first one to come migrates and the others wait for it.

        `changes`: what one node has differently, by its name."""
        if not self.mariadb.running:
            self.start_servers()
        self.nodes = [Node(self, name, **changes.get(name, {})) for name in self.names]
        return self.start_nodes()

    def start_components(self) -> "Cluster":
        """Five processes, each with one component."""
        self.start_servers()
        self.nodes = [Node(self, name, COMPONENTS=name) for name in COMPONENTS]
        return self.start_nodes()

    def start_nodes(self) -> "Cluster":
        for node in self.nodes:
            node.spawn()
        for node in self.nodes:
            poll(node.healthy, START_SECONDS, f"{node.node_id} healthy")
        if self.redis:
            for node in self.nodes:
                node.becomes("healthy")
        return self

    def __getitem__(self, name: str) -> Node:
        return next(node for node in self.nodes if node.node_id == name)

    def front(self, tls: bool = False) -> Nginx:
        """nginx with the shipped configuration, before all nodes."""
        if self.nodes[0].node_id in COMPONENTS:
            made = Nginx("components.conf", {UPSTREAM_OF[name]: [self[name].port] for name in UPSTREAM_OF}, tls)
        else:
            made = Nginx("chat-api.conf", {"chat_api": [node.port for node in self.nodes]}, tls)
        self.fronts.append(made)
        return made.start()

    def execute(self, statement: str, *values) -> list[tuple]:
        return self.mariadb.execute(statement, *values, name=DATABASE)

    def damage(self) -> list[str]:
        """V9 for MariaDB: what it finds wrong with its own tables, and logs whose numbers are not 1, 2, 3 … head."""
        tables = [row[0] for row in self.execute("SHOW TABLES")]
        found = [
            str(row)
            for table in tables
            for row in self.execute(f"CHECK TABLE `{table}` EXTENDED")
            if row[2] == "error" or (row[2] == "status" and row[3] != "OK")
        ]
        found += [
            f"conversation {row[0]}: {row[1]} events from {row[2]} to {row[3]}, head {row[4]}"
            for row in self.execute(
                "SELECT e.conversation_id, count(*), min(e.seq), max(e.seq), h.head_seq FROM events e"
                " JOIN conversation_heads h ON h.conversation_id = e.conversation_id"
                " GROUP BY e.conversation_id, h.head_seq"
                " HAVING count(*) <> max(e.seq) OR min(e.seq) <> 1 OR max(e.seq) <> h.head_seq"
            )
        ]
        return found

    def remove(self):
        for each in [*self.fronts, *self.nodes, *filter(None, [self.redis]), self.mariadb]:
            with contextlib.suppress(ProcessLookupError):
                each.remove()

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *_):
        self.remove()


@contextlib.contextmanager
def frozen(process):
    """Stopped with SIGSTOP for as long as the block runs."""
    process.freeze()
    try:
        yield time.monotonic()
    finally:
        process.thaw()
