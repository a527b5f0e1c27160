"""The main story on two nodes behind nginx: the customer is on one, the agent on the other, and neither can tell."""

import asyncio
import time
from contextlib import asynccontextmanager

import httpx
import pytest

from api import Api, admin, expect
from client import Refused, Socket, assemble
from cluster import Cluster, Node
from processes import poll
from server import binary
from stream import say
from telling import answered, both_languages, new_owner, of_ai
from words import BOTH, ENGLISH

A_SECOND = 1.0  # Contract: what ends on one node ends within a second on every other.
TRIES = 20
LIMIT = 6  # per minute, where limits are tested
MODEL, ANSWERS = "slow", "long_answer"


@pytest.fixture(scope="module")
def cluster(template, upstream):
    with Cluster(template, **upstream.environment(MODEL)) as made:
        yield made.start()


@pytest.fixture(scope="module")
def front(cluster):
    return cluster.front()


@pytest.fixture(scope="module")
def staff(cluster):
    return admin(cluster["b"])


@pytest.fixture(scope="module")
def public(cluster):
    return Api(cluster["a"].base_url)


async def through(front, node_id: str, make) -> tuple[Socket, dict]:
    """A socket that nginx brought to this node, and its `ready`. The wrong ones stay open until it is found, so that
    nginx, which looks for the node with fewer connections, turns to the other."""
    wrong = []
    try:
        for _ in range(TRIES):
            made = await make(front)
            ready = (await made.expect("ready"))["data"]
            if ready["node_id"] == node_id:
                return made, ready
            wrong.append(made)
        raise AssertionError(f"nginx never came to {node_id}")
    finally:
        for each in wrong:
            await each.close()


def asked(front, node_id: str, ask) -> httpx.Response:
    """The answer of this node, to a request that may be repeated."""
    for _ in range(TRIES):
        response = ask()
        if response.headers["x-node-id"] == node_id:
            return response
    raise AssertionError(f"nginx never came to {node_id}")


@asynccontextmanager
async def apart(cluster, visit, staff):
    """A customer on node a and an agent on node b, both in the conversation."""
    async with (
        await Socket.visit(cluster["a"], visit) as customer,
        await Socket.agent(cluster["b"], staff.token) as agent,
    ):
        await customer.expect("synced")
        await agent.expect("synced")
        await agent.subscribe(visit.conversation_id)
        yield customer, agent


async def arrive(public, **fields):
    return await asyncio.to_thread(public.visit, **fields)


# The story


