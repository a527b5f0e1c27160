"""A reply is cancelled, a person takes over in mid-stream, and the AI never speaks over them (G7)."""

import asyncio
import random
from collections import Counter

from api import expect
from client import Socket, assemble
from server import poll
from shapes import CONVERSATION, check
from telling import answered, arrive, both_languages, new_owner, of_ai
from words import ENGLISH

MODEL = "ok"
ROUNDS = 50  # Of random moments, on real sockets.
AT_ONCE = 10
LATEST_SECONDS = 1.6  # A long answer is whole by then, from a slow model.


async def test_a_reply_is_cancelled_by_its_customer(server, public, upstream):
    upstream.answers = {ENGLISH.question: ENGLISH.long_answer}
    visit = await arrive(public)
    async with await Socket.visit(server, visit) as socket:
        await socket.expect("synced")
        upstream.hold(after=4)
        await socket.say(ENGLISH.question, "q-1")
        message_id = (await socket.expect("message.created", of_ai))["data"]["message"]["id"]
        snapshot = await socket.ask("reply.sync", {"message_id": message_id})
        assert snapshot["type"] == "reply.snapshot" and snapshot["data"]["offset"] == len(snapshot["data"]["text"])
        answer = await socket.ask("reply.cancel", {"message_id": message_id})
        assert answer["type"] == "ack", answer
        updated = (await socket.expect("message.updated"))["data"]["message"]
        assert updated["id"] == message_id and updated["status"] == "cancelled"
        assert updated["content"] == assemble(socket.frames, message_id).text
        await asyncio.to_thread(poll, lambda: upstream.calls[-1].outcome == "abandoned", 5, "the upstream call to end")
        assert (await asyncio.to_thread(public.caller(visit.token).conversation, visit.conversation_id))["owner"][
            "kind"
        ] == "ai"


@both_languages
async def test_a_takeover_in_mid_stream_silences_the_ai(server, public, staff, upstream, language):
    upstream.answers = {language.question: language.long_answer}
    visit = await arrive(public, language)
    conversation = visit.conversation_id
    async with await Socket.visit(server, visit) as socket, await Socket.agent(server, staff.token) as agent:
        await socket.expect("synced")
        await agent.expect("synced")
        await agent.subscribe(conversation, after=0)
        upstream.hold(after=4)
        await socket.say(language.question, "q-1")
        created = await socket.expect("message.created", of_ai)
        message_id = created["data"]["message"]["id"]

        switched = check(
            await asyncio.to_thread(staff.switch, conversation, "human", agent_id="me", expected_epoch=1), CONVERSATION
        )
        assert switched["owner"]["kind"] == "agent" and switched["owner"]["epoch"] == 2
        change = await socket.expect("conversation.updated", new_owner("agent"))
        assert change["data"]["changes"]["owner"]["epoch"] == 2
        updated = await socket.expect("message.updated")
        final = updated["data"]["message"]
        assert final["id"] == message_id and final["status"] == "cancelled"
        assert updated["seq"] > change["seq"]
        # G7: exactly what was shown, on both sockets.
        assert final["content"] == assemble(socket.frames, message_id).text
        await agent.expect("message.updated")
        assert final["content"] == assemble(agent.frames, message_id).text

        stale = await asyncio.to_thread(
            staff.post, f"chat/conversations/{conversation}/switch", {"to": "ai", "expected_epoch": 1}
        )
        expect(stale, 409, "stale_owner")

        # Whatever the model still says, nobody hears it.
        upstream.release()
        await asyncio.to_thread(poll, lambda: upstream.calls[-1].outcome != "running", 5, "the upstream call to end")
        said = await agent.say("A human here. How can I help?", "a-1", conversation)
        heard = await socket.expect("message.created")
        assert heard["seq"] == said["seq"] and heard["data"]["message"]["sender"]["kind"] == "agent"
        await socket.say("Thank you", "q-2")
        answer = await agent.expect("message.created", lambda f: f["data"]["message"]["client_message_id"] == "q-2")
        assert answer["conversation_id"] == conversation
        await socket.flush()
        after = socket.frames[socket.frames.index(change) + 1 :]
        assert not [f for f in after if f["type"].startswith("reply.") and f["type"] != "reply.failed"]
        assert [f["type"] for f in after if of_ai(f)] == ["message.updated"]


