"""Roles that reach some conversations only: what an agent reads, live, replayed and in lists, and when it changes."""

import asyncio
import time

import pytest

from api import Api, Visit, admin, expect
from client import Socket
from cluster import Cluster
from telling import arrive

A_SECOND = 1.0  # Contract: changed rights are in force within a second on every node.
PASSWORD = "tall ships need wind"
NUMBERS = iter(range(1_000_000))


@pytest.fixture(scope="module", params=["one node", "two nodes", "two nodes without Redis"])
def nodes(request, template):
    """Where the change is made, and where it is read."""
    if request.param == "one node":
        server = request.getfixturevalue("server")
        yield server, server
    else:
        with Cluster(template, redis="without" not in request.param) as made:
            made.start()
            yield made["a"], made["b"]


@pytest.fixture(scope="module")
def boss(nodes):
    return admin(nodes[0])


class Person:
    """Somebody with a role of these permissions, signed in on the node where is read."""

    def __init__(self, boss: Api, nodes, *permissions: str):
        self.name = f"p{next(NUMBERS)}-{time.monotonic_ns()}"
        expect(boss.post("admin/roles", {"name": self.name, "permissions": list(permissions)}), 201)
        body = {"email": f"{self.name}@example.com", "name": self.name, "password": PASSWORD, "role": self.name}
        self.id = expect(boss.post("admin/users", body), 201)["id"]
        there = Api(nodes[1].base_url)
        self.api = there.caller(there.login(f"{self.name}@example.com", PASSWORD)["access_token"])


async def person(boss, nodes, *permissions: str) -> Person:
    return await asyncio.to_thread(Person, boss, nodes, *permissions)


async def waiting(boss: Api, nodes) -> Visit:
    """A conversation with a message, in the queue."""
    visit = await arrive(Api(nodes[0].base_url))

    def begin():
        Api(nodes[0].base_url, visit.token).say(visit.conversation_id, "hello")
        boss.switch(visit.conversation_id, "human")

    await asyncio.to_thread(begin)
    return visit


async def give(boss: Api, visit: Visit, **to):
    return await asyncio.to_thread(boss.switch, visit.conversation_id, "human", **to)


async def say(nodes, visit: Visit, text: str):
    await asyncio.to_thread(Api(nodes[0].base_url, visit.token).say, visit.conversation_id, text)


async def eventually_subscribed(socket: Socket, visit: Visit):
    """Subscribes as soon as that is allowed."""
    end = time.monotonic() + 10
    while True:
        answer = await socket.ask("subscribe", {"conversations": [{"id": visit.conversation_id}]})
        if answer["type"] == "ack":
            return
        assert answer["data"]["code"] == "not_found" and time.monotonic() < end, answer
        await asyncio.sleep(0.02)


async def test_a_conversation_that_leaves_the_scope_is_cut_off_behind_the_change(nodes, boss):
    bo = await person(boss, nodes, "conversations:read:own", "messages:write:own", "conversations:write:own")
    visit, staying = await waiting(boss, nodes), await waiting(boss, nodes)
    for each in (visit, staying):
        await give(boss, each, agent_id=bo.id)
    async with await Socket.agent(nodes[1], bo.api.token) as socket:
        await socket.expect("synced")
        for each in (visit, staying):
            await eventually_subscribed(socket, each)
        await say(nodes, visit, "before")
        await socket.expect("message.created", lambda f: f["data"]["message"]["content"] == "before")
        await give(boss, visit, agent_id="me")
        await say(nodes, visit, "secret")
        gone = await socket.expect("unsubscribed")
        assert gone["conversation_id"] == visit.conversation_id and gone["data"] == {"reason": "scope"}
        change = [f for f in socket.frames if f.get("conversation_id") == visit.conversation_id][-2]
        assert change["type"] == "conversation.updated" and change["data"]["changes"]["owner"]["kind"] == "agent"
        await say(nodes, staying, "mine")
        await socket.expect("message.created", lambda f: f["data"]["message"]["content"] == "mine")
        assert "secret" not in str(socket.frames)
        assert list((await socket.flush())["heads"]) == [staying.conversation_id]
        for kind, data in (("message.send", {"content": "x", "client_message_id": "1"}), ("typing", {})):
            answer = await socket.ask(kind, data, conversation_id=visit.conversation_id)
            assert answer["data"]["code"] == "not_found", answer
    path = f"chat/conversations/{visit.conversation_id}"
    for each in (path, f"{path}/messages", f"{path}/events"):
        expect(await asyncio.to_thread(bo.api.get, each), 404, "not_found")
    expect(await asyncio.to_thread(bo.api.patch, path, {"priority": "high"}), 404, "not_found")
    expect(await asyncio.to_thread(bo.api.post, f"{path}/read", {"seq": 1}), 404, "not_found")
    expect(await asyncio.to_thread(bo.api.post, f"{path}/switch", {"to": "human"}), 404, "not_found")
    listed = await asyncio.to_thread(bo.api.listed, "chat/conversations")
    assert [each["id"] for each in listed] == [staying.conversation_id]


