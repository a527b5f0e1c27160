"""Every way in which a model fails ends at a human, visibly, or at another provider ("An AI reply" 5 and 6)."""

import asyncio

import pytest

from api import Api
from client import Socket, assemble
from fake_upstream import FakeUpstream
from telling import FAILURE_SECONDS, answered, arrive, both_languages, new_owner, of_ai, of_system
from words import ENGLISH


@pytest.mark.parametrize(
    "behaviour",
    [
        "error_500",
        "error_401",
        "error_429",
        "html_502",
        "error_frame_first",
        "error_frame",
        "truncate",
        "cut",
        "malformed",
        "empty",
        "refused",
    ],
)
@both_languages
async def test_a_failing_model_ends_at_a_human(serve, behaviour, language):
    with FakeUpstream() as upstream:
        upstream.answers = {language.question: language.long_answer}
        environment = upstream.environment(behaviour)
        if behaviour == "refused":
            environment["OPENAI_BASE_URL"] = "http://127.0.0.1:9/v1"
        server = serve(**environment)
        public = Api(server.base_url)

        visit = await arrive(public, language)
        async with await Socket.visit(server, visit) as socket:
            await socket.expect("synced")
            async with asyncio.timeout(FAILURE_SECONDS):
                await socket.say(language.question, "q-1")
                told = await socket.expect("message.created", of_system)
                await socket.expect("conversation.updated", new_owner("none"))
            assert language.fits(told["data"]["message"]["content"])
            await socket.flush()
            # What was shown of a broken reply is ended, not left hanging.
            for frame in socket.all("message.created", of_ai):
                message_id = frame["data"]["message"]["id"]
                (final,) = [
                    m
                    for m in await asyncio.to_thread(public.caller(visit.token).messages, visit.conversation_id)
                    if m["id"] == message_id
                ]
                assert final["status"] in ("partial", "cancelled"), final
            shown = str(socket.frames).lower()
            for secret in ("openai", "sk-test", "boom", "incorrect api key", "bad gateway", "127.0.0.1:9"):
                assert secret not in shown, secret
        assert "sk-test-secret-key" not in server.logs(), "the key is in the log"


@pytest.mark.parametrize("behaviour", ["stall_first", "stall"])
async def test_a_silent_model_is_not_waited_for(serve, behaviour):
    with FakeUpstream() as upstream:
        server = serve(
            **upstream.environment(behaviour),
            AI_FIRST_TOKEN_SECONDS="2",
            AI_LAST_CANDIDATE_SECONDS="3",
            AI_IDLE_TOKEN_SECONDS="2",
            AI_REPLY_SECONDS="6",
        )
        public = Api(server.base_url)

        visit = await arrive(public)
        async with await Socket.visit(server, visit) as socket:
            await socket.say(ENGLISH.question, "q-1")
            await socket.expect("conversation.updated", new_owner("none"), FAILURE_SECONDS)


@pytest.mark.parametrize("behaviour", ["error_500", "cut", "error_frame", "truncate"])
async def test_another_provider_takes_over(serve, behaviour):
    """With the built-in assistant behind the broken model the customer is answered; in mid-text by `reply.reset`."""
    with FakeUpstream() as upstream:
        upstream.answers = {ENGLISH.question: ENGLISH.long_answer}
        server = serve(**upstream.environment(behaviour, "openai,builtin"))
        public = Api(server.base_url)

        visit = await arrive(public)
        async with await Socket.visit(server, visit) as socket:
            await socket.expect("synced")
            await socket.say(ENGLISH.question, "q-1")
            final = await answered(socket)
            assert final["status"] == "complete" and final["sources"]
            assert assemble(socket.frames, final["id"]).text == final["content"]
            for reset in socket.all("reply.reset"):
                assert reset["data"]["generation"] >= 2 and reset["data"]["keep"] == ""
            assert not socket.all("conversation.updated")
