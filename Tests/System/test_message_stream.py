"""The same conversation over `POST …/messages` as a stream of server-sent events."""

import stream
from client import assemble
from telling import both_languages, of_ai
from words import ENGLISH

MODEL = "ok"


@both_languages
def test_a_message_over_http_streams_its_reply(public, upstream, language):
    visit = public.visit(locale=language.locale)
    contact = public.caller(visit.token)
    upstream.behaviour = "slow"
    with stream.say(contact, visit.conversation_id, language.question, client_message_id="s-1") as events:
        own = next(events)
        assert own["type"] == "message.created" and own["data"]["message"]["client_message_id"] == "s-1"
        completed = events.until("message.completed")
        assert list(events) == [], "the stream goes on after the reply's ending"
    final = completed["data"]["message"]
    assert assemble(events.frames, final["id"]).text == final["content"]
    calls = len(upstream.calls)
    # A retry shows the same message and its reply's ending, and starts nothing.
    with stream.say(contact, visit.conversation_id, language.question, client_message_id="s-1") as again:
        frames = list(again)
    assert (frames[0]["type"], frames[0]["id"]) == ("message.created", own["id"])
    assert frames[-1]["type"] == "message.completed" and frames[-1]["data"]["message"]["id"] == final["id"]
    assert len(upstream.calls) == calls
    assert [m["sender"]["kind"] for m in contact.messages(visit.conversation_id)] == ["contact", "ai"]


def test_a_retry_in_mid_reply_joins_it(public, upstream):
    upstream.answers = {ENGLISH.question: ENGLISH.long_answer}
    visit = public.visit(locale="en")
    contact = public.caller(visit.token)
    upstream.hold(after=4)
    with stream.say(contact, visit.conversation_id, ENGLISH.question, client_message_id="s-1") as events:
        events.until("message.created", of_ai)
        with stream.say(contact, visit.conversation_id, ENGLISH.question, client_message_id="s-1") as again:
            first = next(again)
            assert first["data"]["message"]["client_message_id"] == "s-1"
            snapshot = again.until("reply.snapshot")
            upstream.release()
            final = again.until("message.completed")["data"]["message"]
            assert assemble(again.frames, final["id"]).text == final["content"]
            assert snapshot["data"]["message_id"] == final["id"]
        assert events.until("message.completed")["data"]["message"]["id"] == final["id"]
    assert [m["sender"]["kind"] for m in contact.messages(visit.conversation_id)] == ["contact", "ai"]


def test_a_stream_ends_at_once_when_no_reply_is_due(public):
    visit = public.visit(locale="en")
    contact = public.caller(visit.token)
    contact.switch(visit.conversation_id, "human")
    with stream.say(contact, visit.conversation_id, "anybody there?") as events:
        assert [frame["type"] for frame in events] == ["message.created"]


def test_a_stream_ends_with_the_change_of_owner(public, staff, upstream):
    visit = public.visit(locale="en")
    contact = public.caller(visit.token)
    upstream.hold()
    with stream.say(contact, visit.conversation_id, ENGLISH.question) as events:
        events.until("message.created", of_ai)
        staff.switch(visit.conversation_id, "human", agent_id="me")
        rest = list(events)
    assert "conversation.updated" in [frame["type"] for frame in rest], rest