async def test_whoever_gives_a_conversation_away_sees_it_go(nodes, boss):
    bo = await person(boss, nodes, "conversations:read:own", "conversations:write:own")
    visit = await waiting(boss, nodes)
    await give(boss, visit, agent_id=bo.id)
    async with await Socket.agent(nodes[1], bo.api.token) as socket:
        await socket.expect("synced")
        await eventually_subscribed(socket, visit)
        answer = await socket.ask("handoff", {"to": "human"}, conversation_id=visit.conversation_id)
        assert answer["type"] == "ack", answer
        await socket.expect("conversation.updated")
        await socket.expect("unsubscribed")


async def test_a_list_shows_what_is_within_the_scope_and_what_leaves_it(nodes, boss):
    bo = await person(boss, nodes, "conversations:read:own")
    visit, other = await waiting(boss, nodes), await waiting(boss, nodes)
    async with await Socket.agent(nodes[1], bo.api.token) as socket:
        await socket.expect("synced")
        assert (await socket.ask("subscribe", {"view": {"owner": "agent"}}))["type"] == "ack"
        await say(nodes, other, "never for bo")
        await give(boss, visit, agent_id=bo.id)
        row = await socket.expect("view.row")
        assert row["conversation_id"] == visit.conversation_id and row["data"]["in"] is True
        await give(boss, visit, agent_id="me")
        row = await socket.expect("view.row", lambda f: not f["data"]["in"])
        assert row["conversation_id"] == visit.conversation_id and row["data"]["conversation"]["last_message"] is None
        await say(nodes, visit, "not for bo any more")
        await give(boss, other, agent_id=bo.id)
        row = await socket.expect("view.row")
        assert row["conversation_id"] == other.conversation_id and row["data"]["in"] is True
        assert "not for bo" not in str(socket.frames)


async def test_whoever_joins_or_leaves_a_team_goes_on_under_the_new_reach(nodes, boss):
    bo = await person(boss, nodes, "conversations:read:team", "teams:read")
    team = expect(await asyncio.to_thread(boss.post, "admin/teams", {"name": bo.name, "members": []}), 201)
    path = f"admin/teams/{team['id']}"
    visit, queued = await waiting(boss, nodes), await waiting(boss, nodes)
    given = await give(boss, visit, team_id=team["id"])
    assert given["owner"]["kind"] == "team" and given["owner"]["name"] == bo.name
    limit = A_SECOND * 2  # With what the test itself takes; by polling alone it is looked for once a second.
    async with await Socket.agent(nodes[1], bo.api.token) as socket:
        await socket.expect("synced")
        await eventually_subscribed(socket, queued)
        answer = await socket.ask("subscribe", {"conversations": [{"id": visit.conversation_id}]})
        assert answer["data"]["code"] == "not_found"
        expect(await asyncio.to_thread(bo.api.get, f"chat/conversations/{visit.conversation_id}"), 404)
        expect(await asyncio.to_thread(boss.patch, path, {"members": [bo.id]}), 200)
        began = time.monotonic()
        await eventually_subscribed(socket, visit)
        assert time.monotonic() - began < limit
        expect(await asyncio.to_thread(bo.api.get, f"chat/conversations/{visit.conversation_id}"), 200)
        assert visit.conversation_id in [
            each["id"] for each in await asyncio.to_thread(bo.api.listed, "chat/conversations", team_id=team["id"])
        ]
        expect(await asyncio.to_thread(boss.patch, path, {"members": []}), 200)
        began = time.monotonic()
        gone = await socket.expect("unsubscribed")
        assert gone["conversation_id"] == visit.conversation_id and time.monotonic() - began < limit
        expect(await asyncio.to_thread(bo.api.get, f"chat/conversations/{visit.conversation_id}"), 404)
        # Not thrown out: what waits for everybody goes on.
        await say(nodes, queued, "still here")
        await socket.expect("message.created", lambda f: f["data"]["message"]["content"] == "still here")


async def test_a_deleted_teams_conversations_wait_for_everybody(nodes, boss):
    bo = await person(boss, nodes, "conversations:read:team", "conversations:write:team")
    team = expect(await asyncio.to_thread(boss.post, "admin/teams", {"name": bo.name, "members": [bo.id]}), 201)
    visit = await waiting(boss, nodes)
    await give(boss, visit, team_id=team["id"])
    async with await Socket.agent(nodes[1], bo.api.token) as socket:
        await socket.expect("synced")
        await eventually_subscribed(socket, visit)
        expect(await asyncio.to_thread(boss.delete, f"admin/teams/{team['id']}"), 204)
        change = await socket.expect("conversation.updated")
        assert change["data"]["changes"]["owner"]["kind"] == "none" and change["data"]["reason"] == "team_deleted"
        assert (await socket.ask("ping"))["data"]["heads"].keys() == {visit.conversation_id}
    taken = await asyncio.to_thread(bo.api.switch, visit.conversation_id, "human", agent_id="me")
    assert taken["owner"]["kind"] == "agent" and taken["owner"]["id"] == bo.id
    gone = await asyncio.to_thread(
        boss.post, f"chat/conversations/{visit.conversation_id}/switch", {"to": "human", "team_id": team["id"]}
    )
    expect(gone, 422, "validation_failed")
