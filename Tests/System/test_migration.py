"""Moving up: an installation on SQLite is copied into MariaDB, two nodes serve it there, and its clients just go on."""

import asyncio
import contextlib
import hashlib
import sqlite3
import subprocess

import pytest

import artifacts
from api import Api, admin, expect
from client import Socket
from cluster import PASSWORD, SECRETS, Cluster, Node
from ledger import integrity
from processes import die_with_parent, poll
from server import START_SECONDS, Server, binary
from traffic import Traffic

DIFFERENT, USAGE, REFUSED, UNREACHABLE, HELD, WRONG = 1, 64, 65, 69, 73, 78
OF_PROCESSES = {"leases", "nodes"}  # They belong to what runs, and are not copied.
HARD = ["😀👩‍👩‍👧‍👦", "𠮷野家", "好" * 16_000, "'; DROP TABLE messages; --", "a\\", "  spaces  ", "e\u0301 é", "\u2028"]


@pytest.fixture
def old():
    """A server on SQLite with the secrets that the nodes will have, whatever the other tests run on."""
    with Server(SECRETS) as made:
        made.environment["DATABASE_URL"] = f"sqlite:{made.database}"
        made.environment.pop("REDIS_URL", None)
        yield made.start()


@pytest.fixture
def cluster(template):
    """MariaDB with an empty database, Redis, and two nodes that are not started yet."""
    with Cluster(template) as made:
        made.start_servers()
        made.nodes = [Node(made, name) for name in made.names]
        yield made


def arguments(old: Server, cluster: Cluster) -> list[str]:
    return ["migrate", "--from", f"sqlite:{old.database}", "--to", cluster.database_url]


def migrate(old: Server, cluster: Cluster) -> str:
    """Copies; what it printed."""
    done = old.run(*arguments(old, cluster))
    assert done.returncode == 0, done.stdout + done.stderr
    assert PASSWORD not in done.stdout + done.stderr
    return done.stdout


def refused(done: subprocess.CompletedProcess, code: int) -> str:
    """The one line with which a command ends that does nothing."""
    assert done.returncode == code, (done.returncode, done.stdout + done.stderr)
    lines = [line for line in (done.stderr + done.stdout).splitlines() if line and not line.startswith("{")]
    assert len(lines) == 1 and lines[0].startswith("chat-api: "), lines
    assert PASSWORD not in lines[0]
    return lines[0]


def tables(database) -> list[str]:
    with contextlib.closing(sqlite3.connect(database)) as file:
        found = file.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        return sorted(row[0] for row in found if row[0] not in OF_PROCESSES)


def rows_of_file(database, table: str) -> tuple[list[str], list[tuple]]:
    """Columns and rows, texts as bytes."""
    with contextlib.closing(sqlite3.connect(database)) as file:
        file.text_factory = bytes
        found = file.execute(f"SELECT * FROM {table}")
        return [column[0] for column in found.description], sorted(found.fetchall(), key=repr)


def digest(database) -> str:
    """Of everything that a file holds."""
    content = [rows_of_file(database, table) for table in [*tables(database), *OF_PROCESSES]]
    return hashlib.sha256(repr(content).encode()).hexdigest()


def differences(database, cluster: Cluster) -> list[str]:
    """Tables that the file and MariaDB do not hold alike, byte for byte."""
    found = []
    for table in tables(database):
        columns, rows = rows_of_file(database, table)
        copied = [
            tuple(value.encode() if isinstance(value, str) else value for value in row)
            for row in cluster.execute(f"SELECT {', '.join(columns)} FROM {table}")
        ]
        if rows != sorted(copied, key=repr):
            found.append(f"{table}: {len(rows)} and {len(copied)} rows")
    return found


async def healthy(cluster: Cluster):
    for node in cluster.nodes:
        node.spawn()
    for node in cluster.nodes:
        await asyncio.to_thread(poll, node.healthy, START_SECONDS, f"{node.node_id} healthy")


# The story


@pytest.mark.parametrize("ending", ["stopped", "killed"])
async def test_people_talk_on_over_the_move(old, cluster, ending):
    """Nothing acknowledged is lost, nothing comes twice or out of order, seen by clients who talk before and after."""
    talk = Traffic(Api(old.base_url), admin(old), path=artifacts.FOLDER / f"move-{ending}-history.jsonl")
    a, b = cluster.nodes
    await talk.hire(old, b, a)
    for number in range(3):
        await talk.customer(f"customer{number}", old, a, b)
    await talk.customer("asker", old, b, a, human=False)
    talk.start()
    await talk.until_acknowledged(100)
    if ending == "killed":
        old.kill()
    else:
        assert await asyncio.to_thread(old.stop) == 0
    before = talk.acknowledged

    said = await asyncio.to_thread(migrate, old, cluster)
    assert integrity(old.database) == "ok"
    assert differences(old.database, cluster) == []
    for table in tables(old.database):
        count = len(rows_of_file(old.database, table)[1])
        assert f"copied    {table}: {count} of {count}\n" in said
        assert f"verified  {table}: {count}, sha256 " in said

    await healthy(cluster)
    await talk.until_acknowledged(100)
    await talk.settle()
    talk.staff = Api(b.base_url, talk.staff.token)
    talk.verdict()
    assert talk.acknowledged > before
    opened = [entry for entry in talk.history.entries if entry["kind"] == "opened"]
    assert len({entry["epoch"] for entry in opened}) == 1, "the log has another epoch"
    assert cluster.damage() == [], talk.seed


