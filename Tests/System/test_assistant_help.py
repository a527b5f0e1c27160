"""What the assistant does for agents: receipts, suggestions, summaries, and the state of the providers."""

import asyncio
import json

from api import Api, expect
from client import Socket
from fake_upstream import FakeUpstream
from telling import arrive, of_ai
from words import ENGLISH


def ask(public: Api, token: str, conversation_id: str, text: str, client_id: str) -> None:
    expect(
        public.caller(token).post(
            f"chat/conversations/{conversation_id}/messages", {"content": text, "client_message_id": client_id}
        ),
        201,
    )


async def test_an_answer_has_a_receipt_that_only_staff_see(serve):
    with FakeUpstream() as upstream:
        server = serve(**upstream.environment(providers="openai,builtin"))
        public = Api(server.base_url)
        staff = public.caller(public.login()["access_token"])
        visit = await arrive(public)
        async with await Socket.visit(server, visit) as socket:
            await socket.say(ENGLISH.question, "q-1")
            done = await socket.expect("message.completed", of_ai)
        message = done["data"]["message"]
        path = f"chat/conversations/{visit.conversation_id}/messages/{message['id']}/receipt"

        receipt = expect(await asyncio.to_thread(staff.get, path), 200)
        assert receipt["provider"] == "openai" and receipt["attempts"][-1]["failure"] is None, receipt
        assert receipt["tokens"]["output"] > 0 and receipt["first_token_ms"] is not None, receipt
        assert receipt["prompt_version"] and receipt["language"] == "en", receipt
        cited = {passage["article_id"] for passage in receipt["passages"] if passage["is_cited"]}
        assert cited == {source["article_id"] for source in message["sources"]}, receipt
        expect(await asyncio.to_thread(public.caller(visit.token).get, path), 403, "forbidden")
        own = [m for m in public.caller(visit.token).messages(visit.conversation_id) if m["sender"]["kind"] == "contact"]
        expect(
            staff.get(f"chat/conversations/{visit.conversation_id}/messages/{own[0]['id']}/receipt"), 404, "not_found"
        )


async def test_a_provider_that_fails_is_left_alone_and_everybody_is_answered(serve):
    with FakeUpstream() as upstream:
        server = serve(**upstream.environment("error_500", "openai,builtin"))
        public = Api(server.base_url)
        staff = public.caller(public.login()["access_token"])
        for number in range(8):
            visit = await arrive(public)
            async with await Socket.visit(server, visit) as socket:
                await socket.say(ENGLISH.question, f"q-{number}")
                await socket.expect("message.completed", of_ai)
        providers = {each["name"]: each for each in expect(staff.get("admin/ai/providers"), 200)["items"]}
        assert providers["openai"]["breaker_state"] == "open", providers
        assert providers["openai"]["calls"] == 5, "it was asked although it had failed every time"
        assert providers["openai"]["recent_failures"][0]["kind"] == "server", providers
        assert providers["builtin"]["failures"] == 0 and providers["builtin"]["calls"] == 8, providers
        trial = expect(staff.post("admin/ai/providers/openai/test"), 200)
        assert trial["is_answering"] is False and trial["failure"]["status"] == 500, trial
        assert "sk-test" not in json.dumps([providers, trial])


async def test_suggestions_and_summaries_come_from_the_model(serve):
    with FakeUpstream() as upstream:
        server = serve(**upstream.environment())
        public = Api(server.base_url)
        staff = public.caller(public.login()["access_token"])
        visit = await arrive(public)
        async with await Socket.visit(server, visit) as socket:
            await socket.say(ENGLISH.question, "q-1")
            await socket.expect("message.completed", of_ai)
        room = f"chat/conversations/{visit.conversation_id}"
        expect(staff.post(f"{room}/messages", {"content": "the customer is rich", "type": "note"}), 201)
        suggestion = expect(await asyncio.to_thread(staff.post, f"{room}/suggestion"), 200)
        assert suggestion["text"] and suggestion["sources"], suggestion
        summary = expect(await asyncio.to_thread(staff.post, f"{room}/summary"), 200)
        assert summary["text"] and summary["message_count"] == 2, summary
        assert upstream.calls[-1].says(ENGLISH.question), upstream.calls[-1].messages
        assert not any(call.says("rich") for call in upstream.calls), "a note went to the model"
        # The conversation is as it was: nobody spoke in it.
        assert len(staff.messages(visit.conversation_id)) == 3


async def test_without_a_provider_there_is_no_suggestion(serve):
    with FakeUpstream() as upstream:
        server = serve(**upstream.environment("error_401"))
        public = Api(server.base_url)
        staff = public.caller(public.login()["access_token"])
        visit = await arrive(public)
        ask(public, visit.token, visit.conversation_id, ENGLISH.question, "q-1")
        room = f"chat/conversations/{visit.conversation_id}"
        answer = await asyncio.to_thread(staff.post, f"{room}/suggestion")
        expect(answer, 503, "unavailable")
        assert int(answer.headers["retry-after"]) > 0
