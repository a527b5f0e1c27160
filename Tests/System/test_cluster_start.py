"""Starting on MariaDB and Redis that are wrong, away, late, of another kind or of another time."""

import contextlib
import socket
import threading
import time

import pytest

from api import Api, admin, expect
from cluster import DATABASE, PASSWORD, SECRETS, USER, Cluster, Node
from processes import free_port, poll
from server import Server
from servers import MariaDB, Redis

UNREACHABLE_SECONDS = 30  # Contract, "Configuration": a database out of reach is retried for so long.
REFUSED, UNAVAILABLE = 78, 69


@pytest.fixture(scope="module")
def cluster(template):
    with Cluster(template) as made:
        yield made.start_servers()


class Talker:
    """A server that speaks something else: it says its piece and reads what comes."""

    def __init__(self, greeting: bytes, answer: bytes = b""):
        self.greeting = greeting
        self.answer = answer
        self.ended = False

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended = True
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        self.thread.join(5)
        self.listener.close()

    def _serve(self):
        while not self.ended:
            connection, _ = self.listener.accept()
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket):
        with connection, contextlib.suppress(OSError):
            connection.settimeout(30)
            connection.sendall(self.greeting)
            while connection.recv(65536):
                connection.sendall(self.answer)


HTTP = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
SSH = b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"


def refused(node: Server, code: int = REFUSED, **changes: str) -> str:
    """The one line with which a start ends; no secret stands in it."""
    began = time.monotonic()
    done = node.run("serve", **changes)
    took = time.monotonic() - began
    said = done.stderr + done.stdout
    assert done.returncode == code, (done.returncode, said[-1500:])
    lines = [line for line in said.splitlines() if line.strip() and not line.startswith("{")]
    assert len(lines) == 1, lines
    for secret in (PASSWORD, "wrong-password", "p%40ss", *SECRETS.values()):
        assert secret not in said, f"a secret is printed: {said}"
    assert code != REFUSED or took < 15, f"said after {took:.1f} s"
    return lines[0]


@pytest.fixture
def node(cluster):
    made = Node(cluster, "n")
    yield made
    made.remove()


# Wrong values


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("DATABASE_URL", "mysql://"),
        ("DATABASE_URL", "mysql://chat@127.0.0.1:3306"),
        ("DATABASE_URL", "mysql://chat@127.0.0.1:3306/"),
        ("DATABASE_URL", "mysql://chat@127.0.0.1:99999/chat"),
        ("DATABASE_URL", "mysql://chat@127.0.0.1:3306/chat?nonsense=1"),
        ("DATABASE_URL", "mysql://ch%zzat@127.0.0.1:3306/chat"),
        ("DATABASE_URL", "mysqlx://chat@127.0.0.1/chat"),
        ("REDIS_URL", "redis://"),
        ("REDIS_URL", "redis:/127.0.0.1"),
        ("REDIS_URL", "redis://127.0.0.1:99999/0"),
        ("REDIS_URL", "redis://127.0.0.1:6379/many"),
        ("REDIS_URL", "redis://127.0.0.1:6379/-1"),
        ("REDIS_URL", "http://127.0.0.1:6379"),
        ("REDIS_URL", "127.0.0.1:6379"),
    ],
)
def test_a_wrong_address(node, key, value):
    assert key in refused(node, **{key: value})


@pytest.mark.parametrize("key", ["JWT_SECRET", "ENCRYPTION_KEY"])
def test_secrets_are_required_with_mysql(node, key):
    """Each node would make its own, and none would believe the others' tokens."""
    del node.environment[key]
    assert key in refused(node)


def test_a_wrong_password(node, cluster):
    line = refused(node, DATABASE_URL=cluster.mariadb.url(DATABASE, USER, "wrong-password"))
    assert "DATABASE_URL" in line


def test_an_unknown_user(node, cluster):
    assert "DATABASE_URL" in refused(node, DATABASE_URL=cluster.mariadb.url(DATABASE, "stranger", "wrong-password"))


def test_a_database_that_the_user_may_not_make(node, cluster):
    url = cluster.database_url.removesuffix(f"/{DATABASE}") + "/nowhere"
    assert "DATABASE_URL" in refused(node, DATABASE_URL=url)


@pytest.mark.parametrize("rights", ["SELECT", "SELECT, INSERT, UPDATE, DELETE"])
def test_missing_rights(node, cluster, rights):
    """On an empty database the user may not make tables: said at the start, not in the middle of the night."""
    name = "poor" + str(len(rights))
    cluster.mariadb.execute(f"CREATE DATABASE {name}")
    cluster.mariadb.execute(f"CREATE USER '{name}'@'127.0.0.1' IDENTIFIED BY 'wrong-password'")
    cluster.mariadb.execute(f"GRANT {rights} ON {name}.* TO '{name}'@'127.0.0.1'")
    assert "DATABASE_URL" in refused(node, DATABASE_URL=cluster.mariadb.url(name, name, "wrong-password"))


