"""The contract's own clocks, all run down at once: heartbeat, silence, `hello`, tickets, typing. About 65 seconds."""

import asyncio
import json
import time

import pytest

from api import Api, admin, expect
from client import Refused, Socket
from frames import PING, PONG, Wire, encode
from server import Server

pytestmark = pytest.mark.slow

HELLO_SECONDS = 5
HEARTBEAT_SECONDS = (25 * 0.9, 25 * 1.1)
SILENCE_SECONDS = 35
TYPING_SECONDS = 5
TICKET_SECONDS = 60
SLACK_SECONDS = 3  # of a timer wheel and a loaded machine


async def late_ticket(server: Server, public: Api) -> str:
    """Nobody may come in by a ticket that is a minute old; until then it must work."""
    visit = await asyncio.to_thread(public.visit)
    early = await asyncio.to_thread(public.ticket, visit)
    late = await asyncio.to_thread(public.ticket, visit)
    made = time.monotonic()
    url = f"{server.socket_url}/ws/chat/{visit.id}?ticket="
    await asyncio.sleep(TICKET_SECONDS - 5)  # The clock itself is what is tested.
    async with await Socket.open(url + early) as socket:
        await socket.expect("ready")
    await asyncio.sleep(max(0, made + TICKET_SECONDS + 1 - time.monotonic()))
    try:
        socket = await Socket.open(url + late)
    except Refused as refusal:
        return f"refused with {refusal.status}"
    await socket.close()
    return "let in"


async def no_hello(server: Server, public: Api) -> tuple[int, float]:
    visit = await asyncio.to_thread(public.visit)
    socket = await Socket.bare(server, visit)
    began = time.monotonic()
    return await socket.expect_close(HELLO_SECONDS + 10), time.monotonic() - began


def heartbeat(server: Server, public: Api) -> dict:
    """On a raw socket that answers the first ping and then goes silent."""
    visit = public.visit()
    with Wire(server) as wire:
        wire.upgrade(f"/ws/chat/{visit.id}", visit.token)
        ready = wire.of_type("ready")
        began = time.monotonic()
        ping = wire.frame(HEARTBEAT_SECONDS[1] + SLACK_SECONDS)
        while ping.opcode != PING:
            ping = wire.frame(HEARTBEAT_SECONDS[1] + SLACK_SECONDS)
        first = time.monotonic() - began
        wire.send(encode(ping.payload, PONG))
        silent = time.monotonic()
        wire.socket.settimeout(SILENCE_SECONDS + 20)
        frame = wire.frame(SILENCE_SECONDS + 20)
        while frame.close_code is None or frame.opcode != 8:
            frame = wire.frame(SILENCE_SECONDS + 20)
        return {
            "first": first,
            "payload": json.loads(ping.payload),
            "head": ready["data"]["head_seq"],
            "code": frame.close_code,
            "silence": time.monotonic() - silent,
            "interval": ready["data"]["heartbeat_seconds"],
        }


async def typing_ends(server: Server, public: Api) -> tuple[int, int]:
    """How many `typing` frames come of five at once, and how many of a second one after three seconds."""
    staff = admin(server)
    visit = await asyncio.to_thread(public.visit)
    async with await Socket.visit(server, visit) as socket, await Socket.agent(server, staff.token) as agent:
        await agent.expect("ready")
        await agent.subscribe(visit.conversation_id)
        for _ in range(5):
            await socket.ask("typing")
        await agent.flush()
        at_once = len(agent.all("typing"))
        await asyncio.sleep(TYPING_SECONDS)
        await socket.ask("typing")
        await agent.until(lambda: len(agent.all("typing")) > at_once, "typing again")
        return at_once, len(agent.all("typing")) - at_once


@pytest.fixture(scope="module")
def clocks(server, public):
    async def run():
        return await asyncio.gather(
            late_ticket(server, public),
            no_hello(server, public),
            asyncio.to_thread(heartbeat, server, public),
            typing_ends(server, public),
        )

    names = ("ticket", "hello", "heartbeat", "typing")
    return dict(zip(names, asyncio.run(run()), strict=True))


def test_a_ticket_of_a_minute_ago_is_refused(clocks):
    assert clocks["ticket"] == "refused with 401"


def test_who_does_not_say_hello_is_closed(clocks):
    code, seconds = clocks["hello"]
    assert code == 4001
    assert HELLO_SECONDS - 1 <= seconds <= HELLO_SECONDS + SLACK_SECONDS


def test_the_heartbeat_carries_the_head(clocks):
    beat = clocks["heartbeat"]
    assert beat["interval"] == 25
    assert HEARTBEAT_SECONDS[0] - 1 <= beat["first"] <= HEARTBEAT_SECONDS[1] + SLACK_SECONDS
    assert beat["payload"] == {"head_seq": beat["head"]}


def test_a_silent_socket_is_closed(clocks):
    beat = clocks["heartbeat"]
    assert beat["code"] == 4002
    assert SILENCE_SECONDS - 1 <= beat["silence"] <= SILENCE_SECONDS + 2 * SLACK_SECONDS


def test_typing_is_passed_on_and_not_in_crowds(clocks):
    at_once, later = clocks["typing"]
    assert 1 <= at_once <= 5 and later == 1


def test_the_clocks_left_nothing_broken(clocks, public):
    expect(public.get("/health"), 200)
