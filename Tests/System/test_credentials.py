"""Forged, expired, revoked, used and misplaced credentials, over HTTP and on sockets."""

import asyncio
import hashlib

import pytest

import tokens
from api import expect
from client import Refused, Socket
from world import SECRET, UNKNOWN_ID, World

pytestmark = pytest.mark.usefixtures("nothing_changes")


def forgeries(world: World) -> dict[str, str]:
    """Access tokens that are almost right."""
    header, claims = tokens.read(world.staff.token)
    return {
        "alg_none": tokens.unsigned({**header, "alg": "none"}, claims),
        "alg_None": tokens.unsigned({**header, "alg": "None"}, claims),
        "unsigned_hs256": tokens.unsigned(header, claims),
        "wrong_key": tokens.sign(header, claims, "another-secret-of-more-than-thirty-two-bytes"),
        "empty_key": tokens.sign(header, claims, ""),
        "hs512": tokens.sign({**header, "alg": "HS512"}, claims, SECRET, hashlib.sha512),
        "flipped": world.staff.token[:-2] + ("AA" if world.staff.token[-2:] != "AA" else "BB"),
        "without_signature": world.staff.token.rsplit(".", 1)[0],
        "not_a_token": "hello",
        "very_long": "x" * 5000,
        "other_workspace": tokens.sign(header, {**claims, "workspace": "other"}, "wrong"),
    }


FORGERIES = [
    "alg_none",
    "alg_None",
    "unsigned_hs256",
    "wrong_key",
    "empty_key",
    "hs512",
    "flipped",
    "without_signature",
    "not_a_token",
    "very_long",
    "other_workspace",
]


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_token(world, name):
    answer = world.public.request("GET", "users/me", headers={"Authorization": f"Bearer {forgeries(world)[name]}"})
    expect(answer, 401, "unauthenticated")


@pytest.mark.parametrize("name", FORGERIES)
async def test_a_forged_token_on_a_socket(world, name):
    forged = forgeries(world)[name]
    with pytest.raises(Refused) as refusal:
        await Socket.agent(world.server, headers={"Authorization": f"Bearer {forged}"})
    assert refusal.value.status == 401
    async with await Socket.bare(world.server, world.visit) as socket:
        await socket.send("hello", {"token": forged})
        assert await socket.expect_close() == 4500


def test_the_secret_signs_what_the_server_accepts(world):
    """The control of the tests above and below: signed with the right key, the same claims are accepted."""
    header, claims = tokens.read(world.staff.token)
    expect(world.public.caller(tokens.sign(header, claims, SECRET)).get("users/me"), 200)


def test_an_expired_token(world):
    header, claims = tokens.read(world.staff.token)
    expired = tokens.sign(header, {**claims, "exp": claims["exp"] - 7200}, SECRET)
    expect(world.public.caller(expired).get("users/me"), 401, "token_expired")

    async def refused():
        with pytest.raises(Refused) as refusal:
            await Socket.agent(world.server, expired)
        assert refusal.value.status == 401 and refusal.value.problem["code"] == "token_expired"

    asyncio.run(refused())


def test_a_revoked_token(world):
    login = world.public.login()
    revoked = world.public.caller(login["access_token"])
    assert revoked.post("auth/logout").status_code == 204
    expect(revoked.get("users/me"), 401, "token_revoked")
    expect(world.public.post("auth/refresh", {"refresh_token": login["refresh_token"]}), 401, "token_revoked")


@pytest.mark.parametrize("header", ["Basic YWRtaW46YWRtaW4=", "Bearer", "bearer", "Token x", "Bearer a b"])
def test_a_mad_authorization_header(world, header):
    expect(world.public.request("GET", "users/me", headers={"Authorization": header}), 401, "unauthenticated")


@pytest.mark.parametrize(
    "path",
    [
        "users/me",
        "contacts",
        "chat/conversations",
        "chat/sessions",
        "chat/conversations/" + UNKNOWN_ID,
        "chat/sessions/" + UNKNOWN_ID,
    ],
)
def test_no_credentials(world, path):
    expect(world.public.get(path), 401, "unauthenticated")


@pytest.mark.parametrize("change", ["flip", "cut", "other"])
def test_a_forged_session_token(world, change):
    token = world.visit.token
    forged = {"flip": token[:-1] + ("A" if token[-1] != "A" else "B"), "cut": token[:-3], "other": token[::-1]}[change]
    expect(world.public.caller(forged).get(f"chat/sessions/{world.visit.id}"), 401, "unauthenticated")


async def test_a_used_ticket(world):
    ticket = await asyncio.to_thread(world.public.ticket, world.visit)
    url = f"{world.server.socket_url}/ws/chat/{world.visit.id}?ticket={ticket}"
    async with await Socket.open(url) as socket:
        await socket.expect("ready")
    with pytest.raises(Refused) as refusal:
        await Socket.open(url)
    assert refusal.value.status == 401


async def test_a_ticket_for_another_socket(world):
    """A ticket opens the socket it was made for, not another session's and not the staff's; trying costs it."""
    ticket = await asyncio.to_thread(world.public.ticket, world.visit)
    for url in (f"{world.server.socket_url}/ws/chat/{world.stranger.id}", f"{world.server.socket_url}/ws/agent"):
        with pytest.raises(Refused) as refusal:
            await Socket.open(f"{url}?ticket={ticket}")
        assert refusal.value.status in (401, 403, 404)
    staff_ticket = expect(await asyncio.to_thread(world.staff.post, "auth/ticket"), 201)["ticket"]
    with pytest.raises(Refused) as refusal:
        await Socket.open(f"{world.server.socket_url}/ws/chat/{world.visit.id}?ticket={staff_ticket}")
    assert refusal.value.status in (401, 403, 404)


async def test_a_token_for_another_session(world):
    with pytest.raises(Refused) as refusal:
        await Socket.open(f"{world.server.socket_url}/ws/chat/{world.stranger.id}", world.visit.token)
    assert refusal.value.status in (401, 403, 404)
    async with await Socket.bare(world.server, world.stranger) as socket:
        await socket.send("hello", {"token": world.visit.token})
        assert await socket.expect_close() in (4500, 4501)
