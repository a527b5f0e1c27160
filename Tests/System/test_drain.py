"""Ending and starting: SIGTERM under load, a second process on the same file, wrong configuration."""

import asyncio
import signal
import time

import pytest

from api import Api, admin, check_response
from checker import check
from client import Socket
from fake_upstream import FakeUpstream
from frames import Wire
from history import History
from ledger import integrity, ledger
from participant import Participant
from server import START_SECONDS, STOP_SECONDS, Server, free_port, poll
from words import ENGLISH

SENDERS = 6
REPLY_GRACE_SECONDS = 20  # Contract: what running AI replies get before their lease is handed over.


async def _customers(server: Server, public: Api, history: History, count: int) -> list[Participant]:
    made = []
    for number in range(count):
        visit = await asyncio.to_thread(public.visit, locale="en")
        await asyncio.to_thread(public.caller(visit.token).switch, visit.conversation_id, "human")
        customer = Participant(
            f"customer{number}", history, lambda visit=visit: Socket.bare(server, visit), visit.token
        )
        await customer.join(visit.conversation_id)
        made.append(customer)
    return made


async def _exit_code(server: Server, deadline: float = STOP_SECONDS) -> int:
    async with asyncio.timeout(deadline):
        while server.process.poll() is None:
            await asyncio.sleep(0.02)
    return server.process.returncode


def test_a_drain_under_load_loses_nothing(serve):
    server = serve()
    public, history = Api(server.base_url), History()
    rooms = []

    async def story():
        customers = await _customers(server, public, history, SENDERS)
        idle = await Socket.agent(server, admin(server).token)
        await idle.expect("ready")
        tasks = []
        for customer in customers:
            (room,) = customer.readings
            rooms.append(room)
            tasks.append(asyncio.create_task(customer.chatter(room, lambda n: f"line {n}")))
        for customer in customers:
            await customer.socket.until(lambda customer=customer: customer.acknowledged >= 20, "twenty acks")
        with Wire(server) as probe:  # A connection from before the drain, as an orchestrator's may be.
            probe.send(probe.request("GET", "/health/ready"))
            assert probe.answer()[0] == 200
            server.process.send_signal(signal.SIGTERM)
            statuses = []
            try:
                while not statuses or statuses[-1] == 200:
                    probe.send(probe.request("GET", "/health/ready"))
                    statuses.append(probe.status())
                    probe.buffer = b""
            except (EOFError, OSError):
                statuses.append(0)
            assert statuses[-1] == 503, f"ready said {statuses} during the drain"
        sockets = [idle, *(customer.socket for customer in customers)]
        for socket in sockets:
            assert await socket.expect_close(STOP_SECONDS) == 1012, socket.close_reason
            hint = socket.all("drain")[0]["data"]["reconnect_in_seconds"]
            assert 0 <= hint <= 60
        await asyncio.gather(*tasks)
        assert await _exit_code(server) == 0
        for customer in customers:
            await customer.leave()
        server.spawn()
        await asyncio.gather(*(customer.stay(START_SECONDS) for customer in customers))
        for customer in customers:
            await customer.socket.until(lambda customer=customer: not customer.unacknowledged, "the last acks")
            await customer.socket.flush()
            await customer.leave()
            assert not customer.violations and not customer.refused

    asyncio.run(story())
    staff = admin(server)
    found = check(history.entries, [ledger(staff, room) for room in rooms])
    assert not found, [str(each) for each in found[:10]]
    assert server.stop() == 0
    assert integrity(server.database) == "ok"


def test_an_idle_server_ends_at_once(serve):
    server = serve()
    started = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - started < 10


def test_two_signals_end_it_too(serve):
    server = serve()
    server.process.send_signal(signal.SIGTERM)
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(STOP_SECONDS) == 0


def test_control_c_is_a_drain_too(serve):
    server = serve()
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(STOP_SECONDS) == 0


