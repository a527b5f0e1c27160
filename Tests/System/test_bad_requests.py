"""Every route with everything that can be wrong with a request: a clear error, nothing changed, never a 5xx."""

import json

import pytest

from api import API, Api, expect
from frames import Wire, encode
from server import poll
from world import BODY_LIMIT, SCALARS, UNKNOWN_ID, World

pytestmark = pytest.mark.usefixtures("nothing_changes")


# Bodies


def routes(world: World) -> dict[str, tuple[Api, str, str, dict]]:
    """Every route with a JSON body: caller, method, path, a right body."""
    room = f"chat/conversations/{world.visit.conversation_id}"
    session = f"chat/sessions/{world.visit.id}"
    return {
        "login": (world.public, "POST", "auth/login", {"email": "a@b.example", "password": "12345678"}),
        "refresh": (world.public, "POST", "auth/refresh", {"refresh_token": "x"}),
        "me": (world.staff, "PATCH", "users/me", {"name": "Admin"}),
        "sessions": (world.public, "POST", "chat/sessions", {"locale": "en"}),
        "session": (world.contact, "PATCH", session, {"locale": "en"}),
        "conversations": (world.staff, "POST", "chat/conversations", {"contact_id": world.visit.session["contact_id"]}),
        "conversation": (world.staff, "PATCH", room, {"priority": "normal"}),
        "messages": (world.contact, "POST", f"{room}/messages", {"content": "hello"}),
        "staff_messages": (world.staff, "POST", f"{room}/messages", {"content": "hello"}),
        "switch": (world.staff, "POST", f"{room}/switch", {"to": "human"}),
        "read": (world.staff, "POST", f"{room}/read", {"seq": 1}),
        "contacts": (world.staff, "POST", "contacts", {"name": "Somebody"}),
    }


ROUTES = [
    "login",
    "refresh",
    "me",
    "sessions",
    "session",
    "conversations",
    "conversation",
    "messages",
    "staff_messages",
    "switch",
    "read",
    "contacts",
]
MALFORMED = {
    "cut_off": b'{"content": "hel',
    "words": b"hello",
    "two_values": b'{"content":"x"} {"content":"y"}',
    "trailing_comma": b'{"content":"x",}',
    "single_quotes": b"{'content':'x'}",
    "not_a_number": b'{"content":NaN}',
    "invalid_utf8": b'{"content":"\xff\xfe"}',
    "utf8_cut_off": '{"content":"汉'.encode()[:-1] + b'"}',
    "lone_surrogate_bytes": b'{"content":"\xed\xa0\x80"}',
    "empty": b"",
    "deep": b"[" * 20_000,
    "nul_bytes": b"\x00\x00\x00\x00",
}
every_route = pytest.mark.parametrize("route", ROUTES)


# Every field of a new session is optional, and so is a body.
@pytest.mark.parametrize(
    ("route", "name"),
    [(route, name) for route in ROUTES for name in MALFORMED if (route, name) != ("sessions", "empty")],
)
def test_a_malformed_body(world, route, name):
    caller, method, path, _ = routes(world)[route]
    body = MALFORMED[name]
    answer = caller.request(method, path, content=body, headers={"Content-Type": "application/json"})
    expect(answer, 400, "malformed_json")


@every_route
@pytest.mark.parametrize("body", [[], "text", 7, True, None], ids=["list", "string", "number", "boolean", "null"])
def test_a_body_that_is_no_object(world, route, body):
    caller, method, path, _ = routes(world)[route]
    content = json.dumps(body)
    answer = caller.request(method, path, content=content, headers={"Content-Type": "application/json"})
    problem = expect(answer, (400, 422))
    assert problem["code"] in ("malformed_json", "validation_failed")


@every_route
def test_an_unknown_field(world, route):
    caller, method, path, body = routes(world)[route]
    problem = expect(caller.request(method, path, json={**body, "no_such_field": 1}), 422, "unknown_field")
    assert "no_such_field" in json.dumps(problem)


