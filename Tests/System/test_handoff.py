"""The way to a human: on request, by its negation not, and after two answers that knew nothing."""

import asyncio

import stream
from api import Api
from client import Socket, assemble
from telling import HANDOFF_SECONDS, answered, arrive, both_languages, new_owner, of_system
from words import BOTH

MODEL = "ok"


@both_languages
async def test_asking_for_a_human_hands_over(server, public, language):
    visit = await arrive(public, language)
    async with await Socket.visit(server, visit) as socket:
        await socket.expect("synced")
        async with asyncio.timeout(HANDOFF_SECONDS):
            await socket.say(language.want_human, "q-1")
            told = await socket.expect("message.created", of_system)
            change = await socket.expect("conversation.updated", new_owner("none"))
        assert language.fits(told["data"]["message"]["content"])
        assert change["data"]["changes"]["owner"]["epoch"] == 2
        # While a human is awaited the AI is silent; then the customer may have it back.
        await socket.say(language.question, "q-2")
        assert (await socket.ask("handoff", {"to": "ai"}))["type"] == "ack"
        await socket.expect("conversation.updated", new_owner("ai"))
        await socket.say(language.question, "q-3")
        await answered(socket)
        messages = await asyncio.to_thread(public.caller(visit.token).messages, visit.conversation_id)
        kinds = [m["sender"]["kind"] for m in messages]
        assert kinds[:2] == ["contact", "system"] and kinds.count("ai") == 1 and kinds[-1] == "ai"


@both_languages
async def test_not_wanting_a_human_keeps_the_ai(server, public, language):
    visit = await arrive(public, language)
    async with await Socket.visit(server, visit) as socket:
        await socket.expect("synced")
        await socket.say(language.no_human, "q-1")
        await answered(socket)
        assert not socket.all("conversation.updated", lambda f: "owner" in f["data"]["changes"])


async def test_the_handoff_frame_and_its_limits(server, public, staff):
    visit = await arrive(public)
    async with await Socket.visit(server, visit) as socket:
        await socket.expect("synced")
        refused = await socket.ask("handoff", {"to": "ai"})
        assert refused["type"] == "error" and refused["data"]["code"] == "forbidden", refused
        assert (await socket.ask("handoff", {"to": "human", "reason": "please"}))["type"] == "ack"
        change = await socket.expect("conversation.updated", new_owner("none"))
        assert "reason" not in change["data"]
        await asyncio.to_thread(staff.switch, visit.conversation_id, "human", agent_id="me")
        await socket.expect("conversation.updated", new_owner("agent"))
        refused = await socket.ask("handoff", {"to": "ai"})
        assert refused["type"] == "error" and refused["data"]["code"] == "forbidden", refused


def test_the_language_of_the_question_wins_over_a_missing_locale(public, upstream):
    for language in BOTH:
        visit = public.visit()
        contact = public.caller(visit.token)
        with stream.say(contact, visit.conversation_id, language.want_human) as events:
            told = events.until("message.created", of_system)
        assert language.fits(told["data"]["message"]["content"])


@both_languages
async def test_two_unknown_answers_in_a_row_hand_over(serve, language):
    server = serve(AI_PROVIDERS="builtin")
    public = Api(server.base_url)

    visit = await arrive(public, language)
    async with await Socket.visit(server, visit) as socket:
        await socket.expect("synced")
        await socket.say(language.unknown, "q-1")
        first = await answered(socket)
        assert first["sources"] == [] and language.fits(first["content"]), first
        assert not socket.all("conversation.updated")
        await socket.say(language.question, "q-2")  # A known one in between: not in a row.
        assert (await answered(socket))["sources"]
        await socket.say(language.unknown, "q-3")
        assert (await answered(socket))["sources"] == []
        assert not socket.all("conversation.updated")
        await socket.say(language.unknown_again, "q-4")
        told = await socket.expect("message.created", of_system)
        assert language.fits(told["data"]["message"]["content"])
        await socket.expect("conversation.updated", new_owner("none"))


@both_languages
async def test_the_builtin_assistant_answers_from_the_sample_knowledge(serve, language):
    server = serve(AI_PROVIDERS="builtin")
    public = Api(server.base_url)

    visit = await arrive(public, language)
    async with await Socket.visit(server, visit) as socket:
        await socket.expect("synced")
        await socket.say(language.question, "q-1")
        final = await answered(socket)
        assert final["sources"] and language.fits(final["content"]), final
        assert assemble(socket.frames, final["id"]).text == final["content"]