def test_rights_that_were_taken_away(cluster, template):
    """The schema is there, and this user may only read it."""
    with Cluster(template, names=("a",)) as own:
        own.start()
        own["a"].stop()
        own.mariadb.execute("CREATE USER 'reader'@'127.0.0.1' IDENTIFIED BY 'wrong-password'")
        own.mariadb.execute(f"GRANT SELECT ON {DATABASE}.* TO 'reader'@'127.0.0.1'")
        line = refused(own["a"], DATABASE_URL=own.mariadb.url(DATABASE, "reader", "wrong-password"))
        assert "DATABASE_URL" in line


@pytest.mark.parametrize("greeting", [HTTP, SSH, b"", b"\x00" * 64, b"-ERR unknown command\r\n"])
def test_a_database_that_speaks_another_protocol(node, greeting):
    with Talker(greeting, HTTP) as talker:
        url = f"mysql://chat:wrong-password@127.0.0.1:{talker.port}/chat"
        # One that says nothing at all may be a slow server: it is retried like one that is away.
        done = node.run("serve", DATABASE_URL=url) if greeting == b"" else None
        if done:
            assert done.returncode in (REFUSED, UNAVAILABLE), done.stderr
        else:
            assert "DATABASE_URL" in refused(node, DATABASE_URL=url)


def test_redis_as_a_database_and_a_database_as_redis(node, cluster):
    url = f"mysql://chat:wrong-password@127.0.0.1:{cluster.redis.port}/chat"
    assert "DATABASE_URL" in refused_or_away(node, DATABASE_URL=url)
    assert "REDIS_URL" in refused(node, REDIS_URL=f"redis://127.0.0.1:{cluster.mariadb.port}/0")


def refused_or_away(node: Server, **changes: str) -> str:
    """Redis waits for the client to speak, as the database does for the server's greeting: it looks like one away."""
    done = node.run("serve", **changes)
    assert done.returncode in (REFUSED, UNAVAILABLE), (done.returncode, done.stderr)
    return done.stderr + done.stdout


@pytest.mark.parametrize("answer", [HTTP, SSH, b"\x00" * 64])
def test_a_redis_that_speaks_another_protocol(node, answer):
    with Talker(b"", answer) as talker:
        assert "REDIS_URL" in refused(node, REDIS_URL=f"redis://127.0.0.1:{talker.port}/0")


def test_redis_passwords(node, cluster):
    with Redis(("--requirepass", "right password")) as guarded:
        guarded.start()
        for url in (
            guarded.url(),
            guarded.url(password="wrong-password"),
            guarded.url(user="nobody", password="wrong-password"),
        ):
            assert "REDIS_URL" in refused(node, REDIS_URL=url)
        node.start(REDIS_URL=guarded.url(password="right%20password"))
        node.becomes("healthy")
        assert "right" not in node.logs()


def test_a_redis_database_that_does_not_exist(node, cluster):
    assert "REDIS_URL" in refused(node, REDIS_URL=cluster.redis.url(database=99))


def test_a_user_of_redis_with_rights_to_what_is_needed(node, cluster):
    """ACL: an account of its own, as documented."""
    with Redis() as redis:
        redis.start()
        rights = ("~*", "&*", "+@connection", "+@pubsub", "+@read", "+@write")  # docs/operations.md
        assert redis.ask("ACL", "SETUSER", "chat", "on", ">secret-password", *rights) == "OK"
        node.start(REDIS_URL=redis.url(user="chat", password="secret-password"))
        node.becomes("healthy")


def test_a_user_of_redis_without_rights(node):
    with Redis() as redis:
        redis.start()
        assert redis.ask("ACL", "SETUSER", "poor", "on", ">wrong-password", "-@all", "+ping") == "OK"
        done = refused(node, REDIS_URL=redis.url(user="poor", password="wrong-password"))
        assert "REDIS_URL" in done


# Of another time


def test_a_database_of_a_newer_version(template):
    with Cluster(template, names=("a",)) as own:
        own.start()
        own["a"].stop()
        columns = [row[0] for row in own.execute("SHOW COLUMNS FROM schema_versions")]
        (highest,) = own.execute("SELECT * FROM schema_versions ORDER BY version DESC LIMIT 1")
        later = {**dict(zip(columns, highest, strict=True)), "version": 9999}
        marks = ", ".join(["%s"] * len(columns))
        own.execute(f"INSERT INTO schema_versions ({', '.join(columns)}) VALUES ({marks})", *later.values())
        line = refused(own["a"])
        assert "DATABASE_URL" in line or "newer" in line, line


def test_a_foreign_database_is_left_alone(node, cluster):
    """Tables of some other program: nothing of ours is made among them, or at least nothing of theirs is changed."""
    cluster.mariadb.execute("CREATE DATABASE foreigners")
    cluster.mariadb.execute(f"GRANT ALL ON foreigners.* TO '{USER}'@'127.0.0.1'")
    cluster.mariadb.execute("CREATE TABLE foreigners.users (id INT PRIMARY KEY, note TEXT)")
    cluster.mariadb.execute("INSERT INTO foreigners.users VALUES (1, 'not yours')")
    url = cluster.database_url.removesuffix(f"/{DATABASE}") + "/foreigners"
    done = node.run("serve", DATABASE_URL=url)
    assert done.returncode == REFUSED, (done.returncode, done.stderr)
    assert cluster.mariadb.execute("SELECT * FROM foreigners.users") == [(1, "not yours")]


