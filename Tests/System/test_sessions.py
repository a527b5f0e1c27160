"""A visit's life: active, idle, active again, expired, closed; what counts as activity; tickets; a restart."""

import asyncio

import pytest

from api import Api, admin, expect
from client import Refused, Socket
from server import Server, poll
from shapes import SESSION, check

IDLE_SECONDS = 1
TTL_SECONDS = 6
SWEEP_SECONDS = 20  # A sweep may come a while after the time is up; a read may not say otherwise meanwhile.


@pytest.fixture(scope="module")
def server():
    """Visits here go idle after a second."""
    with Server({"SESSION_IDLE_SECONDS": str(IDLE_SECONDS)}) as running:
        yield running.start()


@pytest.fixture(scope="module")
def brief():
    """Visits here end after a few seconds."""
    with Server({"SESSION_IDLE_SECONDS": str(IDLE_SECONDS), "SESSION_TTL_SECONDS": str(TTL_SECONDS)}) as running:
        yield running.start()


def status(api: Api, visit) -> str:
    return expect(api.get(f"chat/sessions/{visit.id}"), 200)["status"]


def idle(api: Api, visit):
    poll(lambda: status(api, visit) == "idle", SWEEP_SECONDS, "an idle session")


def test_a_session_goes_idle_and_wakes_by_activity(public, staff):
    visit = public.visit(locale="en")
    contact = public.caller(visit.token)
    assert status(staff, visit) == "active"
    idle(staff, visit)
    for activity in (
        lambda: contact.say(visit.conversation_id, "still here"),
        lambda: contact.post(f"chat/conversations/{visit.conversation_id}/read", {"seq": 1}),
        lambda: contact.patch(f"chat/sessions/{visit.id}", {"locale": "zh"}),
    ):
        activity()
        assert status(staff, visit) == "active"
        idle(staff, visit)


async def test_frames_that_are_activity(server, public, staff):
    visit = await asyncio.to_thread(public.visit, locale="en")
    async with await Socket.visit(server, visit) as socket:
        await socket.expect("synced")
        for kind, data in (
            ("message.send", {"content": "hello", "client_message_id": "a-1"}),
            ("typing", {}),
            ("message.read", {"seq": 1}),
            ("handoff", {"to": "human"}),
        ):
            await asyncio.to_thread(idle, staff, visit)
            assert (await socket.ask(kind, data))["type"] == "ack"
            await asyncio.to_thread(poll, lambda: status(staff, visit) == "active", 5, f"active after {kind}")


async def test_what_is_no_activity(server, public, staff):
    """Pings, resumes, tickets and GETs do not keep a visit alive: an open tab is nobody."""
    visit = await asyncio.to_thread(public.visit, locale="en")
    contact = public.caller(visit.token)
    await asyncio.to_thread(idle, staff, visit)
    before = expect(await asyncio.to_thread(staff.get, f"chat/sessions/{visit.id}"), 200)
    async with await Socket.bare(server, visit) as socket:
        ready = await socket.hello(visit.token)
        await socket.ask("ping")
    async with await Socket.bare(server, visit) as socket:
        await socket.hello(visit.token, {"epoch": ready["epoch"], "seq": 0})
    await asyncio.to_thread(contact.messages, visit.conversation_id)
    await asyncio.to_thread(contact.post, f"chat/sessions/{visit.id}/ticket")
    after = expect(await asyncio.to_thread(staff.get, f"chat/sessions/{visit.id}"), 200)
    assert (after["status"], after["last_active_at"], after["expires_at"]) == (
        "idle",
        before["last_active_at"],
        before["expires_at"],
    )


def test_staff_list_sessions_by_status(public, staff):
    visit = public.visit(locale="en")
    listed = staff.listed("chat/sessions", status="active")
    assert visit.id in [check(each, SESSION)["id"] for each in listed]
    idle(staff, visit)
    assert visit.id not in [each["id"] for each in staff.listed("chat/sessions", status="active")]
    assert visit.id in [each["id"] for each in staff.listed("chat/sessions", status="idle")]
    expect(staff.get("chat/sessions", status="asleep"), 422, "validation_failed")


async def test_an_expired_session_ends_its_token_and_sockets(brief):
    public, staff = Api(brief.base_url), admin(brief)
    visit = await asyncio.to_thread(public.visit, locale="en")
    contact = public.caller(visit.token)
    await asyncio.to_thread(contact.say, visit.conversation_id, "hello")
    async with await Socket.visit(brief, visit) as socket:
        await socket.expect("synced")
        assert await socket.expect_close(TTL_SECONDS + SWEEP_SECONDS) == 4505
    assert status(staff, visit) == "expired"
    expect(await asyncio.to_thread(contact.get, f"chat/sessions/{visit.id}"), 401, "token_expired")
    path = f"chat/conversations/{visit.conversation_id}/messages"
    expect(await asyncio.to_thread(contact.post, path, {"content": "too late"}), 401, "token_expired")
    with pytest.raises(Refused) as refusal:
        await Socket.visit(brief, visit)
    assert refusal.value.status == 401
    # The old token does one thing yet: a new visit of the same contact, in its conversation.
    again = await asyncio.to_thread(public.visit, token=visit.token, conversation_id=visit.conversation_id)
    assert again.id != visit.id and again.session["contact_id"] == visit.session["contact_id"]
    assert again.conversation_id == visit.conversation_id
    messages = await asyncio.to_thread(public.caller(again.token).messages, again.conversation_id)
    assert messages[0]["content"] == "hello"


