"""Coming back: resume, replay, snapshot, and what a reader is told on the way (G3, G4, G5)."""

import asyncio
import time

import pytest

from api import Api
from client import Socket
from server import Server

SNAPSHOT_BEYOND = 1000  # events behind
PAGE_BYTES = 128 << 10


class Room:
    """A conversation in which only people speak, so that every event is the test's own."""

    def __init__(self, server: Server, public: Api):
        self.server = server
        self.visit = public.visit(locale="en")
        self.contact = public.caller(self.visit.token)
        self.contact.switch(self.visit.conversation_id, "human")

    @property
    def id(self) -> str:
        return self.visit.conversation_id

    @property
    def head(self) -> int:
        return self.contact.conversation(self.id)["head_seq"]

    async def epoch(self) -> str:
        async with await Socket.bare(self.server, self.visit) as socket:
            return (await socket.hello(self.visit.token))["epoch"]

    async def fill(self, count: int, content=lambda number: f"line {number}"):
        """Sends a number of messages as fast as they are acknowledged."""
        async with await Socket.visit(self.server, self.visit) as socket:
            await socket.expect("synced")
            window: list[str] = []
            for number in range(count):
                data = {"content": content(number), "client_message_id": f"fill-{time.monotonic_ns()}-{number}"}
                window.append(await socket.send("message.send", data))
                if len(window) == 100:
                    for request_id in window:
                        assert (await socket.answer(request_id))["type"] == "ack"
                    window.clear()
            for request_id in window:
                assert (await socket.answer(request_id))["type"] == "ack"

    async def resume(self, seq: int, epoch: str | None = None, capabilities=None) -> tuple[dict, list[dict]]:
        """Connects anew with `resume`; the `ready` data and every durable event up to `synced`."""
        epoch = epoch or await self.epoch()
        async with await Socket.bare(self.server, self.visit) as socket:
            ready = await socket.hello(self.visit.token, {"epoch": epoch, "seq": seq}, capabilities)
            synced = await socket.expect("synced", deadline=60)
            assert synced["data"]["seq"] >= ready["head_seq"] or ready["mode"] == "snapshot"
            return ready, socket.durable


@pytest.fixture
def room(server, public) -> Room:
    return Room(server, public)


def seqs(events: list[dict]) -> list[int]:
    return [event["seq"] for event in events]


async def test_a_client_gets_what_it_missed(room):
    await room.fill(5)
    seen = room.head
    await room.fill(7)
    ready, events = await room.resume(seen)
    assert ready["mode"] == "replay" and ready["head_seq"] == seen + 7
    assert seqs(events) == list(range(seen + 1, seen + 8))
    assert [event["data"]["message"]["content"] for event in events] == [f"line {n}" for n in range(7)]


async def test_nothing_missed_is_synced_at_once(room):
    await room.fill(2)
    ready, events = await room.resume(room.head)
    assert ready["mode"] in ("replay", "live") and events == []


async def test_resume_from_zero_replays_everything(room):
    await room.fill(3)
    ready, events = await room.resume(0)
    assert ready["mode"] == "replay"
    assert seqs(events) == list(range(1, room.head + 1))
    over_http = await asyncio.to_thread(room.contact.events, room.id)
    assert [(e["seq"], e["type"], e.get("id")) for e in events] == [
        (e["seq"], e["type"], e.get("id")) for e in over_http
    ]


async def test_without_resume_there_is_no_replay(room):
    await room.fill(3)
    async with await Socket.bare(room.server, room.visit) as socket:
        ready = await socket.hello(room.visit.token)
        assert ready["mode"] == "live" and ready["head_seq"] == room.head
        await socket.expect("synced")
        assert socket.durable == []
        said = await socket.say("now", "now-1")
        assert (await socket.expect("message.created"))["seq"] == said["seq"] == ready["head_seq"] + 1


async def test_a_ticket_gives_ready_at_once_and_hello_a_second_one(room, public):
    await room.fill(3)
    epoch = await room.epoch()
    ticket = await asyncio.to_thread(public.ticket, room.visit)
    url = f"{room.server.socket_url}/ws/chat/{room.visit.id}?ticket={ticket}"
    async with await Socket.open(url) as socket:
        first = await socket.expect("ready")
        assert first["data"]["mode"] == "live" and "request_id" not in first
        second = await socket.hello(resume={"epoch": epoch, "seq": 1})
        assert second["mode"] == "replay"
        await socket.until(lambda: len(socket.all("synced")) == 2, "the second synced")
        assert seqs(socket.durable) == list(range(2, room.head + 1))


@pytest.mark.parametrize("case", ["another_epoch", "beyond_the_head"])
async def test_what_cannot_be_replayed_is_a_snapshot(room, case):
    await room.fill(2)
    if case == "another_epoch":
        ready, events = await room.resume(1, epoch="of-a-restored-backup")
    else:
        ready, events = await room.resume(room.head + 5)
    assert ready["mode"] == "snapshot" and events == []