async def test_an_agents_message_takes_over_and_a_note_does_not(server, public, staff):
    visit = await arrive(public)
    conversation = visit.conversation_id
    async with await Socket.visit(server, visit) as socket, await Socket.agent(server, staff.token) as agent:
        await socket.expect("synced")
        await agent.expect("ready")
        await agent.subscribe(conversation)
        note = await agent.say("he sounds upset", "a-1", conversation, type="note")
        hidden = await socket.expect("event.hidden")
        assert hidden["seq"] == note["seq"]
        assert (await asyncio.to_thread(staff.conversation, conversation))["owner"]["kind"] == "ai"
        said = await agent.say("Hello, I am here", "a-2", conversation)
        change = await socket.expect("conversation.updated", new_owner("agent"))
        heard = await socket.expect("message.created")
        assert heard["seq"] == said["seq"] and change["seq"] < heard["seq"]
        assert heard["data"]["message"]["sender"]["name"]
        contact = public.caller(visit.token)
        texts = [m["content"] for m in await asyncio.to_thread(contact.messages, conversation)]
        assert texts == ["Hello, I am here"]
        events = await asyncio.to_thread(contact.events, conversation)
        assert [e["seq"] for e in events if e["type"] == "event.hidden"] == [note["seq"]]


async def test_an_agent_gives_the_conversation_back_to_the_ai(server, public, staff):
    visit = await arrive(public)
    await asyncio.to_thread(staff.switch, visit.conversation_id, "human", agent_id="me")
    back = await asyncio.to_thread(staff.switch, visit.conversation_id, "ai")
    assert back["owner"]["kind"] == "ai" and back["owner"]["epoch"] == 3
    async with await Socket.visit(server, visit) as socket:
        await socket.expect("synced")
        await socket.say(ENGLISH.question, "q-1")
        started = await socket.expect("reply.started")
        assert started["data"]["owner_epoch"] == 3
        await answered(socket)


async def test_a_ticket_opens_the_staff_socket(server, staff):
    made = expect(await asyncio.to_thread(staff.post, "auth/ticket"), 201)
    assert made["expires_in"] == 60
    async with await Socket.agent(server, ticket=made["ticket"]) as agent:
        await agent.expect("ready")
        synced = await agent.expect("synced")
        assert synced["data"] == {}


async def test_staff_see_a_list_change(server, public, staff):
    async with await Socket.agent(server, staff.token) as agent:
        await agent.expect("ready")
        answer = await agent.ask("subscribe", {"view": {"owner": "none"}})
        assert answer["type"] == "ack", answer
        visit = await arrive(public)
        async with await Socket.visit(server, visit) as socket:
            await socket.say(ENGLISH.want_human, "q-1")
            row = await agent.expect(
                "view.row", lambda f: f["data"]["conversation"]["id"] == visit.conversation_id and f["data"]["in"]
            )
            check(row["data"]["conversation"], CONVERSATION)
            await asyncio.to_thread(staff.switch, visit.conversation_id, "human", agent_id="me")
            await agent.expect(
                "view.row", lambda f: f["data"]["conversation"]["id"] == visit.conversation_id and not f["data"]["in"]
            )


async def test_typing_and_read_marks_reach_the_other_side(server, public, staff):
    visit = await arrive(public)
    async with await Socket.visit(server, visit) as socket, await Socket.agent(server, staff.token) as agent:
        await socket.expect("synced")
        await agent.expect("ready")
        await agent.subscribe(visit.conversation_id)
        await asyncio.to_thread(staff.switch, visit.conversation_id, "human", agent_id="me")
        said = await agent.say("Hello", "a-1", visit.conversation_id)
        await socket.expect("message.created")
        assert (await socket.ask("typing"))["type"] == "ack"
        typing = await agent.expect("typing")
        assert typing["data"]["participant"]["kind"] == "contact"
        assert (await socket.ask("message.read", {"seq": said["seq"]}))["type"] == "ack"
        receipt = await agent.expect("receipt")
        assert receipt["data"]["seq"] == said["seq"] and receipt["data"]["participant"]["kind"] == "contact"
        assert (await asyncio.to_thread(public.caller(visit.token).conversation, visit.conversation_id))["unread"] == 0
        read = await asyncio.to_thread(
            staff.post, f"chat/conversations/{visit.conversation_id}/read", {"seq": said["seq"]}
        )
        assert read.status_code == 204
        await socket.expect("receipt", lambda f: f["data"]["participant"]["kind"] == "agent")
        await socket.flush()
        assert not socket.all("typing"), "one's own typing comes back"


