"""The fake model speaks the wire format it claims to: read here with a plain HTTP client, line by line."""

import json

import httpx
import pytest

from fake_upstream import BEHAVIOURS, CHINESE, ENGLISH, FakeUpstream

pytestmark = pytest.mark.pure


@pytest.fixture
def upstream():
    with FakeUpstream() as fake:
        yield fake


def ask(upstream: FakeUpstream, model: str, question: str = "What is Chat API?") -> list[dict | str]:
    """The data of every frame of the stream."""
    body = {
        "model": BEHAVIOURS[model],
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [{"role": "system", "content": "be kind"}, {"role": "user", "content": question}],
    }
    frames = []
    with httpx.stream(
        "POST", f"{upstream.base_url}/chat/completions", json=body, trust_env=False, timeout=10
    ) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line:
                assert line.startswith("data: "), line
                frames.append("[DONE]" if line == "data: [DONE]" else json.loads(line[6:]))
    return frames


def words(frames: list) -> str:
    return "".join(
        choice["delta"].get("content") or ""
        for frame in frames
        if isinstance(frame, dict)
        for choice in frame.get("choices", [])
    )


@pytest.mark.parametrize("model", ["ok", "slow", "split_utf8"])
def test_an_answer_streams_to_its_end(upstream, model):
    frames = ask(upstream, model, "Chat API 是什么？")
    assert words(frames) == CHINESE
    assert frames[-1] == "[DONE]"
    assert frames[-2]["usage"]["total_tokens"] == 43 and frames[-2]["choices"] == []
    assert frames[-3]["choices"][0]["finish_reason"] == "stop"
    upstream.call(0, "finished")


def test_the_answer_depends_on_the_newest_question(upstream):
    upstream.answers = {"one": "first", "two": "second"}
    assert words(ask(upstream, "ok", "one and then two")) == "second"
    assert words(ask(upstream, "ok", "something else")) == ENGLISH


def test_the_marker_of_the_prompt_is_cited(upstream):
    assert "[[s3]]" in words(ask(upstream, "ok", "Sources: [[s3]] text. Question: what?"))


@pytest.mark.parametrize("model", ["truncate", "error_frame", "malformed"])
def test_a_stream_breaks_half_way(upstream, model):
    try:
        frames = ask(upstream, model)
    except ValueError:
        assert model == "malformed"
        return
    assert "[DONE]" not in frames
    assert 0 < len(words(frames)) < len(ENGLISH)


def test_a_cut_is_a_broken_connection(upstream):
    with pytest.raises(httpx.TransportError):
        ask(upstream, "cut")


@pytest.mark.parametrize(
    ("model", "status"), [("error_500", 500), ("error_401", 401), ("error_429", 429), ("html_502", 502)]
)
def test_a_refusal_has_its_status(upstream, model, status):
    body = {"model": BEHAVIOURS[model], "messages": []}
    answer = httpx.post(f"{upstream.base_url}/chat/completions", json=body, trust_env=False)
    assert answer.status_code == status


def test_a_held_answer_waits_for_its_release(upstream):
    upstream.hold(after=1)
    body = {"model": "ok", "stream": True, "messages": [{"role": "user", "content": "hi"}]}
    with httpx.stream(
        "POST", f"{upstream.base_url}/chat/completions", json=body, trust_env=False, timeout=10
    ) as answer:
        lines = answer.iter_lines()
        seen = ""
        while len(seen) < 6:
            line = next(lines)
            if line.startswith("data: {"):
                seen += words([json.loads(line[6:])])
        assert seen == ENGLISH[:6]
        assert upstream.calls[0].outcome == "running"
        upstream.release()
        rest = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
        assert seen + words(rest) == ENGLISH


def test_a_caller_that_hangs_up_is_noticed(upstream):
    upstream.hold(after=1)
    body = {"model": "ok", "stream": True, "messages": [{"role": "user", "content": "hi"}]}
    with httpx.stream(
        "POST", f"{upstream.base_url}/chat/completions", json=body, trust_env=False, timeout=10
    ) as answer:
        next(answer.iter_lines())
    upstream.call(0, "abandoned")