@both_languages
async def test_the_whole_story_with_everybody_on_another_node(cluster, front, staff, language):
    public = Api(front.base_url)
    visit = await arrive(public, locale=language.locale)
    conversation = visit.conversation_id
    customer, ready = await through(front, "a", lambda server: Socket.visit(server, visit))
    agent, _ = await through(front, "b", lambda server: Socket.agent(server, staff.token))
    async with customer, agent:
        assert ready["session"]["id"] == visit.id and ready["conversation"]["owner"]["kind"] == "ai"
        await customer.expect("synced")
        await agent.expect("synced")
        await agent.subscribe(conversation)

        # The AI answers on the customer's node; the agent on the other one watches it being written.
        asked_seq = (await customer.say(language.question, "q-1"))["seq"]
        heard = await agent.expect("message.created", lambda f: f["seq"] == asked_seq)
        assert heard["data"]["message"]["content"] == language.question
        for reader in (customer, agent):
            final = await answered(reader)
            assert assemble(reader.frames, final["id"]).text == final["content"]
            assert len(reader.all("reply.delta")) >= 2, "the answer came in one piece"
            assert final["content"].startswith(language.long_answer[:20]) and final["sources"]

        # A person is asked for, takes over on node b, and both talk.
        await customer.say(language.want_human, "q-2")
        await agent.expect("conversation.updated", new_owner("none"))
        taken = await asyncio.to_thread(
            asked,
            front,
            "b",
            lambda: Api(front.base_url, staff.token).post(
                f"chat/conversations/{conversation}/switch", {"to": "human", "agent_id": "me"}
            ),
        )
        assert expect(taken, 200)["owner"]["kind"] == "agent"
        await customer.expect("conversation.updated", new_owner("agent"))
        said = await agent.say("你好, how can I help?", "a-1", conversation)
        assert (await customer.expect("message.created", lambda f: f["seq"] == said["seq"]))["data"]["message"][
            "sender"
        ]["kind"] == "agent"
        thanks = await customer.say("谢谢 🙏", "q-3")
        got = await agent.expect("message.created", lambda f: f["seq"] == thanks["seq"])
        assert got["data"]["message"]["content"] == "谢谢 🙏"

        # Typing and read marks.
        assert (await customer.ask("typing"))["type"] == "ack"
        assert (await agent.expect("typing"))["data"]["participant"]["kind"] == "contact"
        assert (await agent.ask("typing", conversation_id=conversation))["type"] == "ack"
        assert (await customer.expect("typing"))["data"]["participant"]["kind"] == "agent"
        assert (await customer.ask("message.read", {"seq": said["seq"]}))["type"] == "ack"
        receipt = (await agent.expect("receipt", lambda f: f["data"]["participant"]["kind"] == "contact"))["data"]
        assert receipt["seq"] == said["seq"]
        read = await agent.ask("message.read", {"seq": thanks["seq"]}, conversation_id=conversation)
        assert read["type"] == "ack"
        receipt = (await customer.expect("receipt", lambda f: f["data"]["participant"]["kind"] == "agent"))["data"]
        assert receipt["seq"] == thanks["seq"]

        # Solved; the customer sees it, and a later question opens it again.
        path = f"chat/conversations/{conversation}"
        done = await asyncio.to_thread(
            asked, front, "b", lambda: Api(front.base_url, staff.token).patch(path, {"status": "resolved"})
        )
        assert expect(done, 200)["status"] == "resolved"
        await customer.expect("conversation.updated", lambda f: f["data"]["changes"].get("status") == "resolved")
        await customer.say("one more thing", "q-4")
        await agent.expect("conversation.updated", lambda f: f["data"]["changes"].get("status") == "open")

        # Both nodes tell the same story.
        seen = [(f["seq"], f["id"]) for f in agent.durable]
    for name in ("a", "b"):
        told = await asyncio.to_thread(admin(cluster[name]).events, conversation)
        assert [(event["seq"], event["id"]) for event in told][-len(seen) :] == seen, name


async def test_an_answer_over_http_streams_through_any_node(front, upstream):
    public = Api(front.base_url)
    visit = await arrive(public, locale="en")
    contact = public.caller(visit.token)

    def ask() -> str:
        upstream.hold(after=20)
        with say(contact, visit.conversation_id, ENGLISH.question, client_message_id="q-1") as events:
            events.until("message.created", of_ai)
            # While it runs, the same question over the other node shows the same answer and starts no second one.
            first = events.response.headers["x-node-id"]
            for _ in range(TRIES):
                with say(contact, visit.conversation_id, ENGLISH.question, client_message_id="q-1") as again:
                    if again.response.headers["x-node-id"] == first:
                        continue
                    again.until("message.created", lambda f: f["data"]["message"]["client_message_id"] == "q-1")
                    again.until("reply.snapshot")
                    upstream.release()
                    theirs = again.until("message.completed")["data"]["message"]
                    break
            else:
                raise AssertionError("always the same node")
            mine = events.until("message.completed")["data"]["message"]
        assert mine["id"] == theirs["id"] and mine["content"] == theirs["content"]
        return mine["id"]

    answer = await asyncio.to_thread(ask)
    messages = await asyncio.to_thread(contact.messages, visit.conversation_id)
    assert [m["id"] for m in messages if m["sender"]["kind"] == "ai"] == [answer]


# A reply that is made on another node


async def test_a_late_reader_on_the_other_node_gets_the_text_so_far(cluster, public, upstream):
    visit = await arrive(public, locale="en")
    async with await Socket.visit(cluster["a"], visit) as customer:
        await customer.expect("synced")
        upstream.hold(after=20)
        await customer.say(ENGLISH.question, "q-1")
        message_id = (await customer.expect("message.created", of_ai))["data"]["message"]["id"]
        async with await Socket.visit(cluster["b"], visit) as late:
            await late.expect("synced")
            snapshot = (await late.ask("reply.sync", {"message_id": message_id}))["data"]
            assert snapshot["message_id"] == message_id and snapshot["generation"] == 1
            assert snapshot["text"] and ENGLISH.long_answer.startswith(snapshot["text"])
            upstream.release()
            for reader in (customer, late):
                final = await answered(reader)
                assert assemble(reader.frames, message_id).text == final["content"], reader.tail()


