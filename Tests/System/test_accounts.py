"""Health, request ids, login, refresh, logout; pages and logs."""

import asyncio
from urllib.parse import parse_qs, urlsplit

import stream
from api import expect
from client import Socket
from shapes import HEALTH, LOGIN, USER, check

MODEL = "ok"


def test_health_says_what_runs(public):
    health = check(expect(public.get("/health"), 200), HEALTH)
    assert health["status"] == "healthy"
    kind = health["components"]["database"]["kind"]
    assert kind in ("sqlite", "mysql")
    assert health["components"]["redis"]["status"] == ("disabled" if kind == "sqlite" else "healthy")
    assert public.get("/health/live").status_code == 200
    assert public.get("/health/ready").status_code == 200


def test_a_request_id_is_kept_and_a_mad_one_replaced(public):
    answer = public.request("GET", "users/me", headers={"X-Request-ID": "my-own-id-1"})
    assert answer.headers["x-request-id"] == "my-own-id-1"
    assert expect(answer, 401)["request_id"] == "my-own-id-1"
    mad = public.request("GET", "users/me", headers={"X-Request-ID": "a b\tc" + "x" * 500})
    assert mad.headers["x-request-id"] != "a b\tc" + "x" * 500


def test_the_seeded_admin_signs_in(public):
    login = check(public.login(), LOGIN)
    me = check(expect(public.caller(login["access_token"]).get("users/me"), 200), USER)
    assert me["email"] == "admin@chatapi.com" and me["role"] == "admin" and me["id"] == login["user"]["id"]
    assert "password" not in str(me).lower()


def test_unknown_address_and_wrong_password_look_the_same(public):
    wrong = expect(public.post("auth/login", {"email": "admin@chatapi.com", "password": "wrong-password"}), 401)
    unknown = expect(public.post("auth/login", {"email": "nobody@chatapi.com", "password": "wrong-password"}), 401)
    assert wrong["code"] == "invalid_credentials"
    assert {**wrong, "request_id": ""} == {**unknown, "request_id": ""}


def test_a_refresh_rotates_and_a_reused_one_ends_the_family(public):
    login = public.login()
    second = check(expect(public.post("auth/refresh", {"refresh_token": login["refresh_token"]}), 200), LOGIN)
    assert second["refresh_token"] != login["refresh_token"]
    third = check(expect(public.post("auth/refresh", {"refresh_token": second["refresh_token"]}), 200), LOGIN)
    expect(public.caller(third["access_token"]).get("users/me"), 200)
    expect(public.post("auth/refresh", {"refresh_token": login["refresh_token"]}), 401, "token_revoked")
    expect(public.post("auth/refresh", {"refresh_token": third["refresh_token"]}), 401, "token_revoked")
    expect(public.caller(third["access_token"]).get("users/me"), 401, "token_revoked")


async def test_a_logout_ends_the_token_and_its_sockets_at_once(server, public):
    token = (await asyncio.to_thread(public.login))["access_token"]
    socket = await Socket.agent(server, token)
    await socket.expect("ready")
    answer = await asyncio.to_thread(public.caller(token).post, "auth/logout")
    assert answer.status_code == 204
    assert await socket.expect_close(5) == 4503
    expect(await asyncio.to_thread(public.caller(token).get, "users/me"), 401, "token_revoked")


def test_pages_carry_their_security_headers(public):
    for path in ("/", "/console"):
        answer = public.get(path)
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/html")
        policy = answer.headers["content-security-policy"]
        assert "unsafe-inline" not in policy and "frame-ancestors" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] and answer.headers["permissions-policy"]
    widget = public.get("/widget.js")
    assert "javascript" in widget.headers["content-type"] and len(widget.content) < 36 << 10


def test_no_log_line_holds_a_message_or_a_secret(server, public, upstream):
    visit = public.visit(locale="en", contact={"name": "Zaphod Quux", "email": "zaphod@example.com"})
    contact = public.caller(visit.token)
    with stream.say(contact, visit.conversation_id, "my-very-private-words") as events:
        events.until("message.completed")
    login = public.login()
    log = server.logs()
    for secret in (
        "my-very-private-words",
        visit.token,
        login["access_token"],
        login["refresh_token"],
        "admin123456",
        upstream.calls[-1].sent[:40],
        parse_qs(urlsplit(visit.websocket_url).query)["ticket"][0],
    ):
        assert secret not in log, f"{secret[:12]}… is in the log"
