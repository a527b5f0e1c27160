"""Messages that are edited and deleted: on sockets, over HTTP and in replay, where all must tell the same."""

import pytest

from api import admin, expect
from client import Socket
from server import poll


@pytest.fixture
def room(public) -> tuple:
    visit = public.visit()
    return visit, public.caller(visit.token)


def path(conversation: str, message: str) -> str:
    return f"chat/conversations/{conversation}/messages/{message}"


def applied(frames: list[dict]) -> list[dict]:
    """The messages that a client has after these events, in order."""
    messages: dict[str, dict] = {}
    for frame in frames:
        data = frame.get("data") or {}
        if "message" in data:
            messages[data["message"]["id"]] = data["message"]
        elif frame["type"] == "message.deleted":
            gone = messages[data["message_id"]]
            messages[data["message_id"]] = {
                **gone,
                "status": "deleted",
                "content": "",
                "attachments": [],
                "sources": [],
            }
    return sorted(messages.values(), key=lambda each: each["seq"])


async def test_sockets_http_and_replay_tell_the_same(server, staff, public):
    visit = public.visit()
    contact = public.caller(visit.token)
    staff.switch(visit.conversation_id, "human", agent_id="me")
    async with await Socket.visit(server, visit) as mine, await Socket.agent(server, staff.token) as agent:
        ready = (await mine.expect("ready"))["data"]
        await agent.expect("ready")
        await agent.subscribe(visit.conversation_id, after=0)
        first = await mine.say("helo", "one")
        second = await mine.say("oops", "two")
        answer = await agent.say("hi", "three", visit.conversation_id)
        note = await agent.say("hm", "four", visit.conversation_id, type="note")
        edited = expect(contact.patch(path(visit.conversation_id, first["message_id"]), {"content": "hello"}), 200)
        expect(contact.delete(path(visit.conversation_id, second["message_id"])), 204)
        expect(staff.patch(path(visit.conversation_id, note["message_id"]), {"content": "aha"}), 200)
        expect(staff.delete(path(visit.conversation_id, answer["message_id"])), 204)
        for socket in (mine, agent):
            update = await socket.expect("message.updated")
            assert update["data"]["message"] == edited
            for gone in (second, answer):
                deleted = await socket.expect("message.deleted")
                assert deleted["data"] == {"message_id": gone["message_id"]}
        assert edited["seq"] == first["seq"] and edited["edited_at"]
        # The original sends, repeated, are still the same sends.
        for content, name, earlier in (("helo", "one", first), ("oops", "two", second)):
            again = await mine.say(content, name)
            assert again["duplicate"] and again["seq"] == earlier["seq"]
        await mine.flush()
        await agent.flush()
        live = {"contact": mine.durable, "staff": agent.durable}
    for caller, name in ((contact, "contact"), (staff, "staff")):
        listed = caller.messages(visit.conversation_id)
        assert applied(caller.events(visit.conversation_id)) == listed
        assert applied(live[name]) == listed, name
        assert caller.conversation(visit.conversation_id)["last_message"] == listed[-1]
    assert contact.conversation(visit.conversation_id)["last_message"]["status"] == "deleted"
    # A reader who comes later is told of what is there now, and never of what was.
    async with await Socket.visit(server, visit) as late:
        await late.expect("ready")
        await late.hello(resume={"epoch": ready["epoch"], "seq": 0})
        await late.until(lambda: late.all("message.deleted"), "the replay")
        await late.flush()
        assert applied(late.durable) == contact.messages(visit.conversation_id)
        replayed = " ".join(str(frame) for frame in late.durable)
        assert "oops" not in replayed and "helo'" not in replayed and "aha" not in replayed


def test_who_may_and_for_how_long(serve):
    server = serve()
    staff = admin(server)
    public = staff.caller(None)
    agent = {"email": "bo@example.com", "name": "Bo", "password": "long enough for Bo", "role": "agent"}
    expect(staff.post("admin/users", agent), 201)
    bo = public.caller(public.login("bo@example.com", "long enough for Bo")["access_token"])
    visit, other = public.visit(), public.visit()
    contact = public.caller(visit.token)
    staff.switch(visit.conversation_id, "human", agent_id="me")
    said = contact.say(visit.conversation_id, "mine")
    answer = bo.say(visit.conversation_id, "the agent's")
    system = [each for each in staff.messages(visit.conversation_id) if each["sender"]["kind"] == "system"]
    for caller, message, status in (
        (contact, answer, 403),
        (bo, said, 403),
        (public.caller(other.token), said, 404),
        *((contact, each, 403) for each in system),
    ):
        place = path(visit.conversation_id, message["id"])
        expect(caller.patch(place, {"content": "x"}), status)
        expect(caller.delete(place), status)
    expect(staff.patch("admin/settings", {"message_edit_seconds": 1}), 200)
    place = path(visit.conversation_id, said["id"])
    poll(lambda: contact.patch(place, {"content": "late"}).status_code == 403, 10, "the window closed")
    expect(contact.delete(place), 403, "forbidden")
    theirs = path(visit.conversation_id, answer["id"])
    poll(lambda: bo.patch(theirs, {"content": "late"}).status_code == 403, 10, "the agent's window closed")
    expect(bo.delete(theirs), 403, "forbidden")
    tag = staff.get(place).headers["etag"]
    expect(staff.patch(place, {"content": "by the supervisor"}, headers={"If-Match": tag}), 200)
    expect(staff.delete(place, headers={"If-Match": tag}), 412, "precondition_failed")
    expect(staff.patch(f"chat/conversations/{visit.conversation_id}", {"status": "closed"}), 200)
    expect(staff.delete(place), 204)
    expect(contact.patch(place, {"content": "x"}), 409, "conversation_closed")
    assert contact.messages(visit.conversation_id)[0]["status"] == "deleted"


def test_a_finished_answer_of_the_assistant_can_be_taken_out(server, staff, room):
    visit, contact = room
    contact.say(visit.conversation_id, "What is Chat API?")

    def answer():
        return next((each for each in contact.messages(visit.conversation_id) if each["status"] == "complete"), None)

    found = poll(answer, 30, "an answer")
    place = path(visit.conversation_id, found["id"])
    expect(contact.delete(place), 403)
    corrected = expect(staff.patch(place, {"content": "Corrected."}), 200)
    assert corrected["status"] == "complete" and corrected["sender"]["kind"] == "ai"
    expect(staff.delete(place), 204)
    expect(staff.patch(place, {"content": "x"}), 409, "conflict")
    assert contact.messages(visit.conversation_id)[-1]["content"] == ""
    # What comes next does not lean on what was taken out.
    contact.say(visit.conversation_id, "And how is it started?")
    poll(answer, 30, "another answer")