async def test_clients_resume_and_everything_is_as_it_was(old, cluster):
    public, staff = Api(old.base_url), admin(old)
    login = public.login()
    visit = public.visit(locale="zh", contact={"name": "张伟 😀"}, metadata={"page": "/价格"})
    contact = public.caller(visit.token)
    contact.switch(visit.conversation_id, "human")
    for number, text in enumerate(HARD):
        contact.say(visit.conversation_id, text, client_message_id=f"hard-{number}")
    staff.say(visit.conversation_id, "only for us", type="note")
    expect(staff.patch(f"chat/conversations/{visit.conversation_id}", {"labels": ["vip", "VIP", "退款"]}), 200)
    async with await Socket.bare(old, visit) as customer:
        ready = await customer.hello(visit.token)
        await customer.expect("synced")
        first = await customer.say("the last that it saw", "seen")
    missed = [staff.say(visit.conversation_id, f"missed {number}")["seq"] for number in range(7)]

    def state(staff: Api) -> dict:
        return {
            "conversation": {**staff.conversation(visit.conversation_id), "unread": None},
            "events": staff.events(visit.conversation_id),
            "messages": staff.messages(visit.conversation_id),
            "conversations": sorted(each["id"] for each in staff.listed("chat/conversations")),
            "contacts": staff.listed("contacts"),
            "articles": sorted((each["id"], each["title"]) for each in staff.listed("admin/knowledge/articles")),
            "me": {**expect(staff.get("users/me"), 200), "last_login_at": None},
        }

    before = state(staff)
    assert old.stop() == 0
    content = digest(old.database)
    migrate(old, cluster)
    assert digest(old.database) == content, "the file was changed"
    await healthy(cluster)
    a, b = cluster.nodes

    # Tokens from before hold, and show what they showed.
    for node in cluster.nodes:
        assert state(Api(node.base_url, staff.token)) == before, node.node_id
    renewed = expect(Api(b.base_url).post("auth/refresh", {"refresh_token": login["refresh_token"]}), 200)
    staff = Api(b.base_url, renewed["access_token"])

    # The customer comes back with what it knew, and gets what it missed and nothing else.
    async with await Socket.bare(a, visit) as customer:
        back = await customer.hello(visit.token, {"epoch": ready["epoch"], "seq": first["seq"]})
        assert back["epoch"] == ready["epoch"] and back["mode"] == "replay"
        await customer.expect("synced")
        assert [frame["seq"] for frame in customer.durable] == missed
        again = await customer.say("the last that it saw", "seen")
        assert again["duplicate"] and (again["seq"], again["message_id"]) == (first["seq"], first["message_id"])
        async with await Socket.agent(b, staff.token) as agent:
            await agent.expect("synced")
            await agent.subscribe(visit.conversation_id)
            new = await customer.say("and on it goes", "new")
            heard = await agent.expect("message.created", lambda frame: frame["seq"] == new["seq"])
            assert not new["duplicate"] and new["seq"] == missed[-1] + 1
            assert heard["data"]["message"]["id"] not in [each["id"] for each in before["messages"]]
    assert admin(a).conversation(visit.conversation_id)["head_seq"] == new["seq"]


# Interruptions


def fill(old: Server, count: int):
    """Some thousand messages behind one that a client sent, and the server stopped."""
    public = Api(old.base_url)
    for _ in range(20):
        visit = public.visit()
        contact = public.caller(visit.token)
        contact.switch(visit.conversation_id, "human")
        contact.say(visit.conversation_id, "hello 你好", client_message_id="first")
    assert old.stop() == 0
    with contextlib.closing(sqlite3.connect(old.database)) as file, file:
        (workspace, conversation, contact, top, head) = file.execute(
            "SELECT m.workspace_id, m.conversation_id, m.sender_id, (SELECT max(id) FROM messages), h.head_seq"
            " FROM messages m JOIN conversation_heads h ON h.conversation_id = m.conversation_id"
            " WHERE m.sender_kind = 'contact' LIMIT 1"
        ).fetchone()
        for number in range(1, count + 1):
            file.execute(
                "INSERT INTO messages (id, workspace_id, conversation_id, seq, sender_kind, sender_id, kind, content,"
                " status, created_at) VALUES (?, ?, ?, ?, 'contact', ?, 'text', ?, 'sent', 1)",
                (top + number, workspace, conversation, head + number, contact, f"message {number} " + "字" * 40),
            )
            file.execute(
                "INSERT INTO events (workspace_id, conversation_id, seq, kind, actor_kind, actor_id, message_id,"
                " created_at) VALUES (?, ?, ?, 'message.created', 'contact', ?, ?, 1)",
                (workspace, conversation, head + number, contact, top + number),
            )
        file.execute(
            "UPDATE conversation_heads SET head_seq = ?, last_message_id = ?, last_visible_message_id = ?"
            " WHERE conversation_id = ?",
            (head + count, top + count, top + count, conversation),
        )