@pytest.mark.slow
@pytest.mark.parametrize("model_goes_on", [True, False], ids=["finishes", "is_taken_over"])
def test_a_running_reply_is_not_lost_by_a_drain(serve, model_goes_on):
    """It gets 20 s to finish; one that does not is finished by the next process, under a higher generation."""
    with FakeUpstream() as upstream:
        upstream.answers = {ENGLISH.question: ENGLISH.long_answer}
        server = serve(**upstream.environment("ok"), AI_IDLE_TOKEN_SECONDS="60", AI_REPLY_SECONDS="120")
        public, history = Api(server.base_url), History()
        visit = public.visit(locale="en")
        customer = Participant("customer", history, lambda: Socket.bare(server, visit), visit.token)

        async def story():
            await customer.join(visit.conversation_id)
            upstream.order(pace=50)  # What comes at once is one piece, and no text would follow it.
            upstream.hold(after=20)
            await customer.send(visit.conversation_id, ENGLISH.question)
            await customer.socket.until(lambda: customer.socket.all("reply.delta"), "a reply that runs")
            signalled = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            await customer.socket.expect("drain")
            if model_goes_on:
                upstream.release()
            assert await _exit_code(server) == 0
            took = time.monotonic() - signalled
            assert took < STOP_SECONDS
            if not model_goes_on:
                assert took >= REPLY_GRACE_SECONDS - 2, f"the reply was given up after {took:.1f} s"
            await customer.leave()
            upstream.release()
            upstream.behaviour = None
            server.spawn()
            await customer.stay(START_SECONDS)
            (reading,) = customer.readings.values()
            await customer.socket.until(lambda: not reading.streaming, "the reply's end", 40)
            await customer.socket.flush()
            await customer.leave()

        asyncio.run(story())
        staff = admin(server)
        found = check(history.entries, [ledger(staff, visit.conversation_id)])
        assert not found, [str(each) for each in found]
        replies = [m for m in staff.messages(visit.conversation_id) if m["sender"]["kind"] == "ai"]
        assert [m["status"] for m in replies] == ["complete"], replies
        assert replies[0]["content"].startswith(ENGLISH.long_answer[:50])
        assert len(upstream.calls) == (1 if model_goes_on else 2)


def test_a_second_process_on_the_same_file_is_refused(serve):
    server = serve()
    second = server.run("serve", PORT=str(free_port()))
    assert second.returncode == 73, (second.returncode, second.stderr)
    _one_line(second)
    assert server.healthy()
    server.kill()
    server.start()  # The lock ends with its process, even by kill -9.


def test_other_verbs_go_through_the_running_server(serve):
    server = serve()
    made = server.run("workspace", "create", "--slug", "second", "--name", "Second")
    assert made.returncode == 0, made.stderr
    taken = server.run("workspace", "create", "--slug", "second", "--name", "Again")
    assert taken.returncode != 0 and len(taken.stderr.strip().splitlines()) == 1
    person = ["--email", "amy@example.com", "--name", "Amy", "--role", "agent"]
    made = server.run("user", "create", *person, "--password-stdin", input="first-password\n")
    assert made.returncode == 0, made.stderr
    public = Api(server.base_url)
    login = public.login("amy@example.com", "first-password")
    assert login["user"]["role"] == "agent"
    changed = server.run(
        "user", "set-password", "--email", "amy@example.com", "--password-stdin", input="second-password\n"
    )
    assert changed.returncode == 0, changed.stderr
    assert public.caller(login["access_token"]).get("users/me").status_code == 401
    public.login("amy@example.com", "second-password")
    assert server.run("doctor").returncode == 0
    (socket,) = [path for path in server.data.iterdir() if path.is_socket()]
    assert socket.stat().st_mode & 0o777 == 0o600
    for secret in ("first-password", "second-password"):
        assert secret not in server.logs()


def test_verbs_work_without_a_server(serve):
    server = serve(start=False)
    assert server.run("migrate").returncode == 0
    assert server.run("workspace", "create", "--slug", "early", "--name", "Early").returncode == 0
    assert server.run("doctor").returncode == 0
    server.start()
    assert server.stop() == 0
    for path in server.data.iterdir():
        if path.is_file() and "secret" in path.name or "key" in path.name:
            assert path.stat().st_mode & 0o777 == 0o600, path.name


def test_version_and_help(serve):
    server = serve(start=False)
    assert server.run("--version").stdout.startswith("chat-api ")
    text = server.run("--help").stdout
    for key in ("DATABASE_URL", "AI_PROVIDERS", "OPENAI_BASE_URL", "RATE_LOGIN_PER_MINUTE", "SESSION_TTL_SECONDS"):
        assert key in text


