"""One process per component behind the shipped components.conf: together they are one server."""

import asyncio

import httpx
import pytest

from api import Api, admin, expect
from client import Refused, Socket, assemble
from cluster import COMPONENTS, Cluster
from processes import poll
from stream import say
from telling import answered, both_languages, new_owner, of_ai
from words import BOTH, ENGLISH

TAKEOVER_SECONDS = 16  # Contract, "An AI reply" 8
MODEL, ANSWERS = "slow", "long_answer"


@pytest.fixture(scope="module")
def cluster(template, upstream):
    with Cluster(template, **upstream.environment(MODEL)) as made:
        yield made.start_components()


@pytest.fixture(scope="module")
def front(cluster):
    return cluster.front()


@pytest.fixture(scope="module")
def public(front):
    return Api(front.base_url)


@pytest.fixture(scope="module")
def staff(front):
    return admin(front)


def test_each_process_says_how_it_is(cluster):
    for name in COMPONENTS:
        health = cluster[name].health()
        assert health["status"] == "healthy" and health["node_id"] == name, health
        answer = httpx.get(f"{cluster[name].base_url}/metrics", trust_env=False)
        assert answer.status_code == 200 and "process_resident_memory_bytes" in answer.text, name


def test_nginx_brings_each_path_to_its_component(public):
    for path, node in {
        "/": "admin",
        "/console": "admin",
        "/widget.js": "admin",
        "/health": "api",
        "/api/v1/users/me": "api",
        "/api/v1/admin/knowledge/articles": "admin",
    }.items():
        assert public.get(path).headers["x-node-id"] == node, path


def test_a_component_serves_only_its_own(cluster):
    """What belongs to another component is unknown here, so that a wrong proxy shows at once."""
    for name, foreign in {
        "realtime": "/api/v1/users/me",
        "assistant": "/api/v1/users/me",
        "scheduler": "/api/v1/users/me",
        "api": "/api/v1/admin/knowledge/articles",
        "admin": "/api/v1/chat/conversations",
    }.items():
        # Not by `Api`: of the whole server, which the description is of, the path is a part.
        answer = httpx.get(f"{cluster[name].base_url}{foreign}", trust_env=False)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), name


async def test_sockets_are_the_realtime_components_alone(cluster, public):
    visit = await asyncio.to_thread(public.visit)
    for name in ("api", "admin", "assistant", "scheduler"):
        with pytest.raises(Refused) as refusal:
            await Socket.visit(cluster[name], visit)
        assert refusal.value.status == 404, name


@both_languages
async def test_the_whole_story(front, public, staff, language):
    visit = await asyncio.to_thread(public.visit, locale=language.locale)
    conversation = visit.conversation_id
    async with await Socket.open(visit.websocket_url) as customer, await Socket.agent(front, staff.token) as agent:
        assert (await customer.expect("ready"))["data"]["node_id"] == "realtime"
        await customer.expect("synced")
        await agent.expect("synced")
        await agent.subscribe(conversation)
        await customer.say(language.question, "q-1")
        for reader in (customer, agent):
            final = await answered(reader)
            assert assemble(reader.frames, final["id"]).text == final["content"]
            assert len(reader.all("reply.delta")) >= 2 and final["sources"]
        await customer.say(language.want_human, "q-2")
        await agent.expect("conversation.updated", new_owner("none"))
        taken = await asyncio.to_thread(staff.switch, conversation, "human", agent_id="me")
        assert taken["owner"]["kind"] == "agent"
        await customer.expect("conversation.updated", new_owner("agent"))
        # Over HTTP and over the socket.
        written = await asyncio.to_thread(staff.say, conversation, "How can I help?")
        await customer.expect("message.created", lambda f: f["seq"] == written["seq"])
        said = await agent.say("Tell me more.", "a-1", conversation)
        await customer.expect("message.created", lambda f: f["seq"] == said["seq"])
        assert (await customer.ask("typing"))["type"] == "ack"
        await agent.expect("typing")
        assert (await customer.ask("message.read", {"seq": said["seq"]}))["type"] == "ack"
        await agent.expect("receipt")
        events = await asyncio.to_thread(staff.events, conversation)
        seen = [(f["seq"], f["id"]) for f in agent.durable]
        assert [(event["seq"], event["id"]) for event in events][-len(seen) :] == seen


