"""Texts that would break out of SQL, RESP, a character set or a collation, through every field, on MariaDB and Redis.

What is written on one node is read back on the other, letter for letter; nothing else changes."""

import asyncio
import json

import pytest

from api import Api, admin, expect
from client import Socket
from cluster import Cluster

LIMIT = 16_000  # Contract, "Conventions": Unicode scalars of a message

HOSTILE = {
    "sql_quote": "'; DROP TABLE messages; --",
    "sql_double_quote": '"; DELETE FROM users WHERE "1"="1',
    "sql_backslash_quote": "\\'; UPDATE users SET role='admin'; -- ",
    "sql_or": "' OR '1'='1' /*",
    "sql_version_comment": "/*!50000 UNION SELECT */ 1 # ",
    "sql_hex": "0x27 OR 1=1; SELECT SLEEP(5)",
    "sql_placeholders": "? ?? :1 :name @a := 1 $1 %s %(x)s %n {0}",
    "sql_pattern": "100%_\\%\\_ [a-z]*",
    "sql_identifier": "`; DROP DATABASE chat; `",
    "backslashes": "\\ \\\\ \\0 \\Z \\x00 \\u0000",
    "backslash_at_the_end": "ends with \\",
    "resp_inline": "x\r\nFLUSHALL\r\n",
    "resp_array": "\r\n*1\r\n$8\r\nFLUSHALL\r\n",
    "resp_bulk": "$-1\r\n$3\r\nfoo\r\n+OK\r\n-ERR\r\n:1\r\n",
    "resp_publish": "*3\r\n$7\r\nPUBLISH\r\n$5\r\nnodes\r\n$1\r\nx\r\n",
    "emoji": "😀 👨‍👩‍👧‍👦 🇨🇳 🏳️‍🌈 ❤️ 👍🏽",
    "four_bytes": "𠮷野家 𠀀 𪚥 𝕬𝖇𝖈 \U0010fffd",
    "chinese": "您好，请问“退款”怎么办？——谢谢！",
    "combining": "a\u0301 á e\u0302\u0301 ế Z\u0351\u036b\u0343a\u0360l\u035dg\u035co",
    "right_to_left": "\u202eabc\u202c שלום مرحبا",
    "invisible": "zero\u200bwidth \u2060 \u00ad \ufeffmark",
    "ligatures": "ﬃ ① Ⅷ ẞ ß İ ı ſ Å K",
    "html": "<script>alert('x')</script>&amp;<img src=x onerror=alert(1)>",
    "json": '{"type":"ack"}],[{"a":"\\u0000"',
    "control": "bell\x07 escape\x1b[31m delete\x7f",
    "lines": "one\ntwo\r\nthree\u2028four\u2029five\tsix",
}
# Different for us, the same for a collation that folds case, accents, width or trailing blanks.
ALIKE = ["id", "ID", "Id", "íd", "ïd", "id ", "id  ", "ｉｄ", "ıd", "i\u0307d", "id\u200b", "i\u0301d", "ß", "ss", "ẞ"]
CANARY = "a-canary"


@pytest.fixture(scope="module")
def cluster(template):
    with Cluster(template) as made:
        made.start()
        assert made.redis.ask("SET", CANARY, "alive") == "OK"
        yield made


@pytest.fixture(scope="module")
def writer(cluster):
    return Api(cluster["a"].base_url)


@pytest.fixture(scope="module")
def reader(cluster):
    return admin(cluster["b"])


@pytest.fixture(autouse=True)
def nothing_else_happened(cluster):
    yield
    assert cluster.redis.ask("EXISTS", CANARY) == "1", "Redis was flushed"
    assert len(cluster.execute("SHOW TABLES")) > 10, "tables are gone"
    for node in cluster.nodes:
        assert node.running and node.health()["status"] == "healthy", node.log_tail()


hostile = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)


def _human(writer, **fields):
    visit = writer.visit(locale="en", **fields)
    contact = writer.caller(visit.token)
    contact.switch(visit.conversation_id, "human")
    return visit, contact


@hostile
async def test_a_message(cluster, writer, reader, text):
    visit, contact = await asyncio.to_thread(_human, writer)
    conversation = visit.conversation_id
    async with (
        await Socket.visit(cluster["a"], visit) as customer,
        await Socket.agent(cluster["b"], reader.token) as agent,
    ):
        await customer.expect("synced")
        await agent.expect("synced")
        await agent.subscribe(conversation)
        # No control characters in it, and 64 bytes at most.
        client_id = "".join(each for each in text if ord(each) >= 32 and ord(each) != 127)
        client_id = client_id.encode()[:40].decode(errors="ignore")
        ack = await customer.say(text, client_id)
        live = await agent.expect("message.created", lambda f: f["seq"] == ack["seq"])
        assert live["data"]["message"]["content"] == text
        assert live["data"]["message"]["client_message_id"] == client_id
        assert (await customer.say(text, client_id))["duplicate"] is True
        await agent.say(text, "n-1", conversation, type="note")
        await agent.say(text, "a-1", conversation)
    stored = await asyncio.to_thread(reader.messages, conversation)
    assert [m["content"] for m in stored if m["sender"]["kind"] != "system"] == [text] * 3
    over_http = await asyncio.to_thread(contact.say, conversation, text, client_message_id="h-1")
    assert over_http["content"] == text