# Away at the start


@pytest.mark.slow
def test_a_database_that_stays_away(node):
    """69 after 30 s, with one line."""
    began = time.monotonic()
    line = refused(node, UNAVAILABLE, DATABASE_URL=f"mysql://chat:wrong-password@127.0.0.1:{free_port()}/chat")
    assert UNREACHABLE_SECONDS - 2 <= time.monotonic() - began <= UNREACHABLE_SECONDS + 10
    assert "DATABASE_URL" in line or "database" in line, line


def test_a_database_that_comes_late(template):
    with Cluster(template, names=("a",)) as own:
        own.start_servers()
        own.mariadb.stop()
        node = Node(own, "a")
        own.nodes = [node]
        node.spawn()
        # It has tried at least once: what it says about that is in its log.
        poll(lambda: node.logs(), 10, "a word about the database that is away", every=0.1)
        assert node.running
        own.mariadb.start()
        node.becomes("healthy", 20)


def test_redis_that_comes_late(template):
    """Degraded until it comes; chat goes on meanwhile."""
    with Cluster(template, names=("a",)) as own:
        own.start_servers()
        own.redis.stop()
        node = Node(own, "a")
        own.nodes = [node]
        node.start()
        health = node.becomes("degraded")
        assert health["code"] == 200 and health["components"]["redis"]["status"] == "unhealthy", health
        public = Api(node.base_url)
        visit = public.visit()
        public.caller(visit.token).switch(visit.conversation_id, "human")
        expect(
            public.caller(visit.token).post(
                f"chat/conversations/{visit.conversation_id}/messages", {"content": "without Redis"}
            ),
            201,
        )
        own.redis.start()
        node.becomes("healthy", 20)
        assert admin(node).messages(visit.conversation_id)[-1]["content"] == "without Redis"


def test_two_nodes_of_one_name(cluster, template):
    """A name is one process's: the second one is refused, or the first one's leases would be its own."""
    with Cluster(template, names=("a",)) as own:
        own.start()
        twin = Node(own, "a")
        try:
            done = twin.run("serve")
            assert done.returncode in (REFUSED, 73), (done.returncode, done.stderr)
        finally:
            twin.remove()
        own["a"].kill()
        own["a"].start()  # The same name again, right after a kill -9.


def test_a_node_without_redis_serves_alone(template):
    """MySQL without Redis: nodes find each other's events by polling, or say that they need it."""
    with Cluster(template, names=("a",), redis=False) as own:
        own.start()
        health = own["a"].becomes("healthy")
        assert health["components"]["redis"]["status"] == "disabled", health


def test_other_verbs_on_mysql(cluster):
    """migrate, doctor, workspace and user, beside a node and without one."""
    cluster.mariadb.execute("CREATE DATABASE verbs")
    cluster.mariadb.execute(f"GRANT ALL ON verbs.* TO '{USER}'@'127.0.0.1'")
    node = Node(cluster, "v", DATABASE_URL=cluster.database_url.removesuffix(f"/{DATABASE}") + "/verbs")
    try:
        for arguments in (("migrate",), ("workspace", "create", "--slug", "early", "--name", "Early"), ("doctor",)):
            done = node.run(*arguments)
            assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        node.start()
        for arguments in (("migrate",), ("workspace", "create", "--slug", "late", "--name", "Late"), ("doctor",)):
            done = node.run(*arguments)
            assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        # From a machine that is no node: its own folder, the same database.
        visitor = Node(cluster, "w", DATABASE_URL=node.environment["DATABASE_URL"])
        person = ["--email", "amy@example.com", "--name", "Amy", "--role", "agent", "--password-stdin"]
        done = visitor.run("user", "create", *person, input="a-long-password\n")
        visitor.remove()
        assert done.returncode == 0, (done.stdout, done.stderr)
        Api(node.base_url).login("amy@example.com", "a-long-password")
    finally:
        node.remove()


def test_an_old_mariadb_or_odd_settings_do_not_matter(template):
    """The server's own defaults are not the server's we need: latin1, REPEATABLE READ, another zone, no strict mode."""
    options = (
        "--character-set-server=latin1",
        "--transaction-isolation=SERIALIZABLE",
        "--default-time-zone=+09:00",
        "--sql-mode=",
        "--lower-case-table-names=1",
    )
    mariadb = MariaDB(template.folder(), options=options)
    with Cluster(template, names=("a",), mariadb=mariadb) as own:
        own.start()
        public = Api(own["a"].base_url)
        visit = public.visit()
        public.caller(visit.token).switch(visit.conversation_id, "human")
        said = public.caller(visit.token).say(visit.conversation_id, "表情 😀")
        assert abs(time.time() - _seconds(said["created_at"])) < 60
        assert public.caller(visit.token).messages(visit.conversation_id)[-1]["content"] == "表情 😀"


def _seconds(text: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(text).timestamp()
