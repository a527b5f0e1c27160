"""The main story on a real process: a customer asks, the model behind the OpenAI-compatible provider answers, in both
languages; a burst, a retry, a second tab."""

import asyncio
from urllib.parse import parse_qs, urlsplit

from api import expect
from client import Socket, assemble
from shapes import CONTACT_CONVERSATION, CONVERSATION, MESSAGE, SESSION, check
from telling import answered, arrive, both_languages, of_ai
from words import ENGLISH

MODEL = "ok"


@both_languages
async def test_a_question_is_answered_with_its_source(server, public, upstream, language):
    visit = await arrive(public, language)
    check(visit.session, SESSION)
    assert visit.session["status"] == "active"
    address = urlsplit(visit.websocket_url)
    assert address.path == f"/ws/chat/{visit.id}" and parse_qs(address.query)["ticket"]
    upstream.behaviour = "slow"
    upstream.answers = {language.question: language.long_answer}  # longer than the burst window hides
    async with await Socket.with_ticket(server, visit) as socket:
        assert socket.connection.subprotocol == "chat.v1"
        ready = (await socket.expect("ready"))["data"]
        assert ready["mode"] == "live" and ready["session"]["id"] == visit.id
        check(ready["conversation"], CONTACT_CONVERSATION)
        assert ready["conversation"]["owner"] == {**ready["conversation"]["owner"], "kind": "ai", "epoch": 1}
        synced = await socket.expect("synced")
        assert synced["conversation_id"] == visit.conversation_id and synced["data"]["seq"] == ready["head_seq"]

        ack = await socket.say(language.question, "q-1")
        assert ack["duplicate"] is False
        own = await socket.expect("message.created")
        assert own["seq"] == ack["seq"] and own["data"]["message"]["id"] == ack["message_id"]
        message = check(own["data"]["message"], MESSAGE)
        assert message["sender"]["kind"] == "contact" and message["content"] == language.question
        assert message["client_message_id"] == "q-1" and message["status"] == "sent"

        started = (await socket.expect("reply.started"))["data"]
        assert started["generation"] == 1 and started["owner_epoch"] == 1
        created = await socket.expect("message.created", of_ai)
        streaming = check(created["data"]["message"], MESSAGE)
        assert streaming["status"] == "streaming" and streaming["id"] == started["message_id"]
        completed = await socket.expect("message.completed")
        final = check(completed["data"]["message"], MESSAGE)
        assert completed["data"]["finish_reason"] == "stop"
        assert final["status"] == "complete" and final["id"] == streaming["id"] and final["seq"] == created["seq"]
        assert completed["seq"] == created["seq"] + 1

        # G6: what was streamed is what it is, in more than one piece.
        assert assemble(socket.frames, final["id"]).text == final["content"]
        assert len(socket.all("reply.delta")) >= 2
        assert final["content"].startswith(language.long_answer[:20])
        source = final["sources"][0]
        assert source["number"] == 1 and source["title"] and source["excerpt"] and "[1]" in final["content"]
        assert language.fits(source["title"] + source["excerpt"])
        assert "openai" not in str(socket.frames).lower() and "fake" not in str(socket.frames).lower()
    call = upstream.calls[-1]
    assert call.body["stream"] is True and call.headers["authorization"] == "Bearer sk-test-secret-key"
    assert not any(m["role"] == "system" and language.question in str(m["content"]) for m in call.messages)


@both_languages
async def test_the_history_over_http_is_what_the_socket_showed(server, public, staff, language):
    visit = await arrive(public, language)
    contact = public.caller(visit.token)
    async with await Socket.bare(server, visit) as socket:
        await socket.hello(visit.token)
        await socket.say(language.question, "q-1")
        await answered(socket)
        seen = socket.durable
    events, head = await asyncio.to_thread(contact.by_seq, f"chat/conversations/{visit.conversation_id}/events")
    assert [event["seq"] for event in events] == list(range(1, head + 1))
    assert events[-len(seen) :][0]["seq"] == seen[0]["seq"]
    for frame, event in zip(seen, events[-len(seen) :], strict=True):
        assert (frame["seq"], frame["type"], frame.get("id")) == (event["seq"], event["type"], event.get("id"))
    messages = await asyncio.to_thread(contact.messages, visit.conversation_id)
    assert [message["sender"]["kind"] for message in messages] == ["contact", "ai"]
    check(await asyncio.to_thread(contact.conversation, visit.conversation_id), CONTACT_CONVERSATION)
    full = check(await asyncio.to_thread(staff.conversation, visit.conversation_id), CONVERSATION)
    assert full["head_seq"] == head and full["last_message"]["id"] == messages[-1]["id"]
    mine = await asyncio.to_thread(contact.listed, "chat/conversations")
    assert [each["id"] for each in mine] == [visit.conversation_id]
    down = expect(
        await asyncio.to_thread(contact.get, f"chat/conversations/{visit.conversation_id}/messages", before=head + 1),
        200,
    )
    assert [m["id"] for m in down["items"]] == [m["id"] for m in reversed(messages)] and down["head_seq"] == head


