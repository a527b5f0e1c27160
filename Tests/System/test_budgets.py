"""What models may use, and what it costs: a budget that runs out ends at a human before anybody is called, and every
call is in a receipt, in the figures and in the day's account."""

import asyncio

import pytest

from api import Api, expect
from client import Socket
from fake_upstream import FakeUpstream
from telling import arrive, both_languages, new_owner, of_ai, of_system
from test_statistics import counted
from words import ENGLISH

INPUT, OUTPUT = 31, 12  # tokens that the fake model says it used
GUESTS = 12


async def call(method, *arguments, status: int = 200, **fields):
    return expect(await asyncio.to_thread(method, *arguments, **fields), status)


def head(public: Api) -> Api:
    return public.caller(public.login()["access_token"])


async def day(staff: Api) -> dict:
    return (await call(staff.get, "admin/ai/providers"))["budgets"]["day"]


@pytest.mark.parametrize("budget", ["workspace", "installation", "money", "conversation"])
@both_languages
async def test_a_budget_that_is_used_up_brings_a_human_and_calls_nobody(serve, language, budget):
    with FakeUpstream() as upstream:
        environment = upstream.environment(providers="openai,builtin")
        server = serve(**environment, **({"AI_DAILY_TOKEN_BUDGET": "50"} if budget == "installation" else {}))
        public = Api(server.base_url)
        staff = head(public)
        limits = {
            "workspace": "daily_tokens",
            "money": "daily_cost_micros",
            "conversation": "hourly_conversation_tokens",
        }
        if budget in limits:
            await call(staff.patch, "admin/settings", {"assistant": {limits[budget]: 50}})
        if budget == "money":
            price = {"provider": "openai", "model": "*", "input_micros": 10**6, "output_micros": 10**6}
            await call(staff.post, "admin/ai/prices", price, status=201)
        visit = await arrive(public, language)
        async with await Socket.visit(server, visit) as socket:
            await socket.say(language.question, "q-1")
            told = await socket.expect("message.created", of_system)
            assert language.fits(told["data"]["message"]["content"])
            updated = await socket.expect("conversation.updated", new_owner("none"))
            await socket.flush()
            assert not socket.all("message.created", of_ai)
            (failed,) = [frame["data"]["message_id"] for frame in socket.all("reply.failed")]
        assert upstream.calls == []
        room = f"chat/conversations/{visit.conversation_id}"
        events = (await call(staff.get, f"{room}/events"))["items"]
        reasons = [e["data"].get("reason") for e in events if e["type"] == "conversation.updated"]
        assert reasons == ["budget"], (reasons, updated)
        receipt = await call(staff.get, f"{room}/messages/{failed}/receipt")
        assert (receipt["outcome"], receipt["handoff_reason"], receipt["attempts"]) == ("failed", "budget", []), receipt
        used = await day(staff)
        assert used["calls"] == 0 and used["tokens"]["used"] == used["tokens"]["reserved"] == 0, used
        # More of it, and the assistant goes on; what the articles alone answer needs none.
        await call(staff.patch, "admin/settings", {"assistant": {"providers": ["builtin"]}})
        visit = await arrive(public, language)
        async with await Socket.visit(server, visit) as socket:
            await socket.say(language.question, "q-2")
            await socket.expect("message.completed", of_ai)
        assert upstream.calls == []


async def test_many_at_once_do_not_use_more_than_there_is(serve):
    with FakeUpstream() as upstream:
        server = serve(**upstream.environment())
        public = Api(server.base_url)
        staff = head(public)
        upstream.hold()
        await call(staff.patch, "admin/settings", {"assistant": {"daily_tokens": 5000}})
        visits = [await arrive(public) for _ in range(GUESTS)]
        sockets = [await Socket.visit(server, visit) for visit in visits]
        for socket in sockets:
            await socket.say(ENGLISH.question, "q-1")
        # Each is either shown and held, or a human's.
        settled = "message.created"
        for socket in sockets:
            await socket.expect(settled, lambda frame: of_ai(frame) or of_system(frame))
        under_way = await day(staff)
        tokens = under_way["tokens"]
        assert 0 < tokens["reserved"] <= 5000 and tokens["left"] == 5000 - tokens["reserved"], tokens
        called = len(upstream.calls)
        assert 0 < called < GUESTS
        assert sum(bool(socket.all(settled, of_ai)) for socket in sockets) == called
        upstream.release()
        for socket in sockets:
            if socket.all(settled, of_ai):
                await socket.expect("message.completed", of_ai)
            await socket.close()
        after = (await day(staff))["tokens"]
        assert after["used"] == called * (INPUT + OUTPUT) and after["reserved"] == 0, after


