"""The WebSocket protocol itself, on raw sockets: what the RFC allows works, what it forbids closes with its code."""

import json
import os

import pytest

from frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Wire, close, encode, envelope
from server import poll

MAXIMUM_BYTES = 64 << 10  # of an inbound message
INVALID_TEXTS = {
    "lone_continuation": b"\x80",
    "lone_lead": b"\xc3(",
    "overlong_slash": b"\xc0\xaf",
    "overlong_nul": b"\xe0\x80\x80",
    "surrogate": b"\xed\xa0\x80",
    "beyond_unicode": b"\xf4\x90\x80\x80",
    "five_bytes": b"\xf8\x88\x80\x80\x80",
    "ff": b"\xff",
    "cut_off": "汉".encode()[:2],
    "cut_off_emoji": "😀".encode()[:3],
}


@pytest.fixture(scope="module")
def visit(public):
    made = public.visit(locale="en")
    public.caller(made.token).switch(made.conversation_id, "human")  # No AI: every frame here is ours.
    return made


@pytest.fixture
def wire(server, visit):
    with Wire(server) as made:
        made.upgrade(f"/ws/chat/{visit.id}", visit.token)
        made.of_type("synced")
        yield made


@pytest.fixture(autouse=True)
def the_process_lives(server):
    yield
    assert server.healthy(), "the server does not answer any more"


def ping_frame(request_id: str, size: int | None = None) -> bytes:
    """A chat.v1 ping, filled with white space to an exact size."""
    payload = envelope("ping", request_id=request_id)
    if size is not None:
        assert len(payload) <= size
        payload += b" " * (size - len(payload))
    return payload


def alive(wire: Wire):
    wire.send(encode(ping_frame("alive")))
    assert wire.answer_to("alive")["type"] == "pong"


# Lengths


@pytest.mark.parametrize("size", [125, 126, 127, 1000, 65535, 65536])
def test_each_form_of_length(wire, size):
    wire.send(encode(ping_frame("n", size)))
    assert wire.answer_to("n")["type"] == "pong"


def test_an_empty_text_is_an_invalid_message_and_no_more(wire):
    wire.send(encode(b""))
    error = wire.of_type("error")
    assert error["data"]["code"] == "invalid"
    alive(wire)


def test_one_byte_too_many(wire):
    wire.send(encode(ping_frame("n", MAXIMUM_BYTES + 1)))
    assert wire.closing() == 1009


def test_a_huge_length_is_refused_before_its_payload(wire):
    wire.send(encode(b"{}", length=1 << 40, form=127))
    assert wire.closing() == 1009


def test_a_length_with_its_highest_bit_set(wire):
    wire.send(encode(b"{}", length=1 << 63, form=127))
    assert wire.closing() in (1002, 1009)


def test_too_many_bytes_in_fragments(wire):
    piece = b" " * 20_000
    wire.send(encode(piece, fin=False))
    for _ in range(3):
        wire.send(encode(piece, CONTINUATION, fin=False))
    assert wire.closing() == 1009


@pytest.mark.parametrize("form", [126, 127])
def test_a_length_in_a_longer_form_than_needed(wire, form):
    """RFC 6455, 5.2: the minimal number of bytes must be used."""
    wire.send(encode(ping_frame("n"), form=form))
    assert wire.closing() == 1002


# Headers


@pytest.mark.parametrize("rsv", [1, 2, 3, 4, 5, 6, 7])
def test_reserved_bits(wire, rsv):
    wire.send(encode(ping_frame("n"), rsv=rsv))
    assert wire.closing() == 1002


@pytest.mark.parametrize("rsv", [1, 2, 4])
def test_reserved_bits_of_a_control_frame(wire, rsv):
    wire.send(encode(b"x", PING, rsv=rsv))
    assert wire.closing() == 1002


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 0xB, 0xC, 0xD, 0xE, 0xF])
def test_reserved_opcodes(wire, opcode):
    wire.send(encode(b"{}", opcode))
    assert wire.closing() == 1002


@pytest.mark.parametrize("opcode", [TEXT, BINARY, PING, PONG, CLOSE])
def test_an_unmasked_frame(wire, opcode):
    wire.send(encode(ping_frame("n") if opcode == TEXT else b"", opcode, masked=False))
    assert wire.closing() in ((1002, 1003) if opcode == BINARY else (1002,))


