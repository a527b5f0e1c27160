"""Every way in which a model fails, at every place of its answer, in both dialects of DashScope: what the customer's
socket shows, what is kept, and what the receipt says. Once with a healthy second provider behind it, once without."""

import contextlib
from dataclasses import dataclass
from itertools import count

import pytest

from api import Api, expect
from client import Socket, assemble
from server import Server
from telling import arrive, new_owner, of_ai, of_system
from upstream import KEY, Upstream

QUESTION = "What is Chat API?"  # The sample knowledge answers it.
BROKEN = (
    "The first model speaks of the platform (客服平台 👍) at some length. " * 3 + "It never says that it has ended [1]."
)
SOUND = "The second model answers whole and clean [1]."
PIECES = [BROKEN[at : at + 6] for at in range(0, len(BROKEN), 6)]
HALF = len("".join(PIECES[: len(PIECES) // 2]))  # A model breaks "mid" half way through its pieces.
# What the filter may still hold back of a text that goes on: the line that may become a link, the number of a source.
HELD_BACK = 12

# Small clocks: they are what the silent faults run into.
CLOCKS = {
    "AI_BURST_MILLISECONDS": "0",
    "AI_FIRST_TOKEN_SECONDS": "1",
    "AI_LAST_CANDIDATE_SECONDS": "1",
    "AI_IDLE_TOKEN_SECONDS": "1",
    "AI_REPLY_SECONDS": "10",
}
# What a customer must never read.
SECRETS = ["dashscope", "openai", KEY, "fake", "upstream", "incorrect api key", "bad gateway", "InternalError"]


@dataclass(frozen=True)
class Fault:
    behaviour: str
    kind: str  # of the failure, on the receipt
    calls: int = 1  # of the failing provider, when there is another
    calls_alone: int = 1
    visible: int = 0  # characters that the customer has read before it happens

    @property
    def shops_around(self) -> bool:
        """What a content filter refuses is not taken to the next provider."""
        return self.kind != "content_filter"


def at(position: str, name: str, kind: str, calls: int, calls_alone: int, early: str | None = None) -> Fault:
    """A fault in a stream: what was seen is not asked for again, so all that is asked once more is unseen."""
    visible = {"mid": HALF, "end": len(BROKEN)}.get(position, 0)
    if visible:
        return Fault(f"{name}@{position}", kind, visible=visible)
    return Fault(f"{name}@{position}", early or kind, calls, calls_alone)


def in_a_stream() -> list[Fault]:
    """Before the first byte, behind the first event, in the middle of the text, before the end."""
    faults = []
    for position in ["start", "role", "mid", "end"]:
        closed = "connect" if position == "start" else "truncated"
        faults += [
            # A stream that just ends is asked for again only where nobody else is left; so is a closed connection.
            at(position, "truncate", closed, 1, 2),
            at(position, "cut", closed, 1, 2),
            at(position, "hang_up", closed, 1, 2),
            at(position, "stall", "idle_timeout", 1, 1, early="first_token_timeout"),
            at(position, "keepalive_only", "idle_timeout", 1, 1, early="first_token_timeout"),
            # An error of the server that comes at once is asked again at once.
            at(position, "malformed_json", "server", 2, 2),
            at(position, "error_frame_openai", "server", 2, 2),
            at(position, "error_frame_native", "server", 2, 2),
            at(position, "error_frame_native:Throttling.RateQuota", "rate_limit", 1, 1),
            at(position, "inspection_output_midstream", "content_filter", 1, 1),
        ]
    return faults


STATUSES = [
    Fault("429", "rate_limit"),
    Fault("429_retry_after:7", "rate_limit"),
    Fault("429_retry_after_ms:50", "rate_limit", 2, 2),  # So little is waited for.
    Fault("429_retry_after_date:30", "rate_limit"),
    Fault("429_quota", "rate_limit"),
    Fault("429_quota:free", "account"),
    Fault("sse_framed_4xx", "rate_limit"),
    Fault("sse_framed_4xx:Arrearage", "account"),
    Fault("401", "account"),
    Fault("403", "account"),
    Fault("404", "config"),
    Fault("arrearage400", "account"),
    Fault("inspection_input400", "content_filter"),
    Fault("overflow400", "context_overflow"),
    Fault("500", "server", 2, 2),
    Fault("503", "server", 2, 2),
    Fault("html_502", "server", 2, 2),
    Fault("empty", "server", 2, 2),
    Fault("empty_200", "truncated", 1, 2),
    Fault("refuse_connection", "connect", 1, 2),
    Fault("stall@head", "first_token_timeout"),
]
FAULTS = pytest.mark.parametrize("fault", in_a_stream() + STATUSES, ids=lambda fault: fault.behaviour)
BOTH_DIALECTS = pytest.mark.parametrize("dialect", ["native", "compatible"], scope="module")


@dataclass
class Setting:
    """A server whose first provider fails as a case says."""

    server: Server
    broken: Upstream
    sound: Upstream | None

    providers: tuple[str, ...] = ("dashscope",)  # those that may fail

    def __post_init__(self):
        self.public = Api(self.server.base_url)
        self.staff = self.public.caller(self.public.login()["access_token"])
        self.numbers = count(1)
        self.recover()

    def recover(self):
        """Calls that go well close the breaker, and outweigh the failures of the next case, so that it stays closed."""
        for provider in self.providers * 3:
            trial = expect(self.staff.post(f"admin/ai/providers/{provider}/test"), 200)
            assert trial["is_answering"], trial


def setting(dialect: str, alone: bool):
    with contextlib.ExitStack() as stack:
        broken = stack.enter_context(Upstream(answers={QUESTION: PIECES}, hold_faults=True, released=True))
        sound = None if alone else stack.enter_context(Upstream(answers={QUESTION: SOUND}))
        environment = broken.dashscope_environment(dialect) | CLOCKS
        if sound:
            environment |= sound.environment() | {"AI_PROVIDERS": "dashscope,openai"}
        server = stack.enter_context(Server(environment)).start()
        yield Setting(server, broken, sound)


@pytest.fixture(scope="module")
def with_another(dialect):
    yield from setting(dialect, alone=False)


@pytest.fixture(scope="module")
def alone(dialect):
    yield from setting(dialect, alone=True)


@dataclass
class Seen:
    """What one question led to."""

    frames: list[dict]
    messages: list[dict]  # as kept
    events: list[dict]  # likewise
    receipt: dict  # of a reply that failed, too
    broken: list  # calls of the failing provider
    sound: list  # calls of the other

    def all(self, kind: str, where=None) -> list[dict]:
        return [frame for frame in self.frames if frame["type"] == kind and (where is None or where(frame))]

    @property
    def answers(self) -> list[dict]:
        return [message for message in self.messages if message["sender"]["kind"] == "ai"]

    @property
    def attempts(self) -> list[tuple[str, str | None]]:
        return [(each["provider"], each["failure"]) for each in self.receipt["attempts"]]


async def shown(socket: Socket, characters: int):
    """Returns once the customer has read so much of the answer, but for what is held back."""

    def has_read():
        created = socket.all("message.created", of_ai)
        if not created:
            return False
        text = assemble(socket.frames, created[0]["data"]["message"]["id"]).text or ""
        return len(text) >= characters - HELD_BACK

    await socket.until(has_read, f"{characters} characters shown")


async def ask(setting: Setting, fault: Fault, ends_at_human: bool = False) -> Seen:
    """One customer asks one question, on which the first provider fails."""
    # The built-in provider is to find its answer: nothing may stand behind the question then.
    question = QUESTION if setting.providers[1:] else f"{QUESTION} ({next(setting.numbers)}.)"
    setting.broken.order(faults={question: fault.behaviour}, released=not fault.visible)
    before = (len(setting.broken.calls), len(setting.sound.calls) if setting.sound else 0)
    visit = await arrive(setting.public)
    async with await Socket.visit(setting.server, visit) as socket:
        await socket.expect("synced")
        await socket.say(question, "q-1")
        if fault.visible:
            await shown(socket, fault.visible)
            setting.broken.order(released=True)
        is_answered = fault.kind == "none" or (setting.sound and fault.shops_around)
        if is_answered and not ends_at_human:
            await socket.expect("message.completed")
        else:
            await socket.expect("conversation.updated", new_owner("none"))
            await socket.until(lambda: socket.all("message.created", of_system), "what the customer is told")
        await socket.flush()
    customer = setting.public.caller(visit.token)
    message_id = socket.all("reply.started")[0]["data"]["message_id"]
    path = f"chat/conversations/{visit.conversation_id}/messages/{message_id}/receipt"
    seen = Seen(
        socket.frames,
        customer.messages(visit.conversation_id),
        customer.events(visit.conversation_id),
        expect(setting.staff.get(path), 200),
        [call for call in setting.broken.calls[before[0] :] if question in call.question],
        [call for call in setting.sound.calls[before[1] :] if question in call.question] if setting.sound else [],
    )
    setting.recover()
    return seen


def check_stream(seen: Seen, message_id: str, content: str, generations: int):
    """One answer, no piece of which is of another attempt or out of place, with one ending."""
    assert assemble(seen.frames, message_id).text == content
    deltas = seen.all("reply.delta")
    assert {delta["data"]["message_id"] for delta in deltas} <= {message_id}
    resets = seen.all("reply.reset")
    assert [(reset["data"]["generation"], reset["data"]["keep"]) for reset in resets] == [
        (generation, "") for generation in range(2, generations + 1)
    ], resets
    place = {id(frame): index for index, frame in enumerate(seen.frames)}
    for delta in deltas:
        earlier = [reset for reset in resets if place[id(reset)] < place[id(delta)]]
        assert delta["data"]["generation"] == 1 + len(earlier), delta
    (ending,) = seen.all("message.completed") + seen.all("message.updated")
    assert not [delta for delta in deltas if place[id(delta)] > place[id(ending)]], "text behind the end"
    # The same is kept: one message, one end.
    kept = [event for event in seen.events if event["type"] in ("message.completed", "message.updated")]
    assert [event["data"]["message"]["content"] for event in kept] == [content], kept


def check_nothing_leaks(seen: Seen, logs: str):
    told = str(seen.frames).lower() + str(seen.messages).lower()
    for secret in SECRETS:
        assert secret.lower() not in told, secret
    assert KEY not in logs, "the key is in the log"


def check_handed_over(seen: Seen):
    """The customer is told in words, and the conversation waits for a human."""
    (told,) = [message for message in seen.messages if message["sender"]["kind"] == "system"]
    assert told["content"]
    (handed,) = seen.all("conversation.updated", new_owner("none"))
    (failed,) = seen.all("reply.failed")
    assert failed["data"]["code"] == "assistant_unavailable"
    assert seen.frames.index(failed) < seen.frames.index(handed)


def check_nothing_shown(seen: Seen, fault: Fault, calls: int):
    check_handed_over(seen)
    assert not seen.answers and not seen.all("reply.delta") and not seen.all("message.completed")
    assert seen.receipt["outcome"] == "failed"
    assert seen.receipt["handoff_reason"] == ("failure" if fault.shops_around else "content_filter")
    assert seen.attempts == [("dashscope", fault.kind)] * calls


def check_kept_partial(seen: Seen, fault: Fault, calls: int):
    """Better than nothing: what was read stays, and says that it is not all."""
    check_handed_over(seen)
    (answer,) = seen.answers
    content = answer["content"]
    assert answer["status"] == "partial"
    assert BROKEN[: fault.visible].startswith(content) and len(content) >= fault.visible - HELD_BACK
    check_stream(seen, answer["id"], content, generations=1)
    (completed,) = seen.all("message.completed")
    assert completed["data"]["finish_reason"] == "partial"
    assert seen.receipt["outcome"] == "partial"
    assert seen.receipt["handoff_reason"] == ("failure" if fault.shops_around else "content_filter")
    assert seen.attempts == [("dashscope", fault.kind)] * calls


@BOTH_DIALECTS
@FAULTS
async def test_another_provider_answers_instead(with_another, fault):
    seen = await ask(with_another, fault)
    check_nothing_leaks(seen, with_another.server.logs())
    if not fault.shops_around:
        check_kept_partial(seen, fault, calls=1) if fault.visible else check_nothing_shown(seen, fault, calls=1)
        assert not seen.sound, "a refused question went to another provider"
        return
    (answer,) = seen.answers
    assert (answer["status"], answer["content"]) == ("complete", SOUND)
    assert [source["number"] for source in answer["sources"]] == [1]
    check_stream(seen, answer["id"], SOUND, generations=2 if fault.visible else 1)
    (completed,) = seen.all("message.completed")
    assert completed["data"]["finish_reason"] == "stop"
    assert not seen.all("conversation.updated") and not seen.all("message.created", of_system)
    assert not seen.all("reply.failed")
    assert (seen.receipt["outcome"], seen.receipt["handoff_reason"]) == ("completed", None)
    assert seen.attempts == [("dashscope", fault.kind)] * fault.calls + [("openai", None)]
    # One request an attempt; two where a prompt is too long, which is shortened once, or a connection was closed.
    repeated = 2 if fault.behaviour in ("overflow400", "truncate@start", "hang_up@start") else 1
    assert len(seen.broken) <= fault.calls * repeated
    assert [call.outcome for call in seen.sound] == ["finished"]


@BOTH_DIALECTS
@FAULTS
async def test_a_provider_alone_ends_at_a_human(alone, fault):
    seen = await ask(alone, fault)
    check_nothing_leaks(seen, alone.server.logs())
    if fault.visible:
        check_kept_partial(seen, fault, calls=1)
    else:
        check_nothing_shown(seen, fault, fault.calls_alone)


@BOTH_DIALECTS
@pytest.mark.parametrize(
    "behaviour",
    [
        "ok",
        "split_utf8",
        "thinking",
        "cumulative",
        "length",
        "no_usage",
        "slow:200",
        "slow_ttft:300",
        "slow_ttft:300@start",
        "tool_call@end",  # of a tool that nobody offered
        "bad_tool_json@end",
    ],
)
async def test_what_is_odd_but_no_fault(with_another, behaviour):
    seen = await ask(with_another, Fault(behaviour, "none"))
    (answer,) = seen.answers
    assert (answer["status"], answer["content"]) == ("complete", BROKEN)
    check_stream(seen, answer["id"], BROKEN, generations=1)
    (completed,) = seen.all("message.completed")
    assert completed["data"]["finish_reason"] == ("length" if behaviour == "length" else "stop")
    assert seen.attempts == [("dashscope", None)] and not seen.sound
    tokens = seen.receipt["tokens"]
    assert tokens["is_estimated"] == (behaviour == "no_usage")
    assert behaviour == "no_usage" or (tokens["input"], tokens["output"]) == (31, 12)


# Both fail


@pytest.fixture(scope="module")
def three():
    """Two that fail in turn, and the built-in one behind them."""
    with (
        Upstream(answers={QUESTION: PIECES}, hold_faults=True, released=True) as first,
        Upstream(answers={QUESTION: SOUND * 3}, hold_faults=True, released=True) as second,
        Server(
            first.dashscope_environment("native")
            | second.environment()
            | CLOCKS
            | {"AI_PROVIDERS": "dashscope,openai,builtin"}
        ) as server,
    ):
        yield Setting(server.start(), first, second, ("dashscope", "openai"))


@pytest.mark.parametrize(
    ("first", "second", "visible", "attempts"),
    [
        ("truncate@mid", "500", HALF, [("dashscope", "truncated"), *[("openai", "server")] * 2]),
        ("cut@end", "429", len(BROKEN), [("dashscope", "truncated"), ("openai", "rate_limit")]),
        ("error_frame_native@mid", "stall@role", HALF, [("dashscope", "server"), ("openai", "first_token_timeout")]),
        ("500", "truncate@role", 0, [*[("dashscope", "server")] * 2, ("openai", "truncated")]),
        ("stall@start", "hang_up@start", 0, [("dashscope", "first_token_timeout"), ("openai", "connect")]),
        ("401", "cut@mid", 0, [("dashscope", "account"), ("openai", "truncated")]),
    ],
)
async def test_two_that_fail_in_turn_give_one_clean_answer(three, first, second, visible, attempts):
    # The second one is not held: what it had said may have been read or not.
    three.sound.order(faults={QUESTION: second}, released=True)
    seen = await ask(three, Fault(first, "none", visible=visible))
    check_nothing_leaks(seen, three.server.logs())
    (answer,) = seen.answers
    assert answer["status"] == "complete" and answer["sources"]
    assert "first model" not in answer["content"] and "second model" not in answer["content"]
    resets = len(seen.all("reply.reset"))
    assert resets == 1 if visible else resets <= (second == "cut@mid")
    check_stream(seen, answer["id"], answer["content"], generations=1 + resets)
    assert not seen.all("conversation.updated") and not seen.all("reply.failed")
    assert seen.attempts == [*attempts, ("builtin", None)]


async def test_text_is_taken_back_once_and_not_again(three):
    """Both break in mid-text: what the customer reads last stays, and a human goes on."""
    three.sound.order(faults={QUESTION: "truncate@mid"}, released=True)
    seen = await ask(three, Fault("truncate@mid", "none", visible=HALF), ends_at_human=True)
    (answer,) = seen.answers
    assert answer["status"] == "partial" and (SOUND * 3).startswith(answer["content"])
    check_stream(seen, answer["id"], answer["content"], generations=2)
    check_handed_over(seen)
    assert seen.attempts == [("dashscope", "truncated"), ("openai", "truncated")]
    assert seen.receipt["outcome"] == "partial"