async def test_a_burst_gets_one_answer(server, public, upstream):
    visit = await arrive(public)
    async with await Socket.visit(server, visit) as socket:
        await socket.expect("synced")
        calls = len(upstream.calls)
        for number, content in enumerate(("Hello", "I have a question", ENGLISH.question), 1):
            await socket.send("message.send", {"content": content, "client_message_id": f"b-{number}"})
        first = await answered(socket)
        assert any(
            all(call.says(words) for words in ("Hello", "I have a question", ENGLISH.question))
            for call in upstream.calls[calls:]
        )
        # A later question is the next reply's: between the two there was no other.
        await socket.say(ENGLISH.question, "b-4")
        second = await answered(socket)
        messages = await asyncio.to_thread(public.caller(visit.token).messages, visit.conversation_id)
        assert [m["sender"]["kind"] for m in messages] == ["contact"] * 3 + ["ai", "contact", "ai"]
        assert [m["id"] for m in messages if m["sender"]["kind"] == "ai"] == [first["id"], second["id"]]


async def test_a_question_during_the_answer_is_the_next_replys(server, public, upstream):
    visit = await arrive(public)
    async with await Socket.visit(server, visit) as socket:
        await socket.expect("synced")
        upstream.hold()
        await socket.say(ENGLISH.question, "q-1")
        await socket.expect("message.created", of_ai)
        await socket.say("And how do I install it?", "q-2")
        upstream.release()
        first = await answered(socket)
        second = await answered(socket)
        assert first["id"] != second["id"] and first["status"] == second["status"] == "complete"


async def test_a_retry_gets_the_same_message(server, public):
    visit = await arrive(public)
    contact = public.caller(visit.token)
    await asyncio.to_thread(contact.switch, visit.conversation_id, "human")
    async with await Socket.visit(server, visit) as socket:
        first = await socket.say("only once", "same")
        again = await socket.say("only once", "same")
        assert again["duplicate"] is True
        assert (again["message_id"], again["seq"]) == (first["message_id"], first["seq"])
        conflict = await socket.ask("message.send", {"content": "other words", "client_message_id": "same"})
        assert conflict["type"] == "error" and conflict["data"]["code"] == "idempotency_conflict"
        path = f"chat/conversations/{visit.conversation_id}/messages"
        over_http = await asyncio.to_thread(contact.post, path, {"content": "only once", "client_message_id": "same"})
        assert expect(over_http, 200)["id"] == first["message_id"]
        other = await asyncio.to_thread(contact.post, path, {"content": "other", "client_message_id": "same"})
        expect(other, 409, "idempotency_conflict")
        fresh = await asyncio.to_thread(contact.post, path, {"content": "second", "client_message_id": "Same"})
        assert expect(fresh, 201)["client_message_id"] == "Same"  # Compared byte for byte.
    sent = [
        m for m in await asyncio.to_thread(contact.messages, visit.conversation_id) if m["sender"]["kind"] == "contact"
    ]
    assert [m["content"] for m in sent] == ["only once", "second"]


async def test_two_tabs_see_the_same(server, public):
    visit = await arrive(public)
    async with await Socket.visit(server, visit) as one, await Socket.visit(server, visit) as two:
        await one.expect("synced")
        await two.expect("synced")
        await one.say(ENGLISH.question, "q-1")
        await answered(one)
        await answered(two)
        assert [(f["seq"], f["id"]) for f in one.durable] == [(f["seq"], f["id"]) for f in two.durable]
        await one.send("typing")
        await one.flush()
