"""Models behind the assistant, over real sockets: each dialect, one taking over from another, and what is learnt."""

import asyncio
import sqlite3

import pytest

from api import Api, expect
from client import Socket
from prometheus import scrape
from telling import answered, arrive
from upstream import Upstream
from words import ENGLISH


async def ask(server) -> tuple[dict, list[str], Api, str]:
    """Asks a question as a customer: the reply, the reasons for which its text began anew, and where it is."""
    public = Api(server.base_url)
    visit = await arrive(public)
    async with await Socket.visit(server, visit) as socket:
        await socket.say(ENGLISH.question, "q-1")
        message = await answered(socket)
        resets = [frame["data"]["reason"] for frame in socket.all("reply.reset")]
    staff = public.caller(public.login()["access_token"])
    return message, resets, staff, f"chat/conversations/{visit.conversation_id}/messages/{message['id']}"


@pytest.mark.parametrize("dialect", ["native", "compatible"])
async def test_dashscope_answers_in_either_dialect(serve, dialect):
    with Upstream() as upstream:
        server = serve(**upstream.dashscope_environment(dialect))
        message, resets, staff, path = await ask(server)
        assert message["status"] == "complete" and resets == []
        assert [call.dialect for call in upstream.calls] == [dialect]
        assert message["content"] and message["sources"], message
        receipt = expect(await asyncio.to_thread(staff.get, f"{path}/receipt"), 200)
        assert receipt["provider"] == "dashscope" and receipt["tokens"]["is_estimated"] is False, receipt
        page = await asyncio.to_thread(scrape, server)
        assert page("ai_requests_total", provider="dashscope", outcome="ok") == 1
        assert page("ai_tokens_total", provider="dashscope", direction="input", estimated="false") > 0


async def test_another_provider_takes_over_in_mid_text(serve):
    with Upstream(behaviour="truncate@mid") as breaking, Upstream() as sound:
        environment = breaking.dashscope_environment("native") | sound.environment()
        server = serve(**environment | {"AI_PROVIDERS": "dashscope,openai,builtin"}, AI_BURST_MILLISECONDS="0")
        message, resets, staff, path = await ask(server)
        # Whether the reader saw the first half depends on the moment; that it stays nowhere does not.
        assert resets in ([], ["provider"]), resets
        assert message["status"] == "complete" and message["content"].count("self-hosted") == 1, message
        assert breaking.calls[0].outcome == "broken" and 0 < breaking.calls[0].pieces < sound.calls[0].pieces
        receipt = expect(await asyncio.to_thread(staff.get, f"{path}/receipt"), 200)
        attempts = [(each["provider"], each["failure"]) for each in receipt["attempts"]]
        assert attempts == [("dashscope", "truncated"), ("openai", None)]
        # The native stream had told what it used before it broke off.
        assert receipt["attempts"][0]["tokens"]["is_estimated"] is False, receipt
        page = await asyncio.to_thread(scrape, server)
        labels = {"from": "dashscope", "to": "openai", "phase": "mid_stream", "reason": "truncated"}
        assert page("ai_failovers_total", **labels) == 1 == page("ai_resets_total")


async def test_a_fault_that_passes_at_once_is_asked_again_and_nobody_sees_it(serve):
    with Upstream(next=["500"]) as upstream:
        server = serve(**upstream.dashscope_environment("native"))
        message, resets, _, _ = await ask(server)
        assert message["status"] == "complete" and resets == []
        assert [call.behaviour for call in upstream.calls] == ["500", "ok"]
        page = await asyncio.to_thread(scrape, server)
        assert page("ai_requests_total", provider="dashscope", outcome="failed", error_class="server") == 1
        assert page("ai_failovers_total") == 0


async def test_what_was_learnt_of_a_models_tokens_outlives_the_process(serve):
    with Upstream() as upstream:
        server = serve(**upstream.dashscope_environment("native"))
        await ask(server)
        await asyncio.to_thread(server.stop)
        if not server.database.exists():
            pytest.skip("the database is not a file")
        with sqlite3.connect(server.database) as database:
            rows = database.execute("SELECT provider, model, factor_thousandths, samples FROM token_calibrations")
            ((provider, model, factor, samples),) = rows.fetchall()
        assert (provider, model, samples) == ("dashscope", "ok", 1) and 600 <= factor <= 1800
        await asyncio.to_thread(server.start)
        await ask(server)
