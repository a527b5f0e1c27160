"""Every frame type with everything that can be wrong with it, from both sides, before and after `hello`."""

import asyncio
import json

import pytest

from client import Socket
from world import SCALARS, UNKNOWN_ID, World

pytestmark = pytest.mark.usefixtures("nothing_changes")


FRAMES = {
    "message.send": {"content": "hello", "client_message_id": "f-1"},
    "message.read": {"seq": 1},
    "typing": {},
    "handoff": {"to": "human"},
    "reply.cancel": {"message_id": UNKNOWN_ID},
    "reply.sync": {"message_id": UNKNOWN_ID},
    "subscribe": {"conversations": [{"id": UNKNOWN_ID}]},
    "unsubscribe": {"conversations": [{"id": UNKNOWN_ID}]},
    "ping": {},
    "token.refresh": {"token": "nonsense"},
    "hello": {"capabilities": []},
}
every_frame = pytest.mark.parametrize("kind", FRAMES)


async def customer(world: World) -> Socket:
    socket = await Socket.visit(world.server, world.visit)
    await socket.expect("synced")
    return socket


async def agent(world: World) -> Socket:
    socket = await Socket.agent(world.server, world.staff.token)
    await socket.expect("ready")
    return socket


async def opened(world: World, side: str) -> Socket:
    return await (agent(world) if side == "staff" else customer(world))


async def raw(socket: Socket, text: str, where) -> dict:
    await socket.connection.send(text)
    return await socket.expect("error", where)


both_sides = pytest.mark.parametrize("side", ["contact", "staff"])


@both_sides
@pytest.mark.parametrize(
    "text",
    [
        "hello",
        '{"type":',
        "[]",
        "[1,2]",
        "7",
        "null",
        '"text"',
        "{}",
        '{"data":{}}',
        '{"type":5}',
        '{"type":null}',
        '{"type":"ping","data":7}',
        '{"type":"ping","data":[]}',
        '{"type":"ping","request_id":7}',
        "[" * 5000,
        '{"type":"ping"}{"type":"ping"}',
        '{"type":"\\ud800"}',
    ],
)
async def test_a_frame_that_is_no_envelope(world, side, text):
    async with await opened(world, side) as socket:
        error = await raw(socket, text, None)
        assert error["data"]["code"] in ("invalid", "unknown_type"), error
        await socket.flush()  # The connection lives on.


@both_sides
async def test_an_unknown_frame_type(world, side):
    async with await opened(world, side) as socket:
        for kind in ("no.such.type", "", "x" * 500, "ack", "ready", "message.created", "PING"):
            answer = await socket.ask(kind)
            assert answer["type"] == "error" and answer["data"]["code"] == "unknown_type", answer


@both_sides
@every_frame
@pytest.mark.parametrize(
    "wrong", [{"a": 1}, [1], 12.5, True, None], ids=["object", "list", "fraction", "boolean", "null"]
)
async def test_a_frame_with_a_wrong_type(world, side, kind, wrong):
    async with await opened(world, side) as socket:
        for field in FRAMES[kind]:
            if (kind, field, wrong) in (("hello", "capabilities", None), ("hello", "capabilities", [1])):
                continue
            if side == "staff" and kind == "subscribe" and field == "conversations" and wrong is None:
                continue  # As good as absent.
            answer = await socket.ask(kind, {**FRAMES[kind], field: wrong}, conversation_id=world.visit.conversation_id)
            assert answer["type"] == "error", (kind, field, wrong, answer)
            assert answer["data"]["code"] in ("invalid", "forbidden", "unknown_type"), answer
        await socket.flush()


@both_sides
@every_frame
async def test_a_frame_with_an_unknown_field(world, side, kind):
    async with await opened(world, side) as socket:
        data = {**FRAMES[kind], "no_such_field": 1}
        answer = await socket.ask(kind, data, conversation_id=world.visit.conversation_id)
        assert answer["type"] == "error", answer
        assert answer["data"]["code"] in ("invalid", "forbidden", "unknown_type"), answer


@both_sides
@pytest.mark.parametrize(
    "kind", ["message.send", "message.read", "handoff", "reply.cancel", "reply.sync", "token.refresh"]
)
async def test_a_frame_with_nothing_in_it(world, side, kind):
    async with await opened(world, side) as socket:
        answer = await socket.ask(kind, {}, conversation_id=world.visit.conversation_id)
        assert answer["type"] == "error" and answer["data"]["code"] in ("invalid", "forbidden"), answer


@both_sides
@pytest.mark.parametrize(
    "fields",
    [
        {"content": ""},
        {"content": "x" * (SCALARS + 1)},
        {"content": "a\x00b"},
        {"client_message_id": ""},
        {"client_message_id": "x" * 65},
        {"client_message_id": "汉" * 22},
        {"type": "shout"},
        {"type": "event"},
        {"reply_to": UNKNOWN_ID},
        {"attachment_ids": [UNKNOWN_ID]},
        {"content": 5},
    ],
    ids=[
        "empty",
        "16001",
        "nul",
        "no_id",
        "65_bytes",
        "66_bytes",
        "type",
        "event",
        "reply_to",
        "attachments",
        "number",
    ],
)
async def test_a_message_that_cannot_be(world, side, fields):
    async with await opened(world, side) as socket:
        data = {"content": "hello", "client_message_id": "f-1", **fields}
        answer = await socket.ask("message.send", data, conversation_id=world.visit.conversation_id)
        assert answer["type"] == "error" and answer["data"]["code"] in ("invalid", "forbidden", "not_found"), answer
        assert answer["data"]["final"] is True