@hostile
def test_a_contact_and_its_session(writer, reader, text):
    words = " ".join(text.split()) or "x"  # A name is one line.
    attributes = {"note": text, words[:20]: [text, {"deep": text}]}
    visit, contact = _human(writer, contact={"name": words, "attributes": attributes}, metadata={"page": text})
    on_the_other = Api(reader.base_url, visit.token)
    assert expect(on_the_other.get(f"chat/sessions/{visit.id}"), 200)["metadata"] == {"page": text}
    kept = expect(reader.get(f"contacts/{visit.session['contact_id']}"), 200)
    assert kept["attributes"] == attributes
    assert kept["name"] == words
    for query in (text, words):
        found = reader.get("contacts", q=query)
        assert found.status_code in (200, 422), found.text
        found = reader.get("chat/conversations", q=query)
        assert found.status_code in (200, 422), found.text


@hostile
def test_a_conversation_and_its_labels(writer, reader, text):
    visit, contact = _human(writer)
    contact.say(visit.conversation_id, "hello")
    path = f"chat/conversations/{visit.conversation_id}"
    words = " ".join(text.split())[:60].strip()
    boss = Api(writer.base_url, reader.token)
    changed = boss.patch(path, {"subject": words, "labels": [words[:30].strip()]})
    if changed.status_code == 422:
        return  # Refused as a label or subject, and so nowhere.
    expect(changed, 200)
    kept = reader.conversation(visit.conversation_id)
    assert kept["subject"] == words and kept["labels"] == [words[:30].strip()]
    listed = reader.get("chat/conversations", label=words[:30].strip())
    assert visit.conversation_id in [each["id"] for each in expect(listed, 200)["items"]]


@hostile
def test_an_article(writer, reader, text):
    words = " ".join(text.split())[:80].strip()
    body = {"title": words, "content": f"{text} end", "locale": "en", "questions": [words], "status": "published"}
    made = Api(writer.base_url, reader.token).post("admin/knowledge/articles", body)
    if made.status_code == 422:
        return
    made = expect(made, 201)
    kept = expect(reader.get(f"admin/knowledge/articles/{made['id']}"), 200)
    assert kept["title"] == words and kept["questions"] == [words]
    assert kept["content"] == f"{text} end"
    assert reader.get("admin/knowledge/search", q=text).status_code in (200, 422)
    expect(Api(writer.base_url, reader.token).delete(f"admin/knowledge/articles/{made['id']}"), 204)


@pytest.mark.parametrize("name", ["sql_quote", "sql_backslash_quote", "resp_array", "four_bytes", "ligatures"])
def test_a_login(writer, name):
    """Of nobody: refused as wrong, never as an error of the server."""
    text = HOSTILE[name]
    for body in (
        {"email": text, "password": "wrong-password"},
        {"email": "admin@chatapi.com", "password": text},
        {"email": "admin@chatapi.com", "password": "wrong-password", "workspace": text},
    ):
        assert writer.post("auth/login", body).status_code in (401, 422), body
    assert writer.post("auth/refresh", {"refresh_token": text}).status_code in (401, 422)


@hostile
def test_a_query(reader, text):
    for path in ("chat/conversations", "contacts", "admin/knowledge/search", "admin/knowledge/articles"):
        for name in ("q", "cursor", "status", "owner", "label", "contact_id"):
            answer = reader.get(path, **{name: text})
            assert answer.status_code in (200, 404, 422), (path, name, answer.text)


def test_ids_that_look_alike_are_different(writer, reader):
    """Compared byte by byte: a collation would make one of several, and lose messages."""
    visit, contact = _human(writer)
    on_the_other = Api(reader.base_url, visit.token)
    path = f"chat/conversations/{visit.conversation_id}/messages"
    for number, client_id in enumerate(ALIKE):
        caller = (contact, on_the_other)[number % 2]
        made = caller.post(path, {"content": f"{number}", "client_message_id": client_id})
        assert expect(made, 201)["client_message_id"] == client_id, client_id
        assert expect(caller.post(path, {"content": f"{number}", "client_message_id": client_id}), 200)["content"] == (
            f"{number}"
        )
    stored = [m for m in reader.messages(visit.conversation_id) if m["sender"]["kind"] == "contact"]
    assert [m["client_message_id"] for m in stored] == ALIKE