@every_route
@pytest.mark.parametrize(
    "wrong",
    [{"a": 1}, [1], 12.5, True, {"deep": {"deeper": []}}],
    ids=["object", "list", "fraction", "boolean", "nested"],
)
def test_a_field_of_the_wrong_type(world, route, wrong):
    caller, method, path, body = routes(world)[route]
    for field in body:
        problem = expect(caller.request(method, path, json={**body, field: wrong}), 422, "validation_failed")
        assert [error["field"] for error in problem["errors"]], problem


@pytest.mark.parametrize("route", ["login", "refresh", "conversations", "messages", "switch", "read"])
def test_a_missing_field(world, route):
    caller, method, path, body = routes(world)[route]
    problem = expect(caller.request(method, path, json={}), 422, "validation_failed")
    assert {error["field"] for error in problem["errors"]} <= set(body), problem


@every_route
def test_a_body_that_is_too_large(world, route):
    caller, method, path, body = routes(world)[route]
    huge = {**body, next(iter(body)): "x" * (BODY_LIMIT + 1)}
    expect(caller.request(method, path, json=huge), 413, "too_large")


def test_a_body_that_is_too_large_and_comes_in_chunks(world):
    def chunks():
        yield b'{"content":"'
        for _ in range(40):
            yield b"x" * 32_768
        yield b'"}'

    path = f"chat/conversations/{world.visit.conversation_id}/messages"
    answer = world.contact.request("POST", path, content=chunks(), headers={"Content-Type": "application/json"})
    expect(answer, 413, "too_large")


@every_route
@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded"])
def test_a_body_of_another_media_type(world, route, kind):
    caller, method, path, body = routes(world)[route]
    answer = caller.request(method, path, content=json.dumps(body), headers={"Content-Type": kind})
    expect(answer, 415, "unsupported_media_type")


# Values


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "validation_failed"),
        ("x" * (SCALARS + 1), "validation_failed"),
        ("😀" * (SCALARS + 1), "validation_failed"),
        ("a\x00b", "validation_failed"),
        (None, "validation_failed"),
    ],
    ids=["empty", "16001", "16001_emoji", "nul", "null"],
)
@pytest.mark.parametrize("route", ["messages", "staff_messages"])
def test_message_text(world, route, content, code):
    caller, method, path, _ = routes(world)[route]
    problem = expect(caller.request(method, path, json={"content": content}), 422, code)
    assert problem["errors"][0]["field"] == "content"


@pytest.mark.parametrize(
    "value", ["x" * 65, "汉" * 22, "", "a\x00b", 5], ids=["65_bytes", "66_bytes", "empty", "nul", "number"]
)
def test_client_message_ids(world, value):
    caller, method, path, _ = routes(world)["messages"]
    problem = expect(
        caller.request(method, path, json={"content": "hello", "client_message_id": value}), 422, "validation_failed"
    )
    assert problem["errors"][0]["field"] == "client_message_id"