def killed_behind(old: Server, cluster: Cluster, line: str) -> bool:
    """Whether the copy was killed, with -9 and as soon as it printed this, before it was done."""
    process = subprocess.Popen(
        [str(binary()), *arguments(old, cluster)],
        cwd=old.directory,
        env=old.environment,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent,
    )
    with process:
        for printed in process.stdout:
            if printed.startswith(line):
                process.kill()
        return process.wait() == -9


async def test_a_copy_that_is_killed_is_simply_run_again(old, cluster):
    fill(old, 6000)
    for line in ["copied    users", "copied    conversation_heads", "copied    messages", "verified  installation"]:
        assert killed_behind(old, cluster, line), line
        assert cluster.execute("SELECT 1 FROM installation WHERE name = 'unfinished_copy'")
        # Nobody serves what is not whole, and no other verb works on it.
        for verb in (["serve"], ["migrate"], ["user", "create", "--email", "a@b.c", "--name", "A", "--role", "agent"]):
            done = cluster["a"].run(*verb, CHAT_API_PASSWORD="a-long-password")
            assert "was not completed" in refused(done, WRONG)
    # In between the old server may be used once more.
    visit = Api(old.start().base_url).visit()
    Api(old.base_url, visit.token).say(visit.conversation_id, "in between")
    assert old.stop() == 0
    said = migrate(old, cluster)
    assert said.startswith("going on with the copy that was interrupted\n")
    assert differences(old.database, cluster) == []
    await healthy(cluster)
    assert len(admin(cluster["a"]).messages(visit.conversation_id)) >= 1
    assert cluster.damage() == []


# What is refused


def test_what_cannot_be_copied_is_refused_in_one_line(old, cluster):
    run = old.run
    ok = arguments(old, cluster)
    assert f"held by process {old.pid}" in refused(run(*ok), HELD)
    assert old.stop() == 0

    where = old.directory / "none.db"
    assert str(where) in refused(run("migrate", "--from", f"sqlite:{where}", *ok[3:]), UNREACHABLE)
    where.write_bytes(b"no database at all" * 1000)
    refused(run("migrate", "--from", f"sqlite:{where}", *ok[3:]), UNREACHABLE)
    where.write_bytes(b"")
    assert "holds no installation" in refused(run("migrate", "--from", f"sqlite:{where}", *ok[3:]), REFUSED)
    wrong = ok[4].replace(":p", ":x")
    assert "Access denied" in refused(run(*ok[:4], wrong), WRONG)
    refused(run(*ok[:4], "mysql://chat@127.0.0.1:1/chat"), UNREACHABLE)
    for bad in (ok[:2] + ["mysql://a@b/c", *ok[3:]], [*ok[:4], "sqlite:other.db"], ok[:1] + ok[3:]):
        refused(run(*bad), USAGE)

    # Something that a column of MariaDB cannot hold: named, and put right, the copy goes on.
    with contextlib.closing(sqlite3.connect(old.database)) as file, file:
        (key,) = file.execute("SELECT id FROM articles ORDER BY id LIMIT 1").fetchone()
        (title,) = file.execute("SELECT title FROM articles WHERE id = ?", (key,)).fetchone()
        file.execute("UPDATE articles SET title = ? WHERE id = ?", ("长" * 1001, key))
    done = run(*ok)
    assert done.returncode == REFUSED, done.stderr
    assert f"articles with id {key}: " in done.stderr and "Data too long" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    with contextlib.closing(sqlite3.connect(old.database)) as file, file:
        file.execute("UPDATE articles SET title = ? WHERE id = ?", (title, key))
    migrate(old, cluster)
    assert differences(old.database, cluster) == []

    assert "already" in refused(run(*ok), REFUSED)
    with Server(SECRETS) as other:
        other.environment["DATABASE_URL"] = f"sqlite:{other.database}"
        other.environment.pop("REDIS_URL", None)
        assert other.start().stop() == 0
        assert "not empty" in refused(other.run(*arguments(other, cluster)), REFUSED)
        cluster.start_nodes()
        assert "in use by a, b" in refused(other.run(*arguments(other, cluster)), REFUSED)
