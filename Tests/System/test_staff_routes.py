"""Contacts and conversations as staff make, list, change and close them."""

import asyncio

from api import expect
from client import Socket
from shapes import CONVERSATION, check
from telling import arrive


def test_conversations_are_made_and_found_by_staff(staff):
    contact = expect(staff.post("contacts", {"name": "Wang Wei", "email": "wang@example.com"}), 201)
    assert expect(staff.get(f"contacts/{contact['id']}"), 200)["name"] == "Wang Wei"
    assert contact["id"] in [each["id"] for each in staff.listed("contacts")]
    made = expect(
        staff.post(
            "chat/conversations", {"contact_id": contact["id"], "subject": "Invoice", "message": "Hello Mr Wang"}
        ),
        201,
    )
    check(made, CONVERSATION)
    assert made["subject"] == "Invoice" and made["contact"]["id"] == contact["id"]
    assert staff.messages(made["id"])[0]["content"] == "Hello Mr Wang"
    assert made["id"] in [each["id"] for each in staff.listed("chat/conversations")]
    changed = expect(staff.patch(f"chat/conversations/{made['id']}", {"priority": "high", "status": "resolved"}), 200)
    assert (changed["priority"], changed["status"]) == ("high", "resolved")
    expect(staff.patch(f"chat/conversations/{made['id']}", {"status": "snoozed"}), 409, "invalid_transition")
    closed = expect(staff.patch(f"chat/conversations/{made['id']}", {"status": "closed"}), 200)
    assert closed["status"] == "closed"
    expect(staff.patch(f"chat/conversations/{made['id']}", {"status": "open"}), 409, "invalid_transition")


async def test_a_closed_conversation_takes_no_message(server, public, staff):
    visit = await arrive(public)
    await asyncio.to_thread(staff.patch, f"chat/conversations/{visit.conversation_id}", {"status": "closed"})
    contact = public.caller(visit.token)
    path = f"chat/conversations/{visit.conversation_id}/messages"
    expect(await asyncio.to_thread(contact.post, path, {"content": "hello?"}), 409, "conversation_closed")
    async with await Socket.visit(server, visit) as socket:
        answer = await socket.ask("message.send", {"content": "hello?", "client_message_id": "q-1"})
        assert answer["type"] == "error" and answer["data"]["code"] == "conversation_closed"


def test_lists_come_in_pages(staff, public):
    made = [public.visit(locale="en") for _ in range(5)]
    for visit in made:
        public.caller(visit.token).switch(visit.conversation_id, "human")
        public.caller(visit.token).say(visit.conversation_id, "I am here")
    items, cursor = [], None
    while True:
        page = expect(staff.get("chat/conversations", limit=2, cursor=cursor), 200)
        assert set(page) >= {"items", "next_cursor"} and len(page["items"]) <= 2
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    ids = [item["id"] for item in items]
    assert len(ids) == len(set(ids)) and {visit.conversation_id for visit in made} <= set(ids)


def test_a_conversation_without_a_message_is_not_listed(staff, public):
    visit = public.visit(locale="en")
    assert visit.conversation_id not in [each["id"] for each in staff.listed("chat/conversations")]