async def test_a_reply_is_cancelled_from_the_other_node(cluster, public, upstream):
    visit = await arrive(public, locale="en")
    async with (
        await Socket.visit(cluster["a"], visit) as customer,
        await Socket.visit(cluster["b"], visit) as other_tab,
    ):
        await customer.expect("synced")
        await other_tab.expect("synced")
        upstream.hold(after=20)
        await customer.say(ENGLISH.question, "q-1")
        message_id = (await other_tab.expect("message.created", of_ai))["data"]["message"]["id"]
        assert (await other_tab.ask("reply.cancel", {"message_id": message_id}))["type"] == "ack"
        for reader in (customer, other_tab):
            ended = await reader.expect("message.updated", lambda f: f["data"]["message"]["id"] == message_id)
            assert ended["data"]["message"]["status"] == "cancelled"
            assert ended["data"]["message"]["content"].startswith(assemble(reader.frames, message_id).text)
        await asyncio.to_thread(poll, lambda: upstream.calls[-1].outcome == "abandoned", 5, "the model is let go")
        upstream.release()
        await customer.flush()
        assert not customer.all("message.completed")


async def test_taking_over_on_the_other_node_silences_the_ai(cluster, public, staff, upstream):
    """G7 across nodes: the AI writes on node a, a person takes the conversation on node b."""
    visit = await arrive(public, locale="en")
    async with apart(cluster, visit, staff) as (customer, agent):
        upstream.hold(after=20)
        await customer.say(ENGLISH.question, "q-1")
        await agent.expect("message.created", of_ai)
        said = await agent.say("I am here", "a-1", visit.conversation_id)
        upstream.release()
        for reader in (customer, agent):
            change = await reader.expect("conversation.updated", new_owner("agent"))
            await reader.expect("message.created", lambda f: f["seq"] == said["seq"])
            await reader.flush()
            after = reader.frames[reader.frames.index(change) + 1 :]
            assert not [f for f in after if f["type"] in ("reply.delta", "reply.started", "message.completed")]
        ended = await agent.expect("message.updated", of_ai)
        assert ended["data"]["message"]["status"] == "cancelled"
        events = await asyncio.to_thread(staff.events, visit.conversation_id)
        assert [e["seq"] for e in events if of_ai(e) and e["type"] != "message.created"] == [ended["seq"]]


# What must hold over both nodes


async def test_one_id_is_one_message_whichever_nodes_take_it(cluster, public):
    """G2, with retries that race each other over both nodes."""
    visit = await arrive(public, locale="en")
    await asyncio.to_thread(public.caller(visit.token).switch, visit.conversation_id, "human")
    async with await Socket.visit(cluster["a"], visit) as one, await Socket.visit(cluster["b"], visit) as two:
        await one.expect("synced")
        await two.expect("synced")
        for number in range(20):
            acks = await asyncio.gather(
                *(each.say(f"line {number}", f"same-{number}") for each in (one, two) for _ in range(2))
            )
            assert len({(ack["message_id"], ack["seq"]) for ack in acks}) == 1, acks
            assert sum(not ack["duplicate"] for ack in acks) == 1, acks
        conflict = await two.ask("message.send", {"content": "other words", "client_message_id": "same-0"})
        assert conflict["data"]["code"] == "idempotency_conflict"
        await one.flush()
        await two.flush()
        last = acks[0]["seq"]
        await one.until(lambda: one.durable[-1]["seq"] >= last, "the last message on a")
        await two.until(lambda: two.durable[-1]["seq"] >= last, "the last message on b")
        assert [(f["seq"], f["id"]) for f in one.durable] == [(f["seq"], f["id"]) for f in two.durable]


async def test_everybody_reads_in_the_same_order(cluster, public, staff):
    """G3: customer and agent talk at once from both nodes."""
    visit = await arrive(public, locale="en")
    await asyncio.to_thread(staff.switch, visit.conversation_id, "human", agent_id="me")
    async with apart(cluster, visit, staff) as (customer, agent):

        async def talk(socket, name, **fields):
            acks = [await socket.say(f"{name} {n}", f"{name}-{n}", **fields) for n in range(50)]
            assert [ack["seq"] for ack in acks] == sorted(ack["seq"] for ack in acks)

        await asyncio.gather(talk(customer, "customer"), talk(agent, "agent", conversation_id=visit.conversation_id))
        head = (await asyncio.to_thread(staff.conversation, visit.conversation_id))["head_seq"]
        for reader in (customer, agent):
            await reader.until(lambda reader=reader: reader.durable[-1]["seq"] == head, "the head")
            seqs = [f["seq"] for f in reader.durable]
            assert seqs == list(range(seqs[0], head + 1))
        assert [(f["seq"], f["id"]) for f in customer.durable][-100:] == [(f["seq"], f["id"]) for f in agent.durable][
            -100:
        ]