def test_texts_that_look_alike_are_different(writer):
    """The same id with another accent in its content is another content."""
    visit, contact = _human(writer)
    path = f"chat/conversations/{visit.conversation_id}/messages"
    expect(contact.post(path, {"content": "resume", "client_message_id": "m"}), 201)
    for other in ("Resume", "résumé", "resume ", "ｒesume"):
        expect(contact.post(path, {"content": other, "client_message_id": "m"}), 409, "idempotency_conflict")


def test_customers_that_look_alike_are_different(writer, reader):
    """Claimed external ids: each visitor is a contact of its own, whatever a collation thinks."""
    seen = set()
    for external in ALIKE:
        visit = writer.visit(contact={"external_id": external, "name": external.strip() or "x"})
        seen.add(visit.session["contact_id"])
    assert len(seen) == len(ALIKE)


@pytest.mark.parametrize("letter", ["字", "😀", "\U00020bb7", "é", "a", "\\", "'", '"'])
def test_the_longest_message(writer, reader, letter):
    visit, contact = _human(writer)
    text = letter * LIMIT
    said = contact.say(visit.conversation_id, text)
    assert said["content"] == text
    assert reader.messages(visit.conversation_id)[-1]["content"] == text
    assert reader.conversation(visit.conversation_id)["last_message"]["id"] == said["id"]
    longer = contact.post(f"chat/conversations/{visit.conversation_id}/messages", {"content": text + letter})
    expect(longer, 422, "validation_failed")


async def test_the_longest_message_reaches_the_other_node(cluster, writer, reader):
    """Longer than what travels with the doorbell: read from the log."""
    visit, contact = await asyncio.to_thread(_human, writer)
    async with await Socket.agent(cluster["b"], reader.token) as agent:
        await agent.expect("synced")
        await agent.subscribe(visit.conversation_id)
        said = await asyncio.to_thread(contact.say, visit.conversation_id, "字" * LIMIT)
        heard = await agent.expect("message.created", lambda f: f["seq"] == said["seq"], deadline=2)
        assert heard["data"]["message"]["content"] == "字" * LIMIT


@pytest.mark.parametrize("place", ["start", "middle", "end", "alone"])
async def test_no_nul_byte_gets_in(cluster, writer, reader, place):
    text = {"start": "\0abc", "middle": "a\0bc", "end": "abc\0", "alone": "\0"}[place]
    visit, contact = await asyncio.to_thread(_human, writer)
    conversation = visit.conversation_id
    before = await asyncio.to_thread(reader.events, conversation)

    def tries():
        room = f"chat/conversations/{conversation}"
        boss = Api(writer.base_url, reader.token)
        for api, method, path, body in (
            (contact, "POST", f"{room}/messages", {"content": text}),
            (contact, "POST", f"{room}/messages", {"content": "x", "client_message_id": text}),
            (boss, "PATCH", room, {"subject": text}),
            (boss, "PATCH", room, {"labels": [text]}),
            (boss, "POST", f"{room}/switch", {"to": "human", "agent_id": "me", "reason": text}),
            (writer, "POST", "chat/sessions", {"contact": {"name": text}}),
            (writer, "POST", "chat/sessions", {"contact": {"external_id": text}}),
            (boss, "POST", "contacts", {"name": text}),
            (boss, "POST", "admin/knowledge/articles", {"title": text, "content": "x", "locale": "en"}),
            (boss, "POST", "admin/knowledge/articles", {"title": "x", "content": text, "locale": "en"}),
            (writer, "POST", "auth/login", {"email": text, "password": "wrong-password"}),
        ):
            answer = api.request(method, path, json=body)
            assert answer.status_code in (422, 401), (method, path, body, answer.status_code, answer.text)

    await asyncio.to_thread(tries)
    async with await Socket.visit(cluster["a"], visit) as customer:
        await customer.expect("synced")
        refused = await customer.ask("message.send", {"content": text, "client_message_id": "n-1"})
        assert refused["type"] == "error" and refused["data"]["code"] == "invalid"
    assert await asyncio.to_thread(reader.events, conversation) == before


def test_json_of_any_shape_in_attributes_and_metadata(writer, reader):
    """Whatever JSON a page puts there comes back as it was, at the limits too."""
    deep: dict = {"end": True}
    for number in range(20):
        deep = {f"level{number}": deep}
    for value in (
        {"number": 1234567890123, "negative": -1, "float": 1.5, "true": True, "none": None, "list": [1, "二", None]},
        deep,
        {"": "an empty key"},
        {"键": "值", "😀": "😀", "'; DROP TABLE contacts; --": "x"},
        {"big": "字" * 2500},
    ):
        made = writer.post("chat/sessions", {"contact": {"attributes": value}, "metadata": value})
        if made.status_code == 422:
            assert json.dumps(value) and "error" in made.text or made.json()["code"] == "validation_failed"
            continue
        session = expect(made, 201)["session"]
        assert session["metadata"] == value
        assert expect(reader.get(f"contacts/{session['contact_id']}"), 200)["attributes"] == value


def test_the_tables_are_whole(cluster):
    assert cluster.damage() == []
