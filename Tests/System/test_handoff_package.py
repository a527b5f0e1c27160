"""What a human who takes over is told, how a human is offered, and who hands over when nobody answers."""

import pytest

from api import Api, admin, expect
from client import Socket, assemble
from cluster import Cluster
from fake_upstream import FakeUpstream
from telling import answered, arrive, both_languages, new_owner, of_ai, of_system
from words import CHINESE, ENGLISH, Language

MODEL = "ok"
ANGRY = {"en": "This is ridiculous, nothing works", "zh": "你们就是骗子，什么都不能用"}
YES = {"en": "yes please", "zh": "好的"}
CLAIM = {"en": "I am transferring you now to a human agent.", "zh": "已为您转接人工客服，请稍候。"}
DANGER = {"en": "The charger exploded in my hand", "zh": "充电宝爆炸了，有人受伤"}


def handoffs(staff: Api, conversation_id: str) -> list[dict]:
    return expect(staff.get(f"chat/conversations/{conversation_id}/handoffs"), 200)["items"]


@both_languages
async def test_the_package_is_for_staff_alone(server, public, staff, language: Language):
    visit = await arrive(public, language)
    contact = public.caller(visit.token)
    async with await Socket.visit(server, visit) as socket, await Socket.agent(server, staff.token) as agent:
        await socket.expect("synced")
        await agent.expect("synced")
        await agent.subscribe(visit.conversation_id, after=0)
        await socket.say(language.question, "q-1")
        answer = await answered(socket)
        await socket.say(language.want_human, "q-2")
        hidden = await socket.expect("event.hidden")
        told = await socket.expect("message.created", of_system)
        change = await socket.expect("conversation.updated", new_owner("none"))
        assert hidden["seq"] + 1 == told["seq"] == change["seq"] - 1
        assert "reason" not in change["data"] and "priority" not in change["data"]["changes"]
        note = await agent.expect("message.created", lambda f: f["data"]["message"]["type"] == "note")
        assert note["seq"] == hidden["seq"] and note["data"]["message"]["sender"]["kind"] == "system"
        told_staff = await agent.expect("conversation.updated", new_owner("none"))
        assert told_staff["data"]["reason"] == "requested"
    kept = handoffs(staff, visit.conversation_id)
    assert len(kept) == 1 and kept[0]["reason"] == "requested" and kept[0]["urgency"] == "normal", kept
    assert kept[0]["language"] == language.locale and kept[0]["owner_epoch"] == 2
    assert language.question in kept[0]["summary"] and language.want_human in kept[0]["summary"]
    assert len(kept[0]["tried"]) == 1 and answer["content"][:20] in kept[0]["tried"][0], kept
    assert answer["sources"][0]["title"] in kept[0]["tried"][0], kept
    assert kept[0]["summary"] in note["data"]["message"]["content"]
    assert language.fits(note["data"]["message"]["content"].splitlines()[0])
    expect(contact.get(f"chat/conversations/{visit.conversation_id}/handoffs"), 403, "forbidden")
    assert all(m["type"] != "note" for m in contact.messages(visit.conversation_id))
    assert contact.conversation(visit.conversation_id)["last_message"]["sender"]["kind"] == "system"


async def test_a_note_of_the_system_reaches_no_model(server, public, staff, upstream):
    visit = await arrive(public)
    async with await Socket.visit(server, visit) as socket:
        await socket.expect("synced")
        assert (await socket.ask("handoff", {"to": "human"}))["type"] == "ack"
        await socket.expect("conversation.updated", new_owner("none"))
        note = [m for m in staff.messages(visit.conversation_id) if m["type"] == "note"][0]
        assert (await socket.ask("handoff", {"to": "ai"}))["type"] == "ack"
        await socket.say(ENGLISH.question, "q-1")
        await answered(socket)
    assert not any(upstream.calls[-1].says(line) for line in note["content"].splitlines() if line)


@both_languages
async def test_an_angry_customer_is_answered_and_offered_a_human(server, public, staff, language: Language):
    visit = await arrive(public, language)
    async with await Socket.visit(server, visit) as socket:
        await socket.expect("synced")
        await socket.say(ANGRY[language.locale], "q-1")
        final = await answered(socket)
        assert assemble(socket.frames, final["id"]).text == final["content"]
        assert final["content"].endswith(("?", "？")) and language.fits(final["content"].split("\n\n")[-1])
        assert not socket.all("conversation.updated")
        await socket.say(YES[language.locale], "q-2")
        told = await socket.expect("message.created", of_system)
        assert language.fits(told["data"]["message"]["content"])
        await socket.expect("conversation.updated", new_owner("none"))
    assert [each["reason"] for each in handoffs(staff, visit.conversation_id)] == ["consent"]


