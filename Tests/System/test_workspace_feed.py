"""The workspace's feed over HTTP, and notices: on one node, and on two that write at once."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from api import Api, admin, expect
from client import Socket
from cluster import Cluster
from processes import poll
from telling import arrive

WRITERS, ROUNDS = 6, 15


@pytest.fixture(scope="module", params=["one node", "two nodes", "two nodes without Redis"])
def nodes(request, template):
    if request.param == "one node":
        server = request.getfixturevalue("server")
        yield [server, server]
    else:
        with Cluster(template, redis="without" not in request.param) as made:
            yield made.start().nodes


@pytest.fixture(scope="module")
def boss(nodes):
    return admin(nodes[0])


def test_a_poller_gets_every_event_once_while_several_nodes_write(nodes, boss):
    pollers = [boss, Api(nodes[1].base_url, boss.token)]
    visits = [(index, Api(nodes[index % 2].base_url).visit()) for index in range(WRITERS)]
    for _, visit in visits:
        # To people: nobody else writes then.
        boss.switch(visit.conversation_id, "human")

    def write(index, visit):
        for round in range(ROUNDS):
            # Each conversation is written to from both.
            Api(nodes[(index + round) % 2].base_url, visit.token).say(visit.conversation_id, f"{index}.{round}")

    seen: list[dict] = []
    cursor = None
    with ThreadPoolExecutor(WRITERS) as pool:
        writing = [pool.submit(write, *each) for each in visits]

        def follow() -> bool:
            nonlocal cursor
            isOver = all(each.done() for each in writing)
            # Now of one node, now of the other.
            page = expect(pollers[len(seen) % 2].get("events", after=cursor, limit=7), 200)
            cursor = page["next_cursor"]
            seen.extend(page["items"])
            return isOver and not page["items"]

        poll(follow, 60, "the end of the feed")
        for each in writing:
            each.result()
    wanted = {visit.conversation_id: boss.events(visit.conversation_id) for _, visit in visits}
    total = sum(len(events) for events in wanted.values())

    def complete() -> bool:
        nonlocal cursor
        # What was committed last may not have its place yet.
        page = expect(boss.get("events", after=cursor), 200)
        cursor = page["next_cursor"]
        seen.extend(page["items"])
        return len([e for e in seen if e["conversation_id"] in wanted]) >= total

    poll(complete, 15, "every event")
    for conversation, events in wanted.items():
        got = [(e["seq"], e["id"], e["type"]) for e in seen if e["conversation_id"] == conversation]
        assert got == [(e["seq"], e["id"], e["type"]) for e in events]
    assert len({e["id"] for e in seen}) == len(seen)


def test_a_cursor_that_was_tampered_with_is_refused(boss):
    cursor = expect(boss.get("events", limit=1), 200)["next_cursor"]
    expect(boss.get("events", after=cursor), 200)
    for wrong in (cursor[:-1], cursor + "0", cursor.upper(), "0", "", "cur_" + "0" * 26, cursor[:-3] + "zzz"):
        problem = expect(boss.request("GET", "events", params={"after": wrong}), 422, "validation_failed")
        assert problem["errors"][0]["code"] == "invalid_cursor"


async def test_a_notice_reaches_those_it_is_for_on_every_node_once(nodes, boss):
    sockets = []
    visits = [await arrive(Api(node.base_url)) for node in nodes]
    for node, visit in zip(nodes, visits, strict=True):
        sockets.append(("contacts", await Socket.visit(node, visit)))
        sockets.append(("staff", await Socket.agent(node, boss.token)))
    for _, socket in sockets:
        await socket.expect("synced")

    def tell():
        for to in ("staff", "contacts", "all"):
            body = {"code": "maintenance", "text": f"for {to}", "to": to}
            expect(boss.post("admin/notices", body), 201)

    await asyncio.to_thread(tell)
    for kind, socket in sockets:
        for text in (f"for {kind}", "for all"):
            notice = await socket.expect("notice")
            assert notice["data"] == {"code": "maintenance", "text": text} and "conversation_id" not in notice
        await socket.flush()
        await asyncio.sleep(1.2)  # As long as a node takes to look for what it did not hear.
        assert len(socket.all("notice")) == 2
        await socket.close()
        socket.check()
    lines = await asyncio.to_thread(boss.listed, "admin/audit-log", action="notice.sent")
    assert lines[0]["after"]["text"] == "for all" and lines[0]["actor"]["name"]