async def test_a_snapshot_reader_finds_its_way_by_http(room):
    """The client reads history, which names its head, and applies live events from the ready's head on."""
    await room.fill(4)
    async with await Socket.bare(room.server, room.visit) as socket:
        ready = await socket.hello(room.visit.token, {"epoch": "another", "seq": 1})
        await socket.expect("synced")
        said = await socket.say("while you read", "live-1")
        messages, head = await asyncio.to_thread(room.contact.by_seq, f"chat/conversations/{room.id}/messages")
        live = await socket.expect("message.created")
        assert live["seq"] == ready["head_seq"] + 1 == said["seq"]
        known = {message["content"] for message in messages} | {live["data"]["message"]["content"]}
        assert head >= ready["head_seq"]
        assert {*(f"line {number}" for number in range(4)), "while you read"} <= known


@pytest.mark.slow
async def test_more_than_a_thousand_behind_is_a_snapshot_and_a_thousand_is_not(room):
    await room.fill(SNAPSHOT_BEYOND + 20)
    head = room.head
    ready, events = await room.resume(head - SNAPSHOT_BEYOND)
    assert ready["mode"] == "replay"
    assert seqs(events) == list(range(head - SNAPSHOT_BEYOND + 1, head + 1))
    ready, events = await room.resume(head - SNAPSHOT_BEYOND - 1)
    assert ready["mode"] == "snapshot" and events == []


async def test_replay_and_live_events_meet_without_a_gap(room):
    """Senders go on while a client replays: it is given each event once and in order (subscribe first, read second)."""
    await room.fill(200)
    start = room.head - 150
    epoch = await room.epoch()
    stop = asyncio.Event()

    async def talk():
        async with await Socket.visit(room.server, room.visit) as sender:
            await sender.expect("synced")
            number = 0
            while not stop.is_set():
                number += 1
                await sender.say(f"meanwhile {number}", f"meanwhile-{number}")
            return number

    talking = asyncio.create_task(talk())
    try:
        for _ in range(10):
            async with await Socket.bare(room.server, room.visit) as socket:
                await socket.hello(room.visit.token, {"epoch": epoch, "seq": start})
                await socket.expect("synced")
                count = len(socket.durable)
                await socket.until(lambda: len(socket.durable) >= count + 5, "five live events more")  # noqa: B023
                got = seqs(socket.durable)
                assert got == list(range(start + 1, start + 1 + len(got)))
    finally:
        stop.set()
        assert await talking > 0


async def test_large_messages_replay_whole(room):
    text = "汉" * 16_000
    for number in range(12):
        await asyncio.to_thread(room.contact.say, room.id, text, client_message_id=f"large-{number}")
    _, events = await room.resume(room.head - 12)
    assert len(events) == 12 and all(event["data"]["message"]["content"] == text for event in events)


async def test_batches_hold_the_same_events(room):
    await room.fill(30)
    start = room.head - 30
    _, plain = await room.resume(start)
    _, batched = await room.resume(start, capabilities=["batch"])
    assert [(e["seq"], e["id"]) for e in plain] == [(e["seq"], e["id"]) for e in batched]


async def test_an_agent_resumes_many_conversations_on_one_socket(server, public, staff):
    rooms = [Room(server, public) for _ in range(5)]
    for number, room in enumerate(rooms):
        await room.fill(3 + number)
    async with await Socket.agent(server, staff.token) as agent:
        await agent.expect("synced")
        wanted = [{"id": room.id, "after": number} for number, room in enumerate(rooms)]
        assert (await agent.ask("subscribe", {"conversations": wanted}))["type"] == "ack"
        for number, room in enumerate(rooms):
            await agent.until(
                lambda room=room: agent.all("synced", lambda f: f.get("conversation_id") == room.id), "synced"
            )
            mine = [frame["seq"] for frame in agent.durable if frame["conversation_id"] == room.id]
            assert mine == list(range(number + 1, room.head + 1))
        heads = (await agent.flush())["heads"]
        assert heads == {room.id: room.head for room in rooms}
        assert (await agent.ask("unsubscribe", {"conversations": [{"id": rooms[0].id}]}))["type"] == "ack"
        await rooms[0].fill(1)
        said = await agent.say("still here", "agent-1", rooms[1].id)
        await agent.expect("message.created", lambda f: f["seq"] == said["seq"] and f["conversation_id"] == rooms[1].id)
        assert not [f for f in agent.durable if f["conversation_id"] == rooms[0].id and f["seq"] == rooms[0].head]


async def test_a_ping_tells_the_head(room):
    async with await Socket.visit(room.server, room.visit) as socket:
        await socket.expect("synced")
        said = await socket.say("one more", "p-1")
        pong = await socket.ask("ping")
        assert pong["type"] == "pong" and pong["data"]["head_seq"] == said["seq"]