@both_languages
async def test_a_no_to_the_offer_keeps_the_assistant(server, public, language: Language):
    visit = await arrive(public, language)
    async with await Socket.visit(server, visit) as socket:
        await socket.expect("synced")
        await socket.say(ANGRY[language.locale], "q-1")
        await answered(socket)
        await socket.say("不用了，谢谢" if language is CHINESE else "no thanks", "q-2")
        await answered(socket)
        assert not socket.all("conversation.updated")


@both_languages
async def test_a_matter_of_safety_goes_to_humans_as_urgent(server, public, staff, upstream, language: Language):
    visit = await arrive(public, language)
    calls = len(upstream.calls)
    async with await Socket.visit(server, visit) as socket:
        await socket.say(DANGER[language.locale], "q-1")
        await socket.expect("conversation.updated", new_owner("none"))
    assert len(upstream.calls) == calls, "no model is asked"
    assert staff.conversation(visit.conversation_id)["priority"] == "urgent"
    kept = handoffs(staff, visit.conversation_id)[0]
    assert (kept["reason"], kept["category"], kept["urgency"]) == ("topic", "safety", "urgent")


@both_languages
async def test_what_a_model_claims_is_done(server, public, staff, upstream, language: Language):
    upstream.answers = {language.question: CLAIM[language.locale]}
    visit = await arrive(public, language)
    async with await Socket.visit(server, visit) as socket:
        await socket.say(language.question, "q-1")
        assert (await answered(socket))["content"] == CLAIM[language.locale]
        await socket.expect("conversation.updated", new_owner("none"))
    assert handoffs(staff, visit.conversation_id)[0]["reason"] == "claimed"


@both_languages
async def test_a_question_asked_again_is_offered_a_human(server, public, language: Language):
    visit = await arrive(public, language)
    async with await Socket.visit(server, visit) as socket:
        await socket.expect("synced")
        await socket.say(language.question, "q-1")
        first = (await answered(socket))["content"]
        await socket.say(language.question, "q-2")
        second = (await answered(socket))["content"]
        assert second.startswith(first) and second != first and second.endswith(("?", "？"))


async def test_a_team_gets_what_the_inbox_hands_over(server, public, staff):
    team = expect(staff.post("admin/teams", {"name": "Handoffs"}), 201)
    inbox = expect(staff.get("admin/inboxes"), 200)["items"][0]
    changed = expect(staff.patch(f"admin/inboxes/{inbox['id']}", {"handoff_team_id": team["id"]}), 200)
    assert changed["handoff_team_id"] == team["id"]
    try:
        visit = await arrive(public)
        async with await Socket.visit(server, visit) as socket:
            await socket.say(ENGLISH.want_human, "q-1")
            change = await socket.expect("conversation.updated", new_owner("team"))
            assert change["data"]["changes"]["owner"]["name"] == "Handoffs"
    finally:
        expect(staff.patch(f"admin/inboxes/{inbox['id']}", {"handoff_team_id": None}), 200)


@pytest.mark.slow
@both_languages
async def test_where_nobody_makes_replies_a_human_takes_over(template, language: Language):
    """The assistant's process is down: whoever sweeps hands over, and says so."""
    with Cluster(
        template,
        ("a",),
        AI_REPLY_SECONDS="3",
        AI_FIRST_TOKEN_SECONDS="1",
        AI_LAST_CANDIDATE_SECONDS="1",
        AI_IDLE_TOKEN_SECONDS="1",
    ) as cluster:
        node = cluster.start(a={"COMPONENTS": "realtime,api,admin,scheduler"})["a"]
        public, staff = Api(node.base_url), admin(node)
        visit = await arrive(public, language)
        async with await Socket.visit(node, visit) as socket:
            await socket.expect("synced")
            await socket.say(language.question, "q-1")
            told = await socket.expect("message.created", of_system, 20)
            assert language.fits(told["data"]["message"]["content"])
            await socket.expect("conversation.updated", new_owner("none"))
            assert not socket.all("message.created", of_ai)
        assert handoffs(staff, visit.conversation_id)[0]["reason"] == "timeout"


async def test_a_failure_says_what_was_tried(serve):
    with FakeUpstream() as upstream:
        server = serve(**upstream.environment("error_401"))
        public, staff = Api(server.base_url), admin(server)
        visit = await arrive(public)
        async with await Socket.visit(server, visit) as socket:
            await socket.say(ENGLISH.question, "q-1")
            await socket.expect("conversation.updated", new_owner("none"))
        kept = handoffs(staff, visit.conversation_id)[0]
        assert kept["reason"] == "failure" and any("account" in line for line in kept["tried"]), kept
        shown = str(public.caller(visit.token).events(visit.conversation_id))
        assert "account" not in shown and "Tried" not in shown
