"""The shipped nginx configuration, run as it is shipped: what it passes on, to whom, and what it says itself.

Two servers with a file each stand for two nodes: what nginx does needs no common database."""

import asyncio
import contextlib
import signal
import socket
import ssl
import threading
import time

import httpx
import pytest

from api import Api, check_response, expect
from client import Refused, Socket
from files import upload, uploaded
from frames import Wire
from nginx import Nginx
from server import Server, poll
from stream import say
from telling import answered
from words import ENGLISH

TRUSTED = {"TRUSTED_PROXIES": "127.0.0.1"}
SITES = {"chat-api.conf": ["chat_api"], "components.conf": ["chat_realtime", "chat_api", "chat_admin"]}


@pytest.fixture(scope="module")
def nodes(upstream):
    with (
        Server({**TRUSTED, **upstream.environment("slow"), "NODE_ID": "a"}) as one,
        Server({**TRUSTED, **upstream.environment("slow"), "NODE_ID": "b"}) as two,
    ):
        yield [one.start(), two.start()]


@pytest.fixture(scope="module")
def front(nodes):
    """Before one node, so that a session made through it is known behind it."""
    with Nginx("chat-api.conf", {"chat_api": [nodes[0].port]}) as nginx:
        yield nginx.start()


@pytest.fixture
def balancer(nodes):
    with Nginx("chat-api.conf", {"chat_api": [node.port for node in nodes]}) as nginx:
        yield nginx.start()


@pytest.mark.pure
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("site", SITES)
def test_the_configuration_is_valid(site, tls):
    with Nginx(site, {name: [1, 2] for name in SITES[site]}, tls) as nginx:
        checked = nginx.check()
        assert checked.returncode == 0, checked.stderr
        assert "[warn]" not in checked.stderr, checked.stderr


# What passes through


async def test_a_question_is_answered_through_it(front, upstream):
    upstream.answers = {ENGLISH.question: ENGLISH.long_answer}
    public = Api(front.base_url)
    visit = await asyncio.to_thread(public.visit, locale="en")
    # The address names the proxy, whose Host the node was told.
    assert visit.websocket_url.startswith(f"{front.socket_url}/ws/chat/{visit.id}?ticket=")
    async with await Socket.open(visit.websocket_url) as customer:
        await customer.expect("synced")
        await customer.say(ENGLISH.question, "q-1")
        assert (await answered(customer))["content"].startswith(ENGLISH.long_answer[:20])
        assert len(customer.all("reply.delta")) >= 2
    assert "ticket" not in front.logged() and visit.websocket_url.split("=")[1] not in front.logged()


def _connections(port: int) -> int:
    """Established connections to a port of this machine, seen from its own side (proc(5), /proc/net/tcp)."""
    established, local = "01", f"0100007F:{port:04X}"
    with open("/proc/net/tcp") as table:
        return sum(line.split()[1] == local and line.split()[3] == established for line in list(table)[1:])


async def test_a_handshake_on_a_connection_that_was_used_before(front, nodes):
    """The pool's one connection carries requests and then the upgrade: no second one is opened for it."""
    public = Api(front.base_url)
    visit = await asyncio.to_thread(public.visit, locale="en")
    for _ in range(10):
        await asyncio.to_thread(public.get, "/health/live")
    before = _connections(nodes[0].port)
    assert before >= 1
    async with await Socket.visit(front, visit) as customer:
        await customer.expect("synced")
        assert _connections(nodes[0].port) == before
        # The connection is the socket's now; requests get another, and the socket lives on.
        await asyncio.to_thread(public.get, "/health/live")
        assert _connections(nodes[0].port) == before + 1
        await customer.flush()


def test_an_event_stream_is_not_held_back(front, upstream):
    public = Api(front.base_url)
    visit = public.visit(locale="en")
    upstream.answers = {ENGLISH.question: ENGLISH.long_answer}
    upstream.hold(after=5)
    try:
        with say(public.caller(visit.token), visit.conversation_id, ENGLISH.question) as events:
            # The model has not finished: a proxy that waits for more would show nothing yet.
            events.until("message.created", lambda f: f["data"]["message"]["sender"]["kind"] == "contact")
            events.until("reply.started")
            events.until("message.created", lambda f: f["data"]["message"]["sender"]["kind"] == "ai")
            assert upstream.calls[-1].outcome == "running"
            upstream.release()
            events.until("message.completed")
    finally:
        upstream.release()
        upstream.behaviour = None


