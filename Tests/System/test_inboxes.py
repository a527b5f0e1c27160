"""Inboxes and settings over HTTP; secrets at rest and the keys that open them."""

import base64
import contextlib
import hashlib
import hmac
import json
import sqlite3
import time

import pytest

import artifacts
from api import Api, admin, expect
from browser import Browser, Visitor
from client import Refused, Socket
from cluster import Cluster

CONFIGURATION = 78
KEYS = [f"{letter * 8}-a-key-of-thirty-two-bytes-or-more" for letter in "abc"]


def identity_token(secret: str, subject: str = "customer-1") -> str:
    def part(value) -> bytes:
        data = json.dumps(value).encode() if isinstance(value, dict) else value
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    body = part({"alg": "HS256", "typ": "JWT"}) + b"." + part({"sub": subject, "exp": int(time.time()) + 60})
    return (body + b"." + part(hmac.new(secret.encode(), body, hashlib.sha256).digest())).decode()


def make(staff: Api, name: str, **fields) -> dict:
    return expect(staff.post("admin/inboxes", {"name": name, **fields}), 201)


async def test_origins_hold_for_sessions_and_sockets_at_once(server, public, staff):
    inbox = make(staff, "Shop", allowed_origins=["https://shop.example"])
    key = {"inbox_key": inbox["key"]}
    other = {"Origin": "https://other.example"}
    expect(public.post("chat/sessions", key, headers=other), 403, "forbidden")
    visit = public.visit(**key)
    with pytest.raises(Refused) as refusal:
        await Socket.visit(server, visit, headers=other)
    assert refusal.value.status == 403
    expect(staff.patch(f"admin/inboxes/{inbox['id']}", {"allowed_origins": ["https://other.example"]}), 200)
    expect(public.post("chat/sessions", key, headers={"Origin": "https://shop.example"}), 403)
    socket = await Socket.visit(server, public.visit(**key), headers=other)
    await socket.expect("ready")
    await socket.close()


def test_an_inbox_says_how_it_greets_and_whether_the_ai_answers(public, staff):
    inbox = make(staff, "Desk", ai_enabled=False, greeting="Good day", languages=["en"])
    opened = expect(public.post("chat/sessions", {"inbox_key": inbox["key"]}), 201)
    assert opened["inbox"] == {"name": "Desk", "greeting": "Good day", "languages": ["en"]}
    assert staff.conversation(opened["session"]["conversation_id"])["owner"]["kind"] == "none"
    expect(staff.patch(f"admin/inboxes/{inbox['id']}", {"ai_enabled": True, "greeting": None}), 200)
    opened = expect(public.post("chat/sessions", {"inbox_key": inbox["key"]}), 201)
    assert opened["inbox"]["greeting"] is None
    assert staff.conversation(opened["session"]["conversation_id"])["owner"]["kind"] == "ai"


@pytest.mark.browser
def test_the_widget_greets_as_its_inbox_says(serve):
    server = serve()
    staff = admin(server)
    (inbox,) = staff.listed("admin/inboxes")
    expect(staff.patch(f"admin/inboxes/{inbox['id']}", {"greeting": "Ahoy <b>there</b>"}), 200)
    browser = Browser(artifacts.FOLDER / "screenshots")
    try:
        for _ in range(2):  # The second time the session is there already.
            visitor = Visitor(browser, server.base_url)
            visitor.open()
            assert visitor.inside("intro").text == "Ahoy <b>there</b>"
        assert browser.complaints() == []
    finally:
        browser.driver.quit()


def test_a_deleted_inbox_takes_no_sessions_and_keeps_its_conversations(public, staff):
    inbox = make(staff, "Old")
    visit = public.visit(inbox_key=inbox["key"])
    assert staff.delete(f"admin/inboxes/{inbox['id']}").status_code == 204
    expect(public.post("chat/sessions", {"inbox_key": inbox["key"]}), 404, "not_found")
    contact = public.caller(visit.token)
    expect(contact.post("chat/sessions"), 404, "not_found")
    contact.say(visit.conversation_id, "still here", client_message_id="1")
    assert staff.conversation(visit.conversation_id)["inbox_id"] == inbox["id"]
    ids = [each["id"] for each in staff.listed("admin/inboxes")]
    assert inbox["id"] not in ids
    for each in ids[:-1]:
        assert staff.delete(f"admin/inboxes/{each}").status_code == 204
    expect(staff.delete(f"admin/inboxes/{ids[-1]}"), 409, "conflict")


def test_settings(public, staff):
    before = expect(staff.get("admin/settings"), 200)
    assert before["slug"] == "default" and before["message_edit_seconds"] == 900
    changed = expect(staff.patch("admin/settings", {"timezone": "Asia/Shanghai", "locale": "zh-CN"}), 200)
    assert changed["timezone"] == "Asia/Shanghai"
    assert public.visit().session["locale"] == "zh-CN"
    expect(staff.patch("admin/settings", {"timezone": None, "locale": None}), 200)
    assert expect(staff.get("admin/settings"), 200) == before