async def test_a_client_resumes_on_the_other_node(cluster, public):
    visit = await arrive(public, locale="en")
    await asyncio.to_thread(public.caller(visit.token).switch, visit.conversation_id, "human")
    async with await Socket.bare(cluster["a"], visit) as socket:
        ready = await socket.hello(visit.token)
        first = await socket.say("one", "m-1")
    said = [
        await asyncio.to_thread(public.caller(visit.token).say, visit.conversation_id, f"line {n}") for n in range(5)
    ]
    async with await Socket.bare(cluster["b"], visit) as socket:
        again = await socket.hello(visit.token, resume={"epoch": ready["epoch"], "seq": first["seq"]})
        assert again["epoch"] == ready["epoch"] and again["mode"] == "replay" and again["node_id"] == "b"
        await socket.expect("synced")
        assert [f["seq"] for f in socket.durable] == [message["seq"] for message in said]


async def test_a_ticket_is_used_once_on_any_node(cluster, public):
    visit = await arrive(public)
    ticket = await asyncio.to_thread(public.ticket, visit)

    async def enter(name: str) -> bool:
        try:
            async with await Socket.open(f"{cluster[name].socket_url}/ws/chat/{visit.id}?ticket={ticket}") as socket:
                await socket.expect("ready")
            return True
        except Refused as refusal:
            assert refusal.status == 401
            return False

    entered = await asyncio.gather(*(enter(name) for name in ("a", "b", "a", "b")))
    assert sum(entered) == 1, entered


# What ends on one node ends on all


async def _closes(socket: Socket, code: int, since: float):
    assert await socket.expect_close(5) == code
    took = time.monotonic() - since
    assert took <= A_SECOND, f"closed after {took:.2f} s"


async def test_a_logout_closes_the_sockets_on_the_other_node(cluster, public):
    login = await asyncio.to_thread(public.login)
    caller = public.caller(login["access_token"])
    socket = await Socket.agent(cluster["b"], login["access_token"])
    await socket.expect("synced")
    at = time.monotonic()
    expect(await asyncio.to_thread(caller.post, "auth/logout"), 204)
    await _closes(socket, 4503, at)
    refused = await asyncio.to_thread(Api(cluster["b"].base_url, login["access_token"]).get, "users/me")
    expect(refused, 401)
    assert refused.headers["x-node-id"] == "b"


async def test_a_closed_session_closes_its_sockets_on_the_other_node(cluster, public):
    visit = await arrive(public)
    socket = await Socket.visit(cluster["b"], visit)
    await socket.expect("synced")
    at = time.monotonic()
    expect(await asyncio.to_thread(public.caller(visit.token).delete, f"chat/sessions/{visit.id}"), 204)
    await _closes(socket, 4505, at)
    refused = await asyncio.to_thread(Api(cluster["b"].base_url, visit.token).get, f"chat/sessions/{visit.id}")
    assert refused.status_code in (401, 404)


async def test_a_new_password_ends_the_logins_on_every_node(cluster, public):
    """Set by an administrator at node a's command, which goes through node a's control socket."""
    person = ["--email", "amy@example.com", "--password-stdin"]
    made = cluster["a"].run("user", "create", "--name", "Amy", "--role", "agent", *person, input="first-password\n")
    assert made.returncode == 0, made.stderr
    login = await asyncio.to_thread(public.login, "amy@example.com", "first-password")
    sockets = [await Socket.agent(cluster[name], login["access_token"]) for name in ("a", "b")]
    for socket in sockets:
        await socket.expect("synced")
    changed = await asyncio.create_subprocess_exec(
        str(binary()),
        "user",
        "set-password",
        *person,
        cwd=cluster["a"].directory,
        env=cluster["a"].environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
    )
    await changed.communicate(b"second-password\n")
    at = time.monotonic()
    assert changed.returncode == 0
    for socket in sockets:
        await _closes(socket, 4503, at)