def test_request_ids_go_through_and_into_the_log(front, nodes):
    public = Api(front.base_url)
    asked = public.get("users/me").headers["x-request-id"]
    assert len(asked) == 32, "nginx makes one"
    own = public.request("GET", "users/me", headers={"X-Request-ID": "my-own.id_1"})
    assert own.headers["x-request-id"] == "my-own.id_1"
    odd = public.request("GET", "users/me", headers={"X-Request-ID": 'no "such" id'})
    assert len(odd.headers["x-request-id"]) == 32
    for each in (asked, "my-own.id_1"):
        poll(lambda each=each: f"request_id={each}" in front.logged(), 5, f"{each} in nginx' log")
        poll(lambda each=each: each in nodes[0].logs(), 5, f"{each} in the node's log")


def test_the_nodes_see_whom_they_serve(serve):
    """Limits by address: two customers behind the proxy are two, and a made-up X-Forwarded-For does not help."""
    node = serve(**TRUSTED, RATE_SESSIONS_PER_MINUTE="2")
    with Nginx("chat-api.conf", {"chat_api": [node.port]}) as nginx:
        nginx.start()

        def ask(source: str, **headers: str) -> int:
            transport = httpx.HTTPTransport(local_address=source)
            with httpx.Client(transport=transport, base_url=nginx.base_url) as client:
                return client.post("/api/v1/chat/sessions", json={}, headers=headers).status_code

        assert [ask("127.0.0.2") for _ in range(3)] == [201, 201, 429]
        assert ask("127.0.0.2", **{"X-Forwarded-For": "203.0.113.7"}) == 429
        assert ask("127.0.0.3") == 201


async def test_over_tls(nodes):
    with Nginx("chat-api.conf", {"chat_api": [nodes[0].port]}, tls=True) as nginx:
        nginx.start()
        trust = ssl.create_default_context(cafile=str(nginx.directory / "fullchain.pem"))
        rules = {"response": [check_response]}
        with httpx.Client(base_url=nginx.base_url, verify=trust, trust_env=False, event_hooks=rules) as client:
            made = expect(await asyncio.to_thread(client.post, "/api/v1/chat/sessions", json={}), 201)
        url = made["websocket_url"]
        assert url.startswith(f"{nginx.socket_url}/ws/chat/"), url
        async with await Socket.open(url, ssl=trust) as customer:
            await customer.expect("synced")
        address = f"http://127.0.0.1:{nginx.redirect_port}/console"
        plain = await asyncio.to_thread(httpx.get, address, trust_env=False)
        assert plain.status_code == 301 and plain.headers["location"] == "https://127.0.0.1/console"


# What it says itself: like the API, and `check_response` looks at it


def test_a_body_that_is_too_large(front):
    public = Api(front.base_url)
    content = b"{" + b" " * (1 << 20) + b"}"
    refused = public.request("POST", "chat/sessions", content=content, headers={"Content-Type": "application/json"})
    expect(refused, 413, "too_large")
    assert refused.headers["x-node-id"] == "nginx"
    within = public.request("POST", "chat/sessions", content=b"{" + b" " * 1_000_000 + b"}")
    assert within.headers["x-node-id"] == "a", "a body within the limit is the node's to judge"


def test_a_file_may_be_larger_than_other_bodies(front):
    public = Api(front.base_url)
    visitor = public.caller(public.visit().token)
    text = b"a line of a long text\n" * 100_000
    made = uploaded(visitor, text, "long.txt", "text/plain")
    assert made["size"] == len(text) > 2 << 20
    expect(upload(visitor, b"x" * (22 << 20), "long.txt", "text/plain"), 413, "too_large")


def test_a_flood_from_one_address(nodes):
    with Nginx("chat-api.conf", {"chat_api": [nodes[0].port]}) as nginx, httpx.Client() as client:
        nginx.start()
        refused = None
        for _ in range(3000):
            answer = client.get(f"{nginx.base_url}/health/live")
            if answer.status_code != 200:
                refused = answer
                break
        assert refused is not None, "3000 requests at once are not too many"
        check_response(refused)
        expect(refused, 429, "rate_limited")
        # The bucket runs dry at 100 a second: the next one is served.
        poll(lambda: client.get(f"{nginx.base_url}/health/live").status_code == 200, 5, "an answer after the flood")


def test_no_node_at_all(serve):
    node = serve(start=False)
    with Nginx("chat-api.conf", {"chat_api": [node.port]}) as nginx:
        nginx.start()
        public = Api(nginx.base_url)
        refused = public.post("chat/sessions", {})
        expect(refused, 503, "unavailable")
        assert refused.headers["retry-after"] == "1"
        node.start()
        poll(lambda: public.post("chat/sessions", {}).status_code == 201, 5, "a session once there is a node")