def test_secrets_are_rotated_and_the_one_before_lives_on_for_a_day(public, staff):
    inbox = make(staff, "Signed")
    path = f"admin/inboxes/{inbox['id']}"

    def vouched(secret: str):
        return public.post("chat/sessions", {"inbox_key": inbox["key"], "identity_token": identity_token(secret)})

    expect(vouched(inbox["secret"]), 201)
    assert "secret" not in expect(staff.get(path), 200)
    second = expect(staff.post(f"{path}/secret"), 200)["secret"]
    expect(vouched(inbox["secret"]), 201)
    expect(vouched(second), 201)
    third = expect(staff.post(f"{path}/secret"), 200)["secret"]
    expect(vouched(third), 201)
    expect(vouched(inbox["secret"]), 401, "invalid_credentials")


# Secrets at rest


def stored(server) -> list[bytes]:
    with contextlib.closing(sqlite3.connect(f"file:{server.database}?mode=ro", uri=True)) as database:
        return [row[0] for row in database.execute("SELECT secret FROM inboxes ORDER BY id")]


def test_keys_turn_and_a_wrong_one_is_named(serve):
    server = serve(ENCRYPTION_KEY=KEYS[0])
    inbox = make(admin(server), "Signed")
    body = {"inbox_key": inbox["key"], "identity_token": identity_token(inbox["secret"])}
    first = stored(server)
    assert len(first) == 2 and all(each[0] == 1 for each in first)
    assert inbox["secret"].encode() not in server.database.read_bytes()
    assert server.stop() == 0

    # Another key opens nothing: the start is refused, and nothing is changed.
    server.spawn(ENCRYPTION_KEY=KEYS[1])
    assert server.process.wait(30) == CONFIGURATION
    last = [line for line in server.logs().splitlines() if line.strip()][-1]
    assert "ENCRYPTION_KEY" in last and KEYS[0] not in server.logs() and KEYS[1] not in server.logs()
    doctor = server.run("doctor", ENCRYPTION_KEY=KEYS[1])
    assert doctor.returncode == 1 and "ENCRYPTION_KEY" in doctor.stdout
    assert stored(server) == first

    # The new one first, the old one behind it: all is encrypted anew.
    server.start(ENCRYPTION_KEY=f"{KEYS[1]}, {KEYS[0]}")
    second = stored(server)
    before, after = ({each[1:5].hex() for each in rows} for rows in (first, second))
    assert before.isdisjoint(after), f"{before} {after}\n{server.log_tail()}"
    expect(Api(server.base_url).post("chat/sessions", body), 201)
    doctor = server.run("doctor", ENCRYPTION_KEY=f"{KEYS[1]}, {KEYS[0]}")
    assert doctor.returncode == 0 and "secrets" in doctor.stdout, doctor.stdout
    server.stop()

    # From now on the old one is not needed.
    server.start(ENCRYPTION_KEY=KEYS[1])
    expect(Api(server.base_url).post("chat/sessions", body), 201)
    assert stored(server) == second
    server.stop()


def test_plain_secrets_of_before_are_encrypted_at_the_start(serve):
    server = serve(ENCRYPTION_KEY=KEYS[0])
    server.stop()
    secret = "ibs_a-secret-that-was-stored-as-it-is-0123456789"
    with contextlib.closing(sqlite3.connect(server.database)) as database, database:
        database.execute("UPDATE inboxes SET secret = ?", [secret.encode()])
    server.start()
    assert all(each[0] == 1 and secret.encode() not in each for each in stored(server))
    expect(Api(server.base_url).post("chat/sessions", {"identity_token": identity_token(secret)}), 201)


@pytest.fixture
def cluster(template):
    with Cluster(template) as cluster:
        yield cluster.start()


def test_on_every_node_at_once(cluster):
    """A change is made on one node and holds on the other with the answer; keys turn node by node."""
    first, second = (Api(node.base_url) for node in cluster.nodes)
    staff = admin(cluster.nodes[0])
    inbox = make(staff, "Shop", allowed_origins=["https://shop.example"])
    key, origin = {"inbox_key": inbox["key"]}, {"Origin": "https://other.example"}
    for turn in range(10):
        allowed = ["https://other.example"] if turn % 2 else ["https://shop.example"]
        expect(staff.patch(f"admin/inboxes/{inbox['id']}", {"allowed_origins": allowed}), 200)
        expect(second.post("chat/sessions", key, headers=origin), 201 if turn % 2 else 403)
    body = {**key, "identity_token": identity_token(inbox["secret"])}
    old, new = cluster.environment["ENCRYPTION_KEY"], KEYS[2]
    # All know the new one before any encrypts with it.
    for keys in (f"{old},{new}", f"{new},{old}", new):
        for node, other in zip(cluster.nodes, (second, first), strict=True):
            node.stop()
            node.start(ENCRYPTION_KEY=keys)
            expect(Api(node.base_url).post("chat/sessions", body), 201)
            expect(other.post("chat/sessions", body), 201)
    staff = admin(cluster.nodes[1])
    assert staff.delete(f"admin/inboxes/{inbox['id']}").status_code == 204
    expect(first.post("chat/sessions", key), 404, "not_found")