# Limits are counted over all nodes


@pytest.fixture(scope="module")
def limited(cluster):
    """Two more nodes of the same cluster, with limits."""
    names = ("RATE_LOGIN_PER_MINUTE", "RATE_SESSIONS_PER_MINUTE", "RATE_CONTACT_MESSAGES_PER_MINUTE")
    limits = {name: str(LIMIT) for name in names}
    made = [Node(cluster, name, **limits) for name in ("c", "d")]
    for each in made:
        each.spawn()
    for each in made:
        each.becomes("healthy")
    yield made
    for each in made:
        each.remove()


def _counted_over_both(limited, ask):
    """Used up on one node, it is used up on the other: nodes tell each other four times a second what they granted."""
    one, two = (Api(node.base_url) for node in limited)
    statuses = [ask(one).status_code for _ in range(LIMIT + 1)]
    assert 429 not in statuses[:LIMIT] and statuses[LIMIT] == 429, statuses
    granted = 0

    def refused() -> bool:
        nonlocal granted
        answer = ask(two)
        granted += answer.status_code != 429
        return answer.status_code == 429

    poll(refused, 3, "a refusal on the other node", every=0.3)
    assert granted <= LIMIT // 2, f"the other node granted {granted} more"


def test_logins_are_counted_over_both_nodes(limited):
    body = {"email": "nobody@example.com", "password": "wrong-password"}
    _counted_over_both(limited, lambda api: api.post("auth/login", body))


def test_new_sessions_are_counted_over_both_nodes(limited):
    _counted_over_both(limited, lambda api: api.post("chat/sessions", {}))


def test_messages_are_counted_over_both_nodes(limited, public):
    visit = public.visit()
    public.caller(visit.token).switch(visit.conversation_id, "human")
    path = f"chat/conversations/{visit.conversation_id}/messages"
    _counted_over_both(limited, lambda api: api.caller(visit.token).post(path, {"content": "hello"}))


# Who is who


def test_health_names_the_node_and_its_parts(cluster):
    for name in ("a", "b"):
        health = cluster[name].health()
        assert health["status"] == "healthy" and health["node_id"] == name, health
        assert health["components"]["redis"]["status"] == "healthy", health
        assert health["components"]["database"]["status"] == "healthy", health
        assert health["components"]["database"]["kind"] in ("mysql", "mariadb"), health


def test_no_secret_stands_in_a_log(cluster):
    for node in cluster.nodes:
        logs = node.logs()
        for secret in (*(cluster.environment[key] for key in ("JWT_SECRET", "ENCRYPTION_KEY")), "p@ss:w", "p%40ss"):
            assert secret not in logs, f"{node.node_id} logs {secret}"


async def test_two_installations_on_one_redis_do_not_hear_each_other(cluster, template):
    """Row keys are small numbers, so both have the same; what tells them apart is the database."""
    cluster.mariadb.execute("CREATE DATABASE other")
    cluster.mariadb.execute("GRANT ALL ON other.* TO 'chat'@'127.0.0.1'")
    node = Node(cluster, "stranger", DATABASE_URL=cluster.database_url.removesuffix("/chat") + "/other")
    try:
        node.spawn()
        await asyncio.to_thread(node.becomes, "healthy")
        theirs = admin(node)
        async with await Socket.agent(node, theirs.token) as eavesdropper:
            await eavesdropper.expect("synced")
            rooms = []
            for _ in range(3):
                visit = await arrive(Api(node.base_url))
                await asyncio.to_thread(Api(node.base_url, visit.token).switch, visit.conversation_id, "human")
                await eavesdropper.subscribe(visit.conversation_id)
                rooms.append(visit.conversation_id)
            public = Api(cluster["a"].base_url)
            for _ in range(3):
                visit = await arrive(public)
                await asyncio.to_thread(public.caller(visit.token).switch, visit.conversation_id, "human")
                await asyncio.to_thread(public.caller(visit.token).say, visit.conversation_id, "a secret")
            await asyncio.to_thread(Api(node.base_url, theirs.token).say, rooms[0], "own words", type="note")
            await eavesdropper.expect("message.created", lambda f: f["data"]["message"]["content"] == "own words")
            await eavesdropper.flush()
            assert "a secret" not in str(eavesdropper.frames)
    finally:
        node.remove()


def test_the_tables_are_whole(cluster):
    assert cluster.damage() == []