@pytest.mark.parametrize(
    ("route", "field", "value"),
    [
        ("login", "email", ""),
        ("login", "password", ""),
        ("messages", "type", "shout"),
        ("messages", "type", "note"),
        ("messages", "reply_to", UNKNOWN_ID),
        ("switch", "to", "robot"),
        ("switch", "to", ""),
        ("switch", "agent_id", UNKNOWN_ID),
        ("read", "seq", -1),
        ("read", "seq", 1.5),
        ("read", "seq", "1"),
        ("conversation", "priority", "shouting"),
        ("conversation", "status", "lost"),
        ("conversation", "subject", "x" * 100_000),
        ("conversation", "labels", ["x" * 10_000]),
        ("conversation", "labels", "vip"),
        ("conversation", "snoozed_until", "tomorrow"),
        ("conversations", "contact_id", ""),
        ("sessions", "metadata", {"x": "y" * 9000}),
        ("sessions", "metadata", "text"),
        ("sessions", "locale", "x" * 500),
        ("sessions", "contact", {"attributes": {"x": "y" * 17_000}}),
        ("sessions", "contact", {"email": "no address"}),
        ("sessions", "identity_token", "a.b.c"),
        ("session", "metadata", {"x": "y" * 9000}),
        ("contacts", "email", "not an address"),
        ("contacts", "attributes", {"x": "y" * 17_000}),
        ("contacts", "name", "a\x00b"),
        ("contacts", "name", "x" * 100_000),
    ],
)
def test_values_out_of_their_range(world, route, field, value):
    caller, method, path, body = routes(world)[route]
    answer = caller.request(method, path, json={**body, field: value})
    assert answer.status_code in (401, 403, 404, 422), (answer.status_code, answer.text[:300])
    if answer.status_code == 422:
        assert answer.json()["errors"], answer.text


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "-1"},
        {"limit": "ten"},
        {"limit": ""},
        {"limit": "1e2"},
        {"limit": "99999999999999999999"},
        {"cursor": "nonsense"},
        {"cursor": "AAAA"},
        {"cursor": "' OR 1=1 --"},
    ],
)
@pytest.mark.parametrize("path", ["chat/conversations", "contacts", "chat/sessions"])
def test_a_bad_limit_or_cursor(world, path, query):
    expect(world.staff.get(path, **query), 422, "validation_failed")


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "201"},
        {"after": "-1"},
        {"after": "x"},
        {"before": "x"},
        {"before": "-5"},
        {"after": "99999999999999999999"},
        {"after": "1", "before": "2"},
    ],
)
@pytest.mark.parametrize("list_name", ["messages", "events"])
def test_a_bad_position(world, list_name, query):
    path = f"chat/conversations/{world.visit.conversation_id}/{list_name}"
    expect(world.staff.get(path, **query), 422, "validation_failed")


@pytest.mark.parametrize("value", ["open;drop", "OPEN", "", "x" * 5000])
def test_a_bad_filter(world, value):
    expect(world.staff.get("chat/conversations", status=value), 422, "validation_failed")


# Paths and methods


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/api/v1",
        "/api/v1/nowhere",
        "/api/v2/users/me",
        "/api/v1/users/me/../../nowhere",
        "/api/v1/%00",
        "/api/v1/chat/conversations/%2e%2e%2f",
        "/api/v1/" + "x" * 5000,
        "/ws",
        "/%ff%fe",
    ],
)
def test_an_unknown_path(world, path):
    answer = world.staff.request("GET", path)
    assert answer.status_code in (400, 404, 414), (path, answer.status_code)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "auth/login"),
        ("GET", "auth/login"),
        ("PUT", "users/me"),
        ("PATCH", "chat/sessions"),
        ("DELETE", "chat/conversations"),
        ("PUT", "contacts"),
        ("POST", "/health"),
    ],
)
def test_a_wrong_method(world, method, path):
    answer = world.staff.request(method, path)
    assert answer.status_code == 405, (method, path, answer.status_code)


# HTTP itself


def test_broken_http(world):
    for request in (
        b"GET /health HTTP/1.1\r\n\r\n",
        b"GET /health HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 200_000 + b"\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nBad Header: x\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
    ):
        with Wire(world.server) as wire:
            try:
                wire.send(request)
                status = wire.status()
            except (EOFError, ConnectionError, TimeoutError):
                continue
            assert status < 500 or status == 505, request[:60]


def test_a_body_that_never_comes(world):
    """A client that promises a body and goes away holds nothing up."""
    wires = [Wire(world.server) for _ in range(20)]
    for wire in wires:
        wire.send(
            wire.request("POST", f"{API}/auth/login", {"Content-Length": "1000", "Content-Type": "application/json"})
        )
        wire.send(b'{"email"')
    expect(world.public.get("/health"), 200)
    for wire in wires:
        wire.socket.close()
    poll(world.server.healthy, 5, "a healthy server")


def test_sockets_that_say_nothing_more(world):
    with Wire(world.server) as wire:
        wire.upgrade(f"/ws/chat/{world.visit.id}", world.visit.token)
        wire.send(encode(b'{"type":"ping"', fin=False))
    poll(world.server.healthy, 5, "a healthy server")