def test_a_binary_message(wire):
    wire.send(encode(ping_frame("n"), BINARY))
    assert wire.closing() == 1003


@pytest.mark.parametrize("mask", [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x01\x02\x03\x04"])
def test_any_mask(wire, mask):
    wire.send(encode(ping_frame("n"), mask=mask))
    assert wire.answer_to("n")["type"] == "pong"


# Control frames


@pytest.mark.parametrize("payload", [b"", b"hello", b"\x00\xff\xfe", b"x" * 125])
def test_a_ping_is_answered_with_its_payload(wire, payload):
    wire.send(encode(payload, PING))
    assert wire.control(PONG).payload == payload


def test_an_unasked_pong_is_nothing(wire):
    wire.send(encode(b"unasked", PONG))
    alive(wire)


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_a_long_control_frame(wire, opcode):
    wire.send(encode(b"x" * 126, opcode))
    assert wire.closing() == 1002


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_a_control_frame_in_fragments(wire, opcode):
    wire.send(encode(b"", opcode, fin=False))
    assert wire.closing() == 1002


def test_ten_pings_at_once(wire):
    wire.send(b"".join(encode(b"%d" % number, PING) for number in range(10)))
    assert [wire.control(PONG).payload for _ in range(10)][-1] == b"9"


# Fragments


@pytest.mark.parametrize("pieces", [2, 3, 10])
def test_a_message_in_fragments(wire, pieces):
    payload = ping_frame("n")
    size = -(-len(payload) // pieces)
    parts = [payload[at : at + size] for at in range(0, len(payload), size)]
    for number, part in enumerate(parts):
        wire.send(encode(part, CONTINUATION if number else TEXT, fin=number == len(parts) - 1))
    assert wire.answer_to("n")["type"] == "pong"


def test_empty_fragments(wire):
    payload = ping_frame("n")
    wire.send(encode(b"", fin=False) + encode(payload, CONTINUATION, fin=False) + encode(b"", CONTINUATION))
    assert wire.answer_to("n")["type"] == "pong"


def test_a_ping_between_fragments(wire):
    payload = ping_frame("n")
    wire.send(encode(payload[:10], fin=False) + encode(b"between", PING))
    assert wire.control(PONG).payload == b"between"
    wire.send(encode(payload[10:], CONTINUATION))
    assert wire.answer_to("n")["type"] == "pong"


def test_a_close_between_fragments(wire):
    wire.send(encode(b'{"type"', fin=False) + close(1000))
    assert wire.closing() == 1000


@pytest.mark.parametrize("fin", [True, False])
def test_a_continuation_of_nothing(wire, fin):
    wire.send(encode(b"{}", CONTINUATION, fin=fin))
    assert wire.closing() == 1002


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_new_message_within_fragments(wire, opcode):
    wire.send(encode(b'{"type"', fin=False) + encode(b"{}", opcode))
    assert wire.closing() == 1002


def test_a_scalar_across_fragments(wire, server):
    """Each split of a multi-byte character is valid once the message is whole."""
    payload = json.dumps({"type": "ping", "request_id": "汉😀", "data": {}}, ensure_ascii=False).encode()
    start = payload.index("汉".encode())
    for at in range(start, start + 8):
        wire.send(encode(payload[:at], fin=False) + encode(payload[at:], CONTINUATION))
        assert wire.answer_to("汉😀")["type"] == "pong"


# Bytes as they come


def test_one_byte_at_a_time(wire):
    wire.send_slowly(encode(ping_frame("n", 200)))
    assert wire.answer_to("n")["type"] == "pong"


def test_a_split_at_every_byte(wire):
    whole = encode(ping_frame("n", 140), mask=b"abcd")
    for at in range(1, len(whole)):
        wire.send(whole[:at])
        wire.settle()
        wire.send(whole[at:])
        assert wire.answer_to("n")["type"] == "pong"


def test_many_frames_in_one_segment(wire):
    wire.send(b"".join(encode(ping_frame(f"n{number}")) for number in range(50)))
    for number in range(50):
        assert wire.answer_to(f"n{number}")["type"] == "pong"


def test_a_slow_handshake(server, visit):
    with Wire(server) as wire:
        wire.send_slowly(wire.request("GET", f"/ws/chat/{visit.id}", wire.upgrade_headers(visit.token)))
        wire.upgraded()
        wire.of_type("ready")


def test_a_frame_right_behind_the_handshake(server, visit):
    """RFC 6455 lets a client wait for the 101; one that does not loses nothing and breaks nothing."""
    with Wire(server) as wire:
        request = wire.request("GET", f"/ws/chat/{visit.id}", wire.upgrade_headers(visit.token))
        wire.send(request + encode(ping_frame("early")))
        wire.upgraded()
        assert wire.answer_to("early")["type"] == "pong"


def test_garbage_right_behind_the_handshake(server, visit):
    with Wire(server) as wire:
        request = wire.request("GET", f"/ws/chat/{visit.id}", wire.upgrade_headers(visit.token))
        wire.send(request + b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        wire.upgraded()
        assert wire.closing() == 1002


def test_garbage_instead_of_http(server):
    for garbage in (b"\x16\x03\x01\x02\x00\x01\x00", b"\x00" * 100, b"hello\r\n\r\n", b"GET\r\n\r\n", b"\xff" * 2000):
        with Wire(server) as wire:
            wire.send(garbage)
            assert wire.ended(15), f"{garbage[:8]!r} is waited for"


# UTF-8


@pytest.mark.parametrize("text", INVALID_TEXTS.values(), ids=INVALID_TEXTS.keys())
def test_invalid_text(wire, text):
    wire.send(encode(b'{"type":"' + text + b'"}'))
    assert wire.closing() == 1007


@pytest.mark.parametrize("text", ["汉".encode()[:2], "😀".encode()[:1], "😀".encode()[:3]], ids=["han", "one", "three"])
def test_text_that_ends_within_a_scalar(wire, text):
    wire.send(encode(b'{"type":"ping"}' + text))
    assert wire.closing() == 1007


def test_invalid_text_across_fragments(wire):
    wire.send(encode(b'{"type":"\xe6', fin=False) + encode(b'"}', CONTINUATION))
    assert wire.closing() == 1007


def test_noncharacters_and_a_byte_order_mark_are_text(wire):
    payload = json.dumps({"type": "ping", "request_id": "\ufffe\U0010ffff", "data": {}}, ensure_ascii=False).encode()
    wire.send(encode(payload))
    assert wire.answer_to("\ufffe\U0010ffff")["type"] == "pong"


# Closing


@pytest.mark.parametrize(
    "code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]
)
def test_a_valid_close_code_is_echoed(wire, code):
    wire.send(close(code, "再见".encode()))
    assert wire.closing() in (code, 1000)


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535])
def test_an_invalid_close_code(wire, code):
    wire.send(close(code))
    assert wire.closing() == 1002


def test_a_close_without_a_code(wire):
    wire.send(close())
    assert wire.closing() in (None, 1000)


def test_a_close_of_one_byte(wire):
    wire.send(encode(b"\x03", CLOSE))
    assert wire.closing() == 1002


def test_a_close_with_an_invalid_reason(wire):
    wire.send(close(1000, b"\xff\xfe"))
    assert wire.closing() in (1002, 1007)


def test_a_close_with_the_longest_reason(wire):
    wire.send(close(1000, b"x" * 123))
    assert wire.closing() == 1000


def test_nothing_is_taken_after_the_close(wire, visit, public):
    before = public.caller(visit.token).conversation(visit.conversation_id)["head_seq"]
    message = envelope("message.send", {"content": "too late", "client_message_id": "late"}, request_id="r")
    wire.send(close(1000) + encode(message))
    assert wire.closing() == 1000
    assert public.caller(visit.token).conversation(visit.conversation_id)["head_seq"] == before


def test_connections_that_just_end_leave_nothing_behind(server, visit):
    def descriptors() -> int:
        return len(os.listdir(f"/proc/{server.pid}/fd"))

    before = descriptors()
    for _ in range(100):
        with Wire(server) as wire:
            wire.upgrade(f"/ws/chat/{visit.id}", visit.token)
    poll(lambda: descriptors() <= before + 5, 10, "the descriptors of ended connections closed")


# The handshake


def test_the_subprotocol_is_confirmed_when_asked_for(server, visit):
    with Wire(server) as wire:
        headers = wire.upgrade_headers(visit.token, Sec_WebSocket_Protocol="other, chat.v1")
        wire.send(wire.request("GET", f"/ws/chat/{visit.id}", headers))
        assert wire.upgraded()["sec-websocket-protocol"] == "chat.v1"


def test_no_subprotocol_and_no_extension_unasked(server, visit):
    with Wire(server) as wire:
        headers = wire.upgrade_headers(visit.token, Sec_WebSocket_Extensions="permessage-deflate")
        wire.send(wire.request("GET", f"/ws/chat/{visit.id}", headers))
        answer = wire.upgraded()
        assert "sec-websocket-protocol" not in answer and "sec-websocket-extensions" not in answer
        wire.of_type("ready")


@pytest.mark.parametrize(
    ("changes", "statuses"),
    [
        ({"Sec_WebSocket_Version": "12"}, {400, 426}),
        ({"Sec_WebSocket_Version": None}, {400, 426}),
        ({"Sec_WebSocket_Key": None}, {400, 426}),
        ({"Sec_WebSocket_Key": "short"}, {400, 426}),
    ],
    ids=["version_12", "no_version", "no_key", "short_key"],
)
def test_a_broken_handshake(server, visit, changes, statuses):
    with Wire(server) as wire:
        wire.send(wire.request("GET", f"/ws/chat/{visit.id}", wire.upgrade_headers(visit.token, **changes)))
        status, headers, body = wire.answer()
        assert status in statuses, body
        assert headers["content-type"].startswith("application/problem+json") and json.loads(body)["status"] == status
        assert wire.ended(), "a refused upgrade leaves its connection open"


@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD"])
def test_an_upgrade_by_another_method(server, visit, method):
    with Wire(server) as wire:
        length = {} if method == "HEAD" else {"Content-Length": "0"}
        wire.send(wire.request(method, f"/ws/chat/{visit.id}", wire.upgrade_headers(visit.token) | length))
        assert 400 <= wire.status() < 500


@pytest.mark.parametrize(
    ("path", "token", "status"),
    [
        ("/ws/chat/{id}", "not-a-token", 401),
        ("/ws/chat/{id}?ticket=not-a-ticket", None, 401),
        ("/ws/chat/no-such-session", "{token}", 404),
        ("/ws/agent", "{token}", 403),
        ("/ws/nowhere", "{token}", 404),
    ],
    ids=["bad_token", "bad_ticket", "no_session", "contact_as_staff", "no_route"],
)
def test_a_refused_upgrade_says_why_and_closes(server, visit, path, token, status):
    with Wire(server) as wire:
        token = token and token.format(token=visit.token)
        wire.send(wire.request("GET", path.format(id=visit.id), wire.upgrade_headers(token)))
        got, headers, body = wire.answer()
        assert got == status or (status in (403, 404) and got in (401, 403, 404)), body
        assert headers["content-type"].startswith("application/problem+json")
        assert headers["connection"].lower() == "close"
        assert wire.ended(), "a refused upgrade leaves its connection open"


def test_a_plain_get_of_a_socket_address(server, visit):
    with Wire(server) as wire:
        wire.send(wire.request("GET", f"/ws/chat/{visit.id}"))
        status, headers, _ = wire.answer()
        assert status in (400, 404, 426) and headers["content-type"].startswith("application/problem+json")


def test_a_late_upgrade_on_a_kept_connection(server, visit):
    """Some proxies reuse a connection for the upgrade: it works, or it is refused and closed. It never hangs."""
    with Wire(server) as wire:
        wire.send(wire.request("GET", "/health"))
        assert wire.answer()[0] == 200
        wire.send(wire.request("GET", f"/ws/chat/{visit.id}", wire.upgrade_headers(visit.token)))
        status, headers, _ = wire.answer()
        if status == 101:
            wire.of_type("ready")
        else:
            assert status in (426, 503) and headers["connection"].lower() == "close"
            assert wire.ended()


def test_an_upgrade_to_something_else_is_plain_http(server):
    """`Upgrade: h2c`, as curl and the JDK send it: answered as if it were not there."""
    with Wire(server) as wire:
        headers = {"Upgrade": "h2c", "Connection": "Upgrade, HTTP2-Settings", "HTTP2-Settings": "AAMAAABkAAQAAP__"}
        wire.send(wire.request("GET", "/health", headers))
        status, answer, _ = wire.answer()
        assert status == 200
        if answer.get("connection", "").lower() == "close":
            assert wire.ended()
        else:
            wire.send(wire.request("GET", "/health"))
            assert wire.answer()[0] == 200


def test_pipelined_requests_are_all_answered(server):
    with Wire(server) as wire:
        wire.send(wire.request("GET", "/health") * 5)
        assert [wire.answer()[0] for _ in range(5)] == [200] * 5
