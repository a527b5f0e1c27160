"""The figures of a workspace after a story over HTTP, against a recount of its events, through kills in between."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from api import Api, admin, expect
from server import Server

PATH = "admin/stats/overview"
# Documented: the figures lag behind by a second or two.
LAG_SECONDS = 20


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def counted(staff: Api, name: str = "overview", **query) -> dict:
    """The figures once everything that was committed before the call is in them."""
    begun, deadline = datetime.now(UTC), time.monotonic() + LAG_SECONDS
    while True:
        figures = expect(staff.get(f"admin/stats/{name}", **query), 200)
        if figures["as_of"] is not None and moment(figures["as_of"]) >= begun:
            return figures
        assert time.monotonic() < deadline, f"the figures are only up to {figures['as_of']}, it is {begun}"
        time.sleep(0.1)


def answered(public: Api, visit, replies: int = 1) -> None:
    """Waits for the end of the assistant's replies."""
    contact, deadline = public.caller(visit.token), time.monotonic() + LAG_SECONDS
    while sum(m["status"] in ("complete", "partial") for m in contact.messages(visit.conversation_id)) < replies:
        assert time.monotonic() < deadline, "no reply"
        time.sleep(0.1)


def verb(server: Server, *arguments: str) -> str:
    """What a verb of the command says."""
    done = server.run(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def tell(public: Api, staff: Api, number: int) -> str:
    """One customer's story; which one depends on its number."""
    visit = public.visit(locale="en")
    contact, conversation = public.caller(visit.token), visit.conversation_id
    if number % 3 == 2:
        contact.switch(conversation, "human")
    contact.say(conversation, "What is Chat API?")
    if number % 3 != 2:
        answered(public, visit)
    if number % 3 != 0:
        staff.say(conversation, "A human here.")
        contact.say(conversation, "And another thing")
        staff.say(conversation, "Of course")
        staff.say(conversation, "For us only", type="note")
    if number % 2 == 0:
        expect(staff.patch(f"chat/conversations/{conversation}", {"status": "resolved"}), 200)
    if number % 4 == 0:
        contact.say(conversation, "What is Chat API?")
        if number % 3 == 0:
            answered(public, visit, replies=2)
    return conversation


def recount(staff: Api, conversations: list[str]) -> dict:
    """What the figures must be, by every event of every conversation."""
    found = {
        "conversations": dict.fromkeys(["created", "resolved", "closed", "reopened"], 0),
        "messages": dict.fromkeys(["contact", "agent", "ai", "system", "notes"], 0),
        "handed_over": 0,
        "first_response": [],
        "waiting": 0,
        "status": dict.fromkeys(["open", "pending", "snoozed", "resolved", "closed"], 0),
        "answered_alone": 0,
    }
    for conversation in conversations:
        status, owner, asked, replied, waits, human, known = "open", "ai", None, None, False, False, False
        events = staff.events(conversation)
        messages = [event["data"]["message"] for event in events if event["type"] == "message.created"]
        found["conversations"]["created"] += bool(messages)
        for event in events:
            data, at = event["data"], moment(event["at"])
            if event["type"] == "message.created":
                sender = data["message"]["sender"]["kind"]
                if data["message"]["type"] == "note":
                    # The note that a handoff leaves is the system's.
                    found["messages"]["notes" if sender == "agent" else sender] += 1
                    continue
                found["messages"][sender] += 1
                if sender == "contact":
                    asked = asked or at
                    waits = waits or owner != "ai"
                if sender == "agent":
                    human, waits = True, False
                    if asked and not replied:
                        replied = at
                        found["first_response"].append((at - asked) / timedelta(milliseconds=1))
            elif event["type"] == "message.completed":
                known = known or data["finish_reason"] != "partial"
            elif event["type"] == "conversation.updated":
                changes = data["changes"]
                if "owner" in changes:
                    if owner == "ai" and changes["owner"]["kind"] != "ai":
                        found["handed_over"] += 1
                        human = True
                        waits = waits or data["actor"]["kind"] != "agent"
                    owner = changes["owner"]["kind"]
                if "status" in changes and changes["status"] != status:
                    if changes["status"] in ("resolved", "closed"):
                        found["conversations"][changes["status"]] += 1
                        waits = False
                    elif status == "resolved":
                        found["conversations"]["reopened"] += 1
                    status = changes["status"]
        found["status"][status] += 1
        found["waiting"] += waits
        found["answered_alone"] += known and not human
    return found


def check(figures: dict, found: dict):
    assert figures["conversations"] == found["conversations"]
    assert figures["messages"] == found["messages"]
    assert figures["ai"]["handed_over"] == found["handed_over"]
    assert figures["ai"]["answered_without_human"] == found["answered_alone"]
    assert figures["ai"]["replies"] == found["messages"]["ai"]
    assert figures["now"]["conversations"] == found["status"]
    assert figures["now"]["waiting"]["customers"] == found["waiting"]
    lengths = sorted(found["first_response"])
    assert figures["first_response"]["count"] == len(lengths)
    if lengths:
        median = lengths[(len(lengths) + 1) // 2 - 1]
        assert abs(figures["first_response"]["median_milliseconds"] - median) <= max(1, 0.05 * median)
    points = figures["points"]
    for name in figures["conversations"]:
        assert sum(point["conversations"][name] for point in points) == figures["conversations"][name]


@pytest.mark.parametrize("kills", [0, 4])
def test_the_figures_are_those_of_a_recount(serve, kills):
    server = serve()
    staff, public = admin(server), Api(server.base_url)
    assert counted(staff)["conversations"]["created"] == 0
    public.visit()  # Without a word it is in no figure.
    conversations = []
    for number in range(8):
        conversations.append(tell(public, staff, number))
        if number % 2 and number < 2 * kills:
            # At any moment of a look, of which there is one each second.
            time.sleep(0.13 * number)
            server.kill()
            server.start()
            staff, public = admin(server), Api(server.base_url)
    found = recount(staff, conversations)
    check(counted(staff), found)
    for zone in ["Europe/Berlin", "Asia/Kolkata", "America/New_York", "Asia/Shanghai"]:
        check(counted(staff, timezone=zone, interval="hour"), found)


def test_counting_anew_gives_the_same(serve):
    server = serve()
    staff, public = admin(server), Api(server.base_url)
    for number in range(4):
        tell(public, staff, number)
    begin = moment(counted(staff)["as_of"]) - timedelta(hours=2)
    query = {
        "from": begin.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "to": (begin + timedelta(hours=4)).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }

    def everything() -> list[dict]:
        figures = [counted(staff, name, **query) for name in ["overview", "conversations", "users", "ai"]]
        for each in figures:
            each.pop("as_of")
            each.get("now", {}).get("waiting", {}).pop("longest_seconds", None)
        return figures

    before = everything()
    told = verb(server, "stats", "rebuild")
    assert "events anew" in told, told
    assert everything() == before
    # The same behind a kill. Nobody signs in again: that would show.
    server.kill()
    server.start()
    assert "events anew" in verb(server, "stats", "rebuild")
    assert everything() == before


def test_how_conversations_stand_is_on_the_metrics_page(serve):
    server = serve()
    staff, public = admin(server), Api(server.base_url)
    tell(public, staff, 2)
    visit = public.visit(locale="en")
    public.caller(visit.token).switch(visit.conversation_id, "human")
    public.caller(visit.token).say(visit.conversation_id, "Hello?")
    figures = counted(staff)
    deadline = time.monotonic() + 30
    while True:
        page = public.get("/metrics").text
        if f"chat_waiting_conversations {figures['now']['waiting']['customers']}" in page:
            break
        assert time.monotonic() < deadline, page
        time.sleep(0.2)
    assert 'chat_conversations{status="resolved"} 1' in page
    assert 'chat_handoffs_total{reason="contact"} 2' in page
    assert 'chat_sessions{status="active"} 2' in page