def test_an_answer_streams_over_http(public):
    """Asked of `api`, made by `assistant`."""
    visit = public.visit(locale="en")
    with say(public.caller(visit.token), visit.conversation_id, ENGLISH.question) as events:
        assert events.response.headers["x-node-id"] == "api"
        final = events.until("message.completed")["data"]["message"]
    assert final["content"].startswith(ENGLISH.long_answer[:20])
    assert assemble(events.frames, final["id"]).text == final["content"]


async def test_a_reply_is_cancelled_and_taken_over(front, public, staff, upstream):
    visit = await asyncio.to_thread(public.visit, locale="en")
    async with await Socket.visit(front, visit) as customer:
        await customer.expect("synced")
        upstream.hold(after=20)
        await customer.say(ENGLISH.question, "q-1")
        message_id = (await customer.expect("message.created", of_ai))["data"]["message"]["id"]
        assert (await customer.ask("reply.cancel", {"message_id": message_id}))["type"] == "ack"
        ended = await customer.expect("message.updated")
        assert ended["data"]["message"]["status"] == "cancelled"
        await asyncio.to_thread(poll, lambda: upstream.calls[-1].outcome == "abandoned", 5, "the model is let go")
        await customer.say(ENGLISH.question, "q-2")
        await customer.expect("message.created", of_ai)
        await asyncio.to_thread(staff.switch, visit.conversation_id, "human", agent_id="me")
        change = await customer.expect("conversation.updated", new_owner("agent"))
        upstream.release()
        await customer.flush()
        after = customer.frames[customer.frames.index(change) + 1 :]
        assert not [f for f in after if f["type"] in ("reply.delta", "message.completed")]


async def test_a_logout_reaches_the_sockets(front, public):
    login = await asyncio.to_thread(public.login)
    socket = await Socket.agent(front, login["access_token"])
    await socket.expect("synced")
    expect(await asyncio.to_thread(public.caller(login["access_token"]).post, "auth/logout"), 204)
    assert await socket.expect_close(1.5) == 4503


async def test_an_article_is_known_to_the_assistant_at_once(front, public, staff):
    article = {
        "title": "Opening hours of the museum",
        "content": "The museum of umbrellas is open from nine to five.",
        "locale": "en",
        "questions": ["When is the museum of umbrellas open?"],
        "status": "published",
    }
    expect(await asyncio.to_thread(staff.post, "admin/knowledge/articles", article), 201)
    visit = await asyncio.to_thread(public.visit, locale="en")
    async with await Socket.visit(front, visit) as customer:
        await customer.expect("synced")
        await customer.say("When is the museum of umbrellas open?", "q-1")
        final = await answered(customer)
        assert "museum" in str(final["sources"]).lower(), final


@pytest.mark.slow
async def test_any_one_component_may_be_restarted(cluster, front, public, upstream):
    """Customers notice a pause at most: sockets come back, replies are finished by the restarted assistant."""
    visit = await asyncio.to_thread(public.visit, locale="en")
    customer = await Socket.visit(front, visit)
    await customer.expect("synced")
    upstream.hold(after=20)
    await customer.say(ENGLISH.question, "q-1")
    await customer.expect("message.created", of_ai)
    cluster["assistant"].kill()
    cluster["scheduler"].kill()
    upstream.release()
    cluster["assistant"].start()
    cluster["scheduler"].start()
    final = (await customer.expect("message.completed", deadline=TAKEOVER_SECONDS + 4))["data"]["message"]
    assert final["status"] == "complete" and final["content"].startswith(ENGLISH.long_answer[:20])
    assert assemble(customer.frames, final["id"]).generation >= 2
    cluster["realtime"].kill()
    assert await customer.expect_close() in (1006, 1011, 1012)
    cluster["realtime"].start()
    for name in ("api", "admin"):
        assert cluster[name].stop() == 0
        cluster[name].start()
    async with await Socket.visit(front, visit) as again:
        await again.expect("synced")
        await again.say(ENGLISH.question, "q-2")
        await answered(again)