async def test_at_random_moments_nothing_of_the_ai_follows_the_new_owner(server, public, staff, upstream):
    """G7 on real sockets, many conversations at once: the kept text is what was shown, and each reply ends once."""
    upstream.behaviour = "slow"
    upstream.answers = {ENGLISH.question: ENGLISH.long_answer[:160] + " [1]."}
    gate = asyncio.Semaphore(AT_ONCE)
    chance = random.Random(20240607)
    plans = [(number, chance.uniform(0, LATEST_SECONDS), number % 3) for number in range(ROUNDS)]

    async def play(number: int, moment: float, way: int) -> str:
        async with gate:
            return await _taken_over(server, public, staff, f"round {number}, {moment:.3f} s, way {way}", moment, way)

    ways = Counter(await asyncio.gather(*(play(*plan) for plan in plans)))
    assert ways["cancelled"] >= ROUNDS // 5 and len(ways) >= 2, f"too few of the moments were telling: {ways}"


async def _taken_over(server, public, staff, name: str, moment: float, way: int) -> str:
    visit = await arrive(public)
    conversation = visit.conversation_id
    async with await Socket.visit(server, visit) as socket, await Socket.agent(server, staff.token) as agent:
        await socket.expect("synced")
        await agent.subscribe(conversation, after=0)
        await socket.say(ENGLISH.question, "q-1")
        await asyncio.sleep(moment)
        if way == 0:
            await agent.say("A human here", "a-1", conversation)
        elif way == 1:
            await asyncio.to_thread(staff.switch, conversation, "human", agent_id="me")
        else:
            assert (await socket.ask("handoff", {"to": "human"}))["type"] == "ack"
        for reader in (socket, agent):
            await reader.expect("conversation.updated", lambda f: "owner" in f["data"]["changes"])
        begun = [f for f in agent.frames if f["type"] == "message.created" and of_ai(f)]
        if begun:
            message_id = begun[0]["data"]["message"]["id"]
            for reader in (socket, agent):
                await reader.until(lambda r=reader: _ends(r, message_id), f"{name}: the reply's end")
        await agent.say("Goodbye", "a-2", conversation)
        for reader in (socket, agent):
            await reader.expect("message.created", lambda f: f["data"]["message"]["content"] == "Goodbye")
            change = next(
                at
                for at, f in enumerate(reader.frames)
                if f["type"] == "conversation.updated" and "owner" in f["data"]["changes"]
            )
            after = reader.frames[change + 1 :]
            assert not [f for f in after if f["type"].startswith("reply.") and f["type"] != "reply.failed"], name
            assert not [f for f in after if of_ai(f) and f["type"] != "message.updated"], name
            if begun:
                ends = _ends(reader, message_id)
                assert len(ends) == 1, f"{name}: {ends}"
                assert ends[0]["data"]["message"]["content"] == assemble(reader.frames, message_id).text, name
        kept = [m for m in await asyncio.to_thread(staff.messages, conversation) if m["sender"]["kind"] == "ai"]
        assert len(kept) == len(begun), name
        if not begun:
            return "nothing shown"
        assert kept[0]["content"] == assemble(socket.frames, message_id).text, name
        assert kept[0]["status"] in ("cancelled", "complete"), name
        return kept[0]["status"]


def _ends(reader: Socket, message_id: str) -> list[dict]:
    return [
        f
        for f in reader.frames
        if f["type"] in ("message.completed", "message.updated") and f["data"]["message"]["id"] == message_id
    ]