async def test_a_note_is_not_a_customers(world):
    async with await customer(world) as socket:
        answer = await socket.ask("message.send", {"content": "psst", "client_message_id": "f-1", "type": "note"})
        assert answer["type"] == "error" and answer["data"]["code"] in ("forbidden", "invalid"), answer


@pytest.mark.parametrize("kind", ["subscribe", "unsubscribe"])
async def test_staff_frames_are_not_for_customers(world, kind):
    async with await customer(world) as socket:
        answer = await socket.ask(kind, {"conversations": [{"id": world.visit.conversation_id}]})
        assert answer["type"] == "error" and answer["data"]["code"] in ("forbidden", "unknown_type"), answer


@pytest.mark.parametrize("kind", ["message.send", "message.read", "typing", "handoff", "reply.cancel", "reply.sync"])
@pytest.mark.parametrize("place", ["foreign", "unknown", "none"])
async def test_a_staff_frame_about_a_conversation_that_is_not_there(world, kind, place):
    async with await agent(world) as socket:
        conversation = {"foreign": world.foreign_conversation, "unknown": UNKNOWN_ID, "none": None}[place]
        envelope = {} if conversation is None else {"conversation_id": conversation}
        answer = await socket.ask(kind, FRAMES[kind], **envelope)
        assert answer["type"] == "error", answer
        assert answer["data"]["code"] == ("invalid" if place == "none" else "not_found"), answer


@pytest.mark.parametrize("place", ["foreign", "unknown"])
async def test_subscribing_to_what_is_not_there(world, place):
    async with await agent(world) as socket:
        conversation = {"foreign": world.foreign_conversation, "unknown": UNKNOWN_ID}[place]
        answer = await socket.ask("subscribe", {"conversations": [{"id": conversation, "after": 0}]})
        assert answer["type"] == "error" and answer["data"]["code"] == "not_found", answer
        await asyncio.to_thread(world.foreign_staff.get, f"chat/conversations/{world.foreign_conversation}")
        await socket.flush()
        assert not socket.durable


@pytest.mark.parametrize(
    "data",
    [
        {"conversations": [{"id": UNKNOWN_ID}] * 201},
        {"conversations": [{"id": 5}]},
        {"conversations": [{}]},
        {"conversations": [{"id": "{room}", "after": -1}]},
        {"conversations": [{"id": "{room}", "after": "x"}]},
        {},
        {"view": {"status": "lost"}},
        {"view": {"no_such_filter": 1}},
        {"view": 7},
    ],
)
async def test_a_mad_subscription(world, data):
    async with await agent(world) as socket:
        data = json.loads(json.dumps(data).replace("{room}", world.visit.conversation_id))
        answer = await socket.ask("subscribe", data)
        assert answer["type"] == "error" and answer["data"]["code"] == "invalid", answer


async def test_a_wrong_refresh_token_keeps_the_connection(world):
    async with await agent(world) as socket:
        for token in ("nonsense", world.foreign_staff.token):
            answer = await socket.ask("token.refresh", {"token": token})
            assert answer["type"] == "error" and answer["data"]["code"] in ("invalid", "forbidden"), answer
        await socket.flush()


# Before `hello`


@pytest.mark.parametrize("kind", ["message.send", "ping", "typing", "no.such.type"])
async def test_a_frame_before_hello(world, kind):
    async with await Socket.bare(world.server, world.visit) as socket:
        await socket.send(kind, FRAMES.get(kind, {}))
        assert await socket.expect_close() == 4502


@pytest.mark.parametrize("text", ["hello", "{}", "[]", '{"type":"hello"}', '{"type":"hello","data":{"token":5}}'])
async def test_a_first_frame_that_is_no_hello(world, text):
    async with await Socket.bare(world.server, world.visit) as socket:
        await socket.connection.send(text)
        # A malformed `hello` may be answered with an error, and then runs into the clock.
        assert await socket.expect_close() in (4001, 4500, 4502)
        assert not socket.all("ready")


@pytest.mark.parametrize(
    "resume",
    [
        {"epoch": 5, "seq": 1},
        {"epoch": "x", "seq": -1},
        {"epoch": "x", "seq": "1"},
        {"epoch": "x"},
        {"seq": 1},
        "x",
        {"epoch": "x" * 5000, "seq": 1},
        {"epoch": "x", "seq": 1 << 63},
    ],
)
async def test_a_mad_resume(world, resume):
    """An error or a snapshot; never a replay of nothing in particular, never a crash."""
    async with await Socket.bare(world.server, world.visit) as socket:
        await socket.send("hello", {"token": world.visit.token, "resume": resume})
        await socket.until(lambda: socket.frames or socket.closed, "an answer")
        if socket.closed:
            assert socket.close_code in (4500, 4502)
        else:
            first = socket.frames[0]
            assert (
                first["type"] == "error"
                and first["data"]["code"] == "invalid"
                or first["data"].get("mode") == "snapshot"
            )


async def test_a_second_hello_later(world):
    async with await customer(world) as socket:
        await socket.flush()
        answer = await socket.ask("hello", {"token": world.visit.token})
        assert answer["type"] in ("error", "ready"), answer
