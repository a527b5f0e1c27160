"""Limits that hold when they are on: rates, lockout, sockets per caller, a consumer that is too slow."""

import asyncio
import json
import socket as sockets

import pytest

from api import Api, admin, expect
from client import Refused, Socket
from frames import CLOSE, TEXT, Wire, encode, envelope
from server import Server

MESSAGES = 800  # about 10 MB: more than the buffers of both kernels hold
MESSAGE_SCALARS = 4000
WINDOW = 20  # sends under way at once


def test_logins_are_limited(serve):
    server = serve(RATE_LOGIN_PER_MINUTE="3", LOCKOUT_FAILURES="0")
    public = Api(server.base_url)
    wrong = {"email": "admin@chatapi.com", "password": "wrong-password"}
    statuses = [public.post("auth/login", wrong).status_code for _ in range(6)]
    assert statuses[:3] == [401] * 3 and statuses[-1] == 429, statuses
    refused = public.post("auth/login", wrong)
    expect(refused, 429, "rate_limited")
    assert 1 <= int(refused.headers["retry-after"]) <= 60


def test_new_sessions_are_limited(serve):
    server = serve(RATE_SESSIONS_PER_MINUTE="3")
    public = Api(server.base_url)
    answers = [public.post("chat/sessions", {}) for _ in range(6)]
    assert [each.status_code for each in answers[:3]] == [201] * 3
    expect(answers[-1], 429, "rate_limited")


def test_requests_are_limited_per_token(serve):
    server = serve(RATE_REQUESTS_PER_SECOND="5")
    staff = admin(server)
    answers = [staff.get("users/me") for _ in range(100)]
    refused = [each for each in answers if each.status_code == 429]
    assert refused and answers[0].status_code == 200
    expect(refused[0], 429, "rate_limited")


async def test_a_socket_that_floods_is_closed(serve):
    """Contacts: 10 frames a second with a burst of 20; three seconds over it within a minute are too many."""
    server = serve(RATE_CONTACT_FRAMES_PER_SECOND="5")
    visit = Api(server.base_url).visit()
    socket = await Socket.visit(server, visit)
    await socket.expect("synced")

    async def flood():
        while not socket.closed:
            await socket.send("ping")
            await asyncio.sleep(0.01)

    flooding = asyncio.create_task(flood())
    try:
        assert await socket.expect_close(30) == 4006
    finally:
        flooding.cancel()
        await asyncio.gather(flooding, return_exceptions=True)
    limited = [f for f in socket.all("error") if f["data"]["code"] == "rate_limited"]
    assert limited and limited[0]["data"]["final"] is False
    # By its number, a client comes back and resumes.
    async with await Socket.visit(server, visit) as again:
        await again.expect("synced")


async def test_a_patient_socket_is_not(serve):
    server = serve(RATE_CONTACT_FRAMES_PER_SECOND="10")
    visit = Api(server.base_url).visit()
    async with await Socket.visit(server, visit) as socket:
        await socket.expect("synced")
        for _ in range(20):  # The burst.
            assert (await socket.ask("ping"))["type"] == "pong"


async def test_messages_are_limited_per_minute(serve):
    server = serve(RATE_CONTACT_MESSAGES_PER_MINUTE="5")
    public = Api(server.base_url)
    visit = public.visit()
    public.caller(visit.token).switch(visit.conversation_id, "human")
    async with await Socket.visit(server, visit) as socket:
        await socket.expect("synced")
        answers = [
            await socket.ask("message.send", {"content": "hi", "client_message_id": f"m-{number}"})
            for number in range(8)
        ]
    assert [each["type"] for each in answers[:5]] == ["ack"] * 5
    assert answers[-1]["type"] == "error" and answers[-1]["data"]["code"] == "rate_limited"
    assert answers[-1]["data"]["retry_in_seconds"] > 0 and answers[-1]["data"]["final"] is False
    path = f"chat/conversations/{visit.conversation_id}/messages"
    expect(public.caller(visit.token).post(path, {"content": "hi"}), 429, "rate_limited")


