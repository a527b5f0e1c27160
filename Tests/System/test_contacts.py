"""Contacts that are merged or forgotten while their visits are open."""

import asyncio

from api import expect
from client import Socket


async def test_a_socket_of_a_merged_contact_comes_back_as_the_other(server, public, staff):
    """Nothing acts for a contact that is gone: its socket is closed so that it comes back, and goes on for the other."""
    first = await asyncio.to_thread(public.visit, locale="en", contact={"name": "Ann"})
    second = await asyncio.to_thread(public.visit, locale="en")
    target, merged = first.session["contact_id"], second.session["contact_id"]
    async with await Socket.visit(server, second) as socket:
        await socket.expect("synced")
        before = await socket.say("hello", "m-1")
        answer = await asyncio.to_thread(staff.post, f"contacts/{target}/merge", {"contact_id": merged})
        expect(answer, 200)
        assert await socket.expect_close() == 4004
    async with await Socket.with_ticket(server, second) as socket:
        ready = await socket.expect("ready")
        assert ready["data"]["session"]["contact_id"] == target
        again = await socket.say("hello", "m-1")
        assert again["duplicate"] and again["message_id"] == before["message_id"]
        await socket.say("more", "m-2")
    mine = [each for each in staff.messages(second.conversation_id) if each["sender"]["kind"] == "contact"]
    assert [each["content"] for each in mine] == ["hello", "more"]
    assert {each["sender"]["id"] for each in mine} == {target}
    expect(await asyncio.to_thread(staff.get, f"contacts/{merged}"), 404, "not_found")
    # The token says the same to HTTP, whoever was remembered.
    contact = public.caller(second.token)
    assert expect(await asyncio.to_thread(contact.get, f"chat/sessions/{second.id}"), 200)["contact_id"] == target


async def test_a_socket_of_a_forgotten_contact_is_closed_for_good(server, public, staff):
    visit = await asyncio.to_thread(public.visit, locale="en", contact={"name": "Ann", "email": "ann@example.com"})
    contact = public.caller(visit.token)
    await asyncio.to_thread(contact.say, visit.conversation_id, "hello")
    path = f"contacts/{visit.session['contact_id']}"
    async with await Socket.visit(server, visit) as socket:
        await socket.expect("synced")
        expect(await asyncio.to_thread(staff.delete, path), 204)
        assert await socket.expect_close() == 4505
    expect(await asyncio.to_thread(contact.get, f"chat/sessions/{visit.id}"), 401, "token_revoked")
    expect(await asyncio.to_thread(public.caller(visit.token).post, "chat/sessions", {}), 401)
    expect(await asyncio.to_thread(staff.get, path), 404, "not_found")
    assert staff.messages(visit.conversation_id)[0]["sender"]["name"] is None
    assert staff.listed("contacts", q="ann@example.com") == []