async def test_a_call_costs_what_its_price_says_in_receipt_figures_and_account(serve):
    with FakeUpstream() as upstream:
        server = serve(**upstream.environment(providers="openai,builtin"))
        public = Api(server.base_url)
        staff = head(public)
        for model, price in [("ok", 2_000_000), ("*", 9_000_000)]:
            await call(
                staff.post,
                "admin/ai/prices",
                {"provider": "openai", "model": model, "input_micros": price, "output_micros": 10 * price},
                status=201,
            )
        await call(staff.patch, "admin/settings", {"assistant": {"currency": "CNY"}})
        cost = 2 * INPUT + 20 * OUTPUT
        visit = await arrive(public)
        async with await Socket.visit(server, visit) as socket:
            await socket.say(ENGLISH.question, "q-1")
            message = (await socket.expect("message.completed", of_ai))["data"]["message"]
        room = f"chat/conversations/{visit.conversation_id}/messages"
        receipt = await call(staff.get, f"{room}/{message['id']}/receipt")
        assert (receipt["cost_micros"], receipt["currency"], receipt["outcome"]) == (cost, "CNY", "completed"), receipt
        assert receipt["handoff_reason"] is None and receipt["attempts"][0]["cost_micros"] == cost, receipt
        figures = (await asyncio.to_thread(counted, staff, "ai"))["ai"]
        assert figures["cost_micros"] == cost and figures["input_tokens"] == INPUT, figures
        used = await day(staff)
        assert used["calls"] == 1 and used["tokens"]["used"] == INPUT + OUTPUT and used["cost_micros"]["used"] == cost


async def test_a_reply_that_fails_leaves_a_receipt_and_is_part_of_the_handoff(serve):
    with FakeUpstream() as upstream:
        server = serve(**upstream.environment("error_401"))
        public = Api(server.base_url)
        staff = head(public)
        visit = await arrive(public)
        async with await Socket.visit(server, visit) as socket:
            await socket.say(ENGLISH.question, "q-1")
            await socket.expect("conversation.updated", new_owner("none"))
            (failed,) = [frame["data"]["message_id"] for frame in socket.all("reply.failed")]
        room = f"chat/conversations/{visit.conversation_id}"
        receipt = await call(staff.get, f"{room}/messages/{failed}/receipt")
        assert (receipt["outcome"], receipt["handoff_reason"]) == ("failed", "failure"), receipt
        assert receipt["attempts"][0]["status"] == 401 and receipt["tokens"]["input"] == 0, receipt
        (handoff,) = (await call(staff.get, f"{room}/handoffs"))["items"]
        assert handoff["reason"] == "failure" and handoff["tried"], handoff
        await call(public.caller(visit.token).get, f"{room}/messages/{failed}/receipt", status=403)


async def test_what_a_human_stops_has_a_receipt_and_is_paid_for(serve):
    with FakeUpstream() as upstream:
        server = serve(**upstream.environment())
        public = Api(server.base_url)
        staff = head(public)
        upstream.hold()
        visit = await arrive(public)
        async with await Socket.visit(server, visit) as socket:
            await socket.say(ENGLISH.question, "q-1")
            shown = (await socket.expect("message.created", of_ai))["data"]["message"]
            await call(
                staff.post, f"chat/conversations/{visit.conversation_id}/switch", {"to": "human", "agent_id": "me"}
            )
            await socket.expect("message.updated", lambda frame: frame["data"]["message"]["status"] == "cancelled")
        upstream.release()
        path = f"chat/conversations/{visit.conversation_id}/messages/{shown['id']}/receipt"
        receipt = await call(staff.get, path)
        assert receipt["outcome"] == "cancelled" and receipt["attempts"][0]["failure"] == "cancelled", receipt
        assert receipt["tokens"]["is_estimated"] and receipt["tokens"]["input"] > 100, receipt
        used = await day(staff)
        assert used["tokens"]["used"] == receipt["tokens"]["input"] + receipt["tokens"]["output"], used