async def test_sockets_per_caller_are_limited(serve):
    server = serve(MAX_SOCKETS_PER_PRINCIPAL="2")
    visit = Api(server.base_url).visit()
    held = [await Socket.visit(server, visit) for _ in range(2)]
    for socket in held:
        await socket.expect("synced")
    try:
        third = await Socket.visit(server, visit)
        assert await third.expect_close() == 4506
    except Refused as refusal:
        assert refusal.status == 429 and int(refusal.headers["retry-after"]) >= 0
    await held.pop().close()
    async with asyncio.timeout(10):
        while True:
            try:
                async with await Socket.visit(server, visit) as again:
                    await again.expect("synced")
                    break
            except (Refused, AssertionError):
                await asyncio.sleep(0.05)
    for socket in held:
        await socket.close()


def test_a_slow_consumer_is_closed_and_loses_nothing(serve):
    """It does not read while others talk: its queue overflows, it is closed with 4003, and a resume brings the rest."""
    server = serve()
    public = Api(server.base_url)
    visit = public.visit()
    contact = public.caller(visit.token)
    contact.switch(visit.conversation_id, "human")
    with Wire(server) as slow:
        # Fixed, so that the kernel does not let it grow: what is left over must wait in the server.
        slow.socket.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 65536)
        slow.upgrade(f"/ws/chat/{visit.id}", visit.token)
        ready = slow.of_type("ready")
        with Wire(server) as fast:
            fast.upgrade(f"/ws/chat/{visit.id}", visit.token)
            fast.of_type("synced")
            for number in range(MESSAGES):
                data = {"content": "字" * MESSAGE_SCALARS, "client_message_id": f"m-{number}"}
                fast.send(encode(envelope("message.send", data, request_id=f"r{number}")))
                if number >= WINDOW:
                    assert fast.answer_to(f"r{number - WINDOW}")["type"] == "ack"
            for number in range(MESSAGES - WINDOW, MESSAGES):
                assert fast.answer_to(f"r{number}")["type"] == "ack"
        seqs, code = [], None
        try:
            while code is None:
                frame = slow.frame(20)
                if frame.opcode == CLOSE:
                    code = frame.close_code
                elif frame.opcode == TEXT:
                    value = json.loads(frame.payload)
                    if "seq" in value:
                        seqs.append(value["seq"])
        except (EOFError, ConnectionError):
            pass
    first = ready["data"]["head_seq"] + 1
    assert seqs == list(range(first, first + len(seqs))), "what did arrive has a hole"
    assert len(seqs) < MESSAGES, "it was never too slow: the test proves nothing"
    assert code in (4003, None), code  # None: the connection was cut before the close frame could be read.
    last = seqs[-1] if seqs else first - 1

    async def rest() -> list[int]:
        async with await Socket.bare(server, visit) as socket:
            await socket.hello(visit.token, {"epoch": ready["data"]["epoch"], "seq": last})
            await socket.expect("synced", deadline=60)
            return [frame["seq"] for frame in socket.durable]

    assert asyncio.run(rest()) == list(range(last + 1, first + MESSAGES))


@pytest.mark.parametrize("path", ["/api/v1/users/me", "/api/v1/chat/sessions"])
def test_cors_is_for_listed_origins(serve, path):
    server = serve(CORS_ORIGINS="https://shop.example.com,https://www.example.com")
    public = Api(server.base_url)
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    listed = public.request("OPTIONS", path, headers={"Origin": "https://shop.example.com", **asked})
    assert listed.status_code in (200, 204)
    assert listed.headers["access-control-allow-origin"] == "https://shop.example.com"
    assert "authorization" in listed.headers["access-control-allow-headers"].lower()
    assert "origin" in listed.headers["vary"].lower()
    other = public.request("GET", path, headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers


async def test_a_listed_origin_opens_the_staff_socket(serve):
    server: Server = serve(CORS_ORIGINS="https://shop.example.com")
    token = admin(server).token
    async with await Socket.agent(server, token, headers={"Origin": "https://shop.example.com"}) as agent:
        await agent.expect("ready")
    with pytest.raises(Refused) as refusal:
        await Socket.agent(server, token, headers={"Origin": "https://evil.example"})
    assert refusal.value.status == 403