async def test_activity_puts_off_the_end(brief):
    public, staff = Api(brief.base_url), admin(brief)
    visit = await asyncio.to_thread(public.visit, locale="en")
    contact = public.caller(visit.token)
    await asyncio.to_thread(contact.switch, visit.conversation_id, "human")
    first = visit.session["expires_at"]
    await asyncio.to_thread(idle, staff, visit)
    await asyncio.to_thread(contact.say, visit.conversation_id, "still here")
    later = expect(await asyncio.to_thread(staff.get, f"chat/sessions/{visit.id}"), 200)
    assert later["status"] == "active" and later["expires_at"] > first


async def test_a_closed_session_is_closed(server, public, staff):
    visit = await asyncio.to_thread(public.visit, locale="en")
    contact = public.caller(visit.token)
    ticket = await asyncio.to_thread(public.ticket, visit)
    async with await Socket.visit(server, visit) as socket:
        await socket.expect("synced")
        assert (await asyncio.to_thread(contact.delete, f"chat/sessions/{visit.id}")).status_code == 204
        assert await socket.expect_close(5) == 4505
    assert status(staff, visit) == "closed"
    expect(await asyncio.to_thread(contact.get, f"chat/sessions/{visit.id}"), 401)
    for options in ({"token": visit.token}, {}):
        url = f"{server.socket_url}/ws/chat/{visit.id}" + ("" if options else f"?ticket={ticket}")
        with pytest.raises(Refused) as refusal:
            await Socket.open(url, **options)
        assert refusal.value.status in (401, 404)
    # Unlike an expired one it opens nothing any more.
    answer = await asyncio.to_thread(contact.post, "chat/sessions", {})
    expect(answer, 401)


def test_a_contacts_next_visit_finds_its_conversation(public):
    visit = public.visit(locale="en", contact={"name": "Ada"}, metadata={"page": "/"})
    public.caller(visit.token).switch(visit.conversation_id, "human")
    public.caller(visit.token).say(visit.conversation_id, "remember me")
    again = public.visit(token=visit.token, conversation_id=visit.conversation_id)
    assert again.conversation_id == visit.conversation_id and again.id != visit.id
    # Without its token a conversation cannot be claimed.
    refused = public.post("chat/sessions", {"conversation_id": visit.conversation_id})
    assert refused.status_code in (401, 403, 404), refused.text


def test_a_claim_is_no_proof(public, staff):
    """Who only says an e-mail address is not let into the contact that has it."""
    first = public.visit(locale="en", contact={"name": "Bob", "email": "bob@example.com"})
    second = public.visit(locale="en", contact={"name": "Bob", "email": "bob@example.com"})
    assert first.session["contact_id"] != second.session["contact_id"]
    assert first.conversation_id != second.conversation_id
    expect(public.caller(second.token).get(f"chat/conversations/{first.conversation_id}"), 404)


async def test_a_ticket_works_once(server, public):
    visit = await asyncio.to_thread(public.visit, locale="en")
    ticket = await asyncio.to_thread(public.ticket, visit)
    url = f"{server.socket_url}/ws/chat/{visit.id}?ticket={ticket}"
    results = await asyncio.gather(*(Socket.open(url) for _ in range(5)), return_exceptions=True)
    opened = [each for each in results if isinstance(each, Socket)]
    refused = [each for each in results if isinstance(each, Refused)]
    assert len(opened) == 1 and len(refused) == 4, results
    assert {each.status for each in refused} == {401}
    await opened[0].close()


@pytest.mark.parametrize("way", ["stop", "kill"])
async def test_sessions_survive_a_restart(serve, way):
    server = serve()
    public = Api(server.base_url)
    visit = public.visit(locale="zh", metadata={"cart": ["a", 1, None]})
    ticket = public.ticket(visit)
    getattr(server, way)()
    server.start()
    session = expect(public.caller(visit.token).get(f"chat/sessions/{visit.id}"), 200)
    assert check(session, SESSION)["status"] == "active"
    assert session["metadata"] == {"cart": ["a", 1, None]} and session["locale"] == "zh"
    assert session["expires_at"] == visit.session["expires_at"]
    async with await Socket.open(f"{server.socket_url}/ws/chat/{visit.id}?ticket={ticket}") as socket:
        await socket.expect("ready")


async def test_a_closed_session_stays_closed_over_a_restart(serve):
    server = serve()
    public = Api(server.base_url)
    visit = public.visit()
    assert public.caller(visit.token).delete(f"chat/sessions/{visit.id}").status_code == 204
    server.kill()
    server.start()
    expect(public.caller(visit.token).get(f"chat/sessions/{visit.id}"), 401)