WRONG = [
    ("PORT", "many"),
    ("PORT", "70000"),
    ("PORT", "-1"),
    ("HOST", "not a host"),
    ("ENVIRONMENT", "staging"),
    ("DATABASE_URL", "postgres://localhost/chat"),
    ("DATABASE_URL", "chat.db"),
    ("DATABASE_URL", "sqlite:"),
    ("REDIS_URL", "http://localhost"),
    ("LOG_FORMAT", "xml"),
    ("LOG_LEVEL", "loud"),
    ("REGISTRATION", "maybe"),
    ("PUBLIC_URL", "chat.example.com"),
    ("PUBLIC_URL", "ftp://chat.example.com"),
    ("TRUSTED_PROXIES", "everybody"),
    ("TRUSTED_PROXIES", "10.0.0.0/99"),
    ("CORS_ORIGINS", "not an origin"),
    ("AI_PROVIDERS", "clippy"),
    ("AI_PROVIDERS", "openai"),
    ("AI_PROVIDERS", ","),
    ("OPENAI_BASE_URL", "::"),
    ("DASHSCOPE_DIALECT", "old"),
    ("AI_BURST_MILLISECONDS", "soon"),
    ("AI_FIRST_TOKEN_SECONDS", "0"),
    ("AI_REPLY_SECONDS", "5"),
    ("SESSION_IDLE_SECONDS", "0"),
    ("SESSION_TTL_SECONDS", "-5"),
    ("SESSION_TTL_SECONDS", "1.5"),
    ("RATE_LOGIN_PER_MINUTE", "-1"),
    ("RATE_REQUESTS_PER_SECOND", "unlimited"),
    ("LOCKOUT_FAILURES", "x"),
    ("MAX_SOCKETS_PER_ADDRESS", "99999999999999999999"),
    ("JWT_SECRET", "short"),
    ("ENCRYPTION_KEY", "short"),
    ("METRICS_TOKEN", "a-short-one"),
    ("COMPONENTS", "api"),
    ("COMPONENTS", "kitchen"),
    ("NODE_ID", "a b/c"),
    ("ADMIN_EMAIL", "nobody"),
    ("ADMIN_PASSWORD", "short"),
]


@pytest.mark.parametrize(("key", "value"), WRONG, ids=[f"{key}={value}" for key, value in WRONG])
def test_a_wrong_value_stops_the_start(serve, key, value):
    server = serve(start=False)
    refused = server.run("serve", **{key: value})
    assert refused.returncode == 78, (refused.returncode, refused.stderr[:500])
    line = _one_line(refused)
    # The key of an absent credential is the one at fault when its provider is listed.
    assert key in line or (value == "openai" and "OPENAI_API_KEY" in line), line
    if key in ("JWT_SECRET", "ENCRYPTION_KEY", "ADMIN_PASSWORD", "METRICS_TOKEN"):
        assert value not in line.replace(key, ""), f"a secret is printed: {line}"


@pytest.mark.parametrize(
    ("environment", "key"),
    [
        ({}, None),
        ({"ADMIN_PASSWORD": "a sentence only I know", "RATE_LOGIN_PER_MINUTE": "0"}, "RATE_LOGIN_PER_MINUTE"),
        ({"ADMIN_PASSWORD": "admin123456"}, "ADMIN_PASSWORD"),
    ],
    ids=["defaults", "limit_of_zero", "well_known_password"],
)
def test_production_refuses_defaults(serve, environment, key):
    server = serve(start=False)
    for name in list(server.environment):
        if name.startswith(("RATE_", "MAX_")) or name == "LOCKOUT_FAILURES":
            del server.environment[name]
    refused = server.run("serve", ENVIRONMENT="production", **environment)
    assert refused.returncode == 78, (refused.returncode, refused.stderr[:500])
    line = _one_line(refused)
    assert key is None or key in line


def test_an_env_file_is_read_and_the_environment_wins(serve):
    server = serve(start=False)
    del server.environment["LOG_LEVEL" if "LOG_LEVEL" in server.environment else "LOG_FORMAT"]
    (server.directory / ".env").write_text("# a comment\nLOG_FORMAT=xml\nNODE_ID=from-the-file\n")
    assert server.run("serve").returncode == 78
    server.start(LOG_FORMAT="json", NODE_ID="from-the-environment")
    response = Api(server.base_url).get("/health")
    check_response(response)
    assert response.headers["x-node-id"] == "from-the-environment"


def test_a_taken_port_is_said_in_one_line(serve):
    server = serve()
    other = serve(start=False, PORT=str(server.port))
    refused = other.run("serve")
    assert refused.returncode not in (0, None)
    assert "Fatal error" not in refused.stderr + refused.stdout
    poll(server.healthy, 5, "the first server untouched")


def _one_line(finished) -> str:
    """The one line that a refused start leaves."""
    lines = [line for line in (finished.stderr + finished.stdout).splitlines() if line.strip()]
    assert len(lines) == 1, lines
    return lines[0]