def test_figures_are_for_the_inside(front):
    # Not by `Api`: nginx says it, and the description is of the nodes.
    refused = httpx.get(f"{front.base_url}/metrics", trust_env=False)
    check_response(refused)
    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")


def test_what_a_node_says_stays_as_it_is(front):
    public = Api(front.base_url)
    expect(public.get("users/me"), 401, "unauthenticated")
    expect(public.get("nothing"), 404, "not_found")
    assert public.get("users/me").headers["x-node-id"] == "a"
    page = public.get("/")
    assert page.status_code == 200 and "content-security-policy" in page.headers


# Two nodes


def _seen(balancer: Nginx, count: int = 20) -> set[str]:
    with httpx.Client() as client:
        answers = [client.get(f"{balancer.base_url}/health/live") for _ in range(count)]
    assert {each.status_code for each in answers} == {200}
    return {each.headers["x-node-id"] for each in answers}


def test_both_nodes_are_asked(balancer):
    assert _seen(balancer) == {"a", "b"}


def test_a_node_that_is_gone_is_passed_over(serve, nodes):
    gone = serve(NODE_ID="gone")
    with Nginx("chat-api.conf", {"chat_api": [gone.port, nodes[1].port]}) as nginx:
        nginx.start()
        assert _seen(nginx) == {"gone", "b"}
        gone.kill()
        public = Api(nginx.base_url)
        for _ in range(10):
            expect(public.post("chat/sessions", {}), 201)  # Never sent to the one that refused the connection.
        gone.start()
        poll(lambda: "gone" in _seen(nginx), 5, "the node asked again", every=0.5)


async def test_a_draining_node_gets_no_new_sockets(serve, nodes, upstream):
    """It refuses handshakes with 503 while its own replies end; nginx takes the customer to the other node."""
    draining = serve(**TRUSTED, **upstream.environment("slow"), NODE_ID="draining", JWT_SECRET="s" * 40)
    other = serve(**TRUSTED, NODE_ID="other", JWT_SECRET="s" * 40)
    upstream.hold(after=5)
    try:
        with Nginx("chat-api.conf", {"chat_api": [draining.port, other.port]}) as nginx:
            nginx.start()
            visit = await asyncio.to_thread(Api(draining.base_url).visit, locale="en")
            async with await Socket.visit(draining, visit) as customer:
                await customer.say(ENGLISH.question, "q-1")
                await customer.expect("reply.started")
                draining.process.send_signal(signal.SIGTERM)
                await customer.expect("drain")
                with pytest.raises(Refused) as refusal:
                    await Socket.visit(draining, visit)
                assert refusal.value.status == 503
                for _ in range(4):
                    # Each file has its own sessions, so `other` knows none of them: its 404 shows that it was asked.
                    with pytest.raises(Refused) as refusal:
                        await Socket.visit(nginx, visit)
                    assert refusal.value.headers["x-node-id"] == "other", refusal.value.status
                upstream.release()
                await customer.expect_close(30)
    finally:
        upstream.release()
        upstream.behaviour = None


class Deaf:
    """A node that takes a request whole and hangs up without an answer: as one that is killed in mid-request."""

    def __enter__(self):
        self.requests = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        # A blocked accept() does not notice a close; a connection wakes it.
        self.ended = True
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        self.thread.join(5)
        self.listener.close()

    ended = False

    def _serve(self):
        while not self.ended:
            connection, _ = self.listener.accept()
            with connection:
                connection.settimeout(5)
                with contextlib.suppress(OSError):
                    if connection.recv(65536):
                        self.requests += 1


def test_a_post_that_was_sent_is_not_sent_again(nodes):
    with Deaf() as deaf, Nginx("chat-api.conf", {"chat_api": [deaf.port, nodes[1].port]}) as nginx:
        nginx.start()
        public = Api(nginx.base_url)
        refused = None
        end = time.monotonic() + 20
        while refused is None and time.monotonic() < end:
            answer = public.post("chat/sessions", {})
            refused = answer if answer.status_code != 201 else None
        expect(refused, 503, "unavailable")
        assert deaf.requests == 1
        # A GET is asked of the other node instead.
        poll(lambda: _seen(nginx, 4) == {"b"} and deaf.requests > 1, 20, "a GET that met the deaf node first")


def test_a_plain_request_after_a_refused_handshake(front):
    """The pool's connection survives a refusal, or is closed by the node so that nginx opens another."""
    with Wire(front) as wire:
        wire.send(wire.request("GET", "/ws/chat/nothing", {"Upgrade": "websocket", "Connection": "Upgrade"}))
        status, *_ = wire.answer()
        assert status >= 400
    public = Api(front.base_url)
    for _ in range(5):
        assert public.get("/health/live").status_code == 200
