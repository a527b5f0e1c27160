"""The official clients of both vendors drive the fake model: it is what they understand, and not only what we read into
their documents. Where a client does something odd, the test says so, and the server has to do better."""

import os
import threading
import time

import pytest

from upstream import Upstream

pytestmark = pytest.mark.pure

QUESTION = [{"role": "user", "content": "What is Chat API?"}]
ANSWER = "Chat API answers first 👍 先由智能助手回答。"
PIECES = [ANSWER[at : at + 3] for at in range(0, len(ANSWER), 3)]
HALF = "".join(PIECES[: len(PIECES) // 2])  # The fake breaks half way through its pieces.
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "handoff_to_human",
            "parameters": {"type": "object", "properties": {"reason": {"type": "string"}}},
        },
    }
]
ARGUMENTS = '{"reason":"客户要求 asked"}'
COMPLETIONS = ["openai", "compatible"]
SILENCE_SECONDS = 0.5  # What the clients are allowed here; a stalled stream runs into it.


@pytest.fixture(scope="module")
def upstream():
    with Upstream(answers={"Chat API": PIECES}) as fake:
        yield fake


@pytest.fixture(scope="module")
def openai(upstream):
    """OpenAI's client for either of the two that speak chat completions."""
    import openai

    clients = {"openai": upstream.base_url, "compatible": f"{upstream.root}/compatible-mode/v1"}
    return {
        dialect: openai.OpenAI(base_url=url, api_key="sk-test", max_retries=0, timeout=SILENCE_SECONDS)
        for dialect, url in clients.items()
    }


@pytest.fixture(scope="module")
def dashscope(upstream):
    """DashScope's client, which reads its addresses from the environment once, when it is imported."""
    patch = pytest.MonkeyPatch()
    patch.setenv("DASHSCOPE_HTTP_BASE_URL", f"{upstream.root}/api/v1")
    patch.setenv("DASHSCOPE_COMPATIBLE_BASE_URL", f"{upstream.root}/compatible-mode/v1")
    patch.setenv("DASHSCOPE_API_KEY", "sk-test")
    patch.setenv("NO_PROXY", "127.0.0.1")
    import dashscope

    assert dashscope.base_http_api_url == os.environ["DASHSCOPE_HTTP_BASE_URL"]
    yield dashscope
    patch.undo()


def completions(client, model: str, **options):
    """Text, finish reason, total tokens, and chunks without choices, of a stream of chat completions."""
    text, finish, tokens, odd = "", None, None, 0
    for chunk in client.chat.completions.create(
        model=model, messages=QUESTION, stream=True, stream_options={"include_usage": True}, **options
    ):
        if chunk.usage:
            tokens = chunk.usage.total_tokens
        if chunk.choices is None:
            odd += 1
        elif chunk.choices:
            text += chunk.choices[0].delta.content or ""
            finish = chunk.choices[0].finish_reason or finish
    return text, finish, tokens, odd


def generation(dashscope, model: str, **options) -> list:
    options = {"incremental_output": True, "result_format": "message", "request_timeout": SILENCE_SECONDS} | options
    return list(dashscope.Generation.call(model, messages=QUESTION, stream=True, **options))


def said(answers: list) -> str:
    return "".join(answer.output.choices[0].message.content for answer in answers if answer.status_code == 200)


# What works


@pytest.mark.parametrize("dialect", COMPLETIONS)
@pytest.mark.parametrize("model", ["ok", "split_utf8", "thinking", "slow:200", "slow_ttft:100"])
def test_openai_reads_a_stream(upstream, openai, dialect, model):
    assert completions(openai[dialect], model) == (ANSWER, "stop", 43, 0)
    call = upstream.call(upstream.calls[-1].number, "finished")
    assert (call.dialect, call.sent) == (dialect, ANSWER)
    assert call.headers["authorization"] == "Bearer sk-test"
    assert call.question == QUESTION[0]["content"]


@pytest.mark.parametrize("model", ["ok", "split_utf8", "thinking", "slow:200", "slow_ttft:100"])
def test_dashscope_reads_a_stream(upstream, dashscope, model):
    answers = generation(dashscope, model)
    assert all(answer.status_code == 200 for answer in answers)
    assert said(answers) == ANSWER
    # "null" is a text of its own until the end.
    assert [a.output.choices[0].finish_reason for a in answers] == ["null"] * (len(answers) - 1) + ["stop"]
    # Every event tells the usage so far, but for the first, which may tell none.
    assert answers[0].usage == {"input_tokens": 0, "output_tokens": 0}
    tokens = [answer.usage.total_tokens for answer in answers[1:]]
    assert tokens == sorted(tokens) and tokens[-1] == 43
    assert {answer.request_id for answer in answers} == {answers[0].headers["x-request-id"]}
    call = upstream.call(upstream.calls[-1].number, "finished")
    assert call.dialect == "native"
    # The header asks for a stream, the body does not.
    assert call.headers["x-dashscope-sse"] == "enable" and "stream" not in call.body
    assert call.body["parameters"]["incremental_output"] is True


def test_dashscope_reads_the_compatible_mode(dashscope):
    from dashscope.aigc.chat_completion import Completions

    # Its `stream` only says how the answer is to be read: the body has to ask for it.
    (whole,) = Completions.create(model="ok", messages=QUESTION, stream=True)
    assert (whole.object, whole.choices[0].message.content) == ("chat.completion", ANSWER)
    text = ""
    # It does not know `[DONE]`, takes it for JSON, and fails over how to say so.
    with pytest.raises(AttributeError, match="JSONDecodeError"):
        for chunk in Completions.create(model="ok", messages=QUESTION, stream=True, extra_body={"stream": True}):
            text += (chunk.choices[0].delta["content"] or "") if chunk.choices else ""
    assert text == ANSWER


@pytest.mark.parametrize("dialect", COMPLETIONS)
def test_openai_reads_a_whole_answer(openai, dialect):
    answer = openai[dialect].chat.completions.create(model="ok", messages=QUESTION)
    assert (answer.choices[0].message.content, answer.choices[0].finish_reason) == (ANSWER, "stop")
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (31, 12)
    assert answer.object == "chat.completion" and answer.id.startswith("chatcmpl-")


def test_dashscope_reads_a_whole_answer(dashscope):
    answer = dashscope.Generation.call("ok", messages=QUESTION, result_format="message")
    assert answer.status_code == 200
    assert (answer.output.choices[0].message.content, answer.output.choices[0].finish_reason) == (ANSWER, "stop")
    assert (answer.usage.input_tokens, answer.usage.output_tokens, answer.usage.total_tokens) == (31, 12, 43)
    # Without `result_format` it is the old shape.
    old = dashscope.Generation.call("ok", messages=QUESTION)
    assert (old.output.text, old.output.finish_reason, old.output.choices) == (ANSWER, "stop", None)


@pytest.mark.parametrize(("model", "incremental"), [("cumulative", True), ("ok", False), ("ok", None)])
def test_dashscope_repeats_the_whole_text(dashscope, model, incremental):
    """With `incremental_output` false or absent each event has all of it, and with some models whatever is asked."""
    texts = [a.output.choices[0].message.content for a in generation(dashscope, model, incremental_output=incremental)]
    assert texts[-1] == ANSWER and texts[0] == ""
    assert all(later.startswith(earlier) for earlier, later in zip(texts, texts[1:], strict=False))


@pytest.mark.parametrize("dialect", COMPLETIONS)
@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("length", (ANSWER, "length", 43, 0)),
        ("empty", ("", "stop", 31, 0)),
        ("no_usage", (ANSWER, "stop", None, 0)),
        ("empty_200", ("", None, None, 0)),  # No failure at all, to the client.
    ],
)
def test_openai_reads_other_ends(openai, dialect, model, expected):
    assert completions(openai[dialect], model) == expected


def test_dashscope_reads_other_ends(dashscope):
    assert generation(dashscope, "length")[-1].output.choices[0].finish_reason == "length"
    assert said(generation(dashscope, "empty")) == ""
    # What is not told is none, to the client.
    assert {a.usage.output_tokens for a in generation(dashscope, "no_usage") if a.usage} == {0}
    assert generation(dashscope, "empty_200") == []


def test_usage_comes_only_when_asked_for(openai):
    chunks = list(openai["openai"].chat.completions.create(model="ok", messages=QUESTION, stream=True))
    assert all(chunk.choices and chunk.usage is None for chunk in chunks)


@pytest.mark.parametrize("dialect", COMPLETIONS)
@pytest.mark.parametrize(("model", "arguments"), [("tool_call", ARGUMENTS), ("bad_tool_json", ARGUMENTS[:-2])])
def test_openai_joins_the_call_of_a_tool(openai, dialect, model, arguments):
    """By the client's own joining."""
    with openai[dialect].chat.completions.stream(model=model, messages=QUESTION, tools=TOOLS) as stream:
        final = stream.get_final_completion()
    assert final.choices[0].finish_reason == "tool_calls"
    (call,) = final.choices[0].message.tool_calls
    assert (call.type, call.function.name, call.function.arguments) == ("function", "handoff_to_human", arguments)
    assert call.id.startswith("call_")


@pytest.mark.parametrize(("model", "arguments"), [("tool_call", ARGUMENTS), ("bad_tool_json", ARGUMENTS[:-2])])
def test_dashscope_streams_the_call_of_a_tool(dashscope, model, arguments):
    answers = generation(dashscope, model, tools=TOOLS)
    calls = [call for a in answers for call in a.output.choices[0].message.get("tool_calls") or []]
    assert calls[0]["function"]["name"] == "handoff_to_human"
    assert "".join(call["function"].get("arguments", "") for call in calls) == arguments
    assert answers[-1].output.choices[0].finish_reason == "tool_calls"


def test_dashscope_joins_the_call_of_a_tool_itself(dashscope):
    """Asked for whole texts of a model that only sends pieces, the client puts them together."""
    answers = generation(dashscope, "qwen3-tool", tools=TOOLS, incremental_output=False)
    assert said(answers[-1:]) == ANSWER, "an unknown model just answers"
    headers = {"x-fake-behaviour": "tool_call"}
    answers = generation(dashscope, "qwen3-max", tools=TOOLS, incremental_output=False, headers=headers)
    (call,) = answers[-1].output.choices[0].message["tool_calls"]
    assert (call["function"]["name"], call["function"]["arguments"]) == ("handoff_to_human", ARGUMENTS)


# Refusals


@pytest.mark.parametrize("dialect", COMPLETIONS)
@pytest.mark.parametrize(
    ("model", "kind", "status", "codes"),
    [
        ("401", "AuthenticationError", 401, ("invalid_api_key", "invalid_api_key")),
        ("403", "PermissionDeniedError", 403, ("unsupported_country_region_territory",) * 2),
        ("404", "NotFoundError", 404, ("model_not_found", "model_not_found")),
        ("429", "RateLimitError", 429, ("rate_limit_exceeded", "limit_requests")),
        ("429_quota", "RateLimitError", 429, ("insufficient_quota", "insufficient_quota")),
        ("overflow400", "BadRequestError", 400, ("context_length_exceeded", "invalid_parameter_error")),
        ("arrearage400", "BadRequestError", 400, ("Arrearage", "Arrearage")),
        ("inspection_input400", "BadRequestError", 400, ("content_policy_violation", "data_inspection_failed")),
        ("500", "InternalServerError", 500, (None, None)),
        ("503", "InternalServerError", 503, ("service_unavailable", "service_unavailable")),
        # Framed as an event the body is no JSON, and the code is lost on the client.
        ("sse_framed_4xx", "RateLimitError", 429, (None, None)),
        ("html_502", "InternalServerError", 502, (None, None)),
    ],
)
def test_openai_reads_a_refusal(upstream, openai, dialect, model, kind, status, codes):
    import openai as package

    with pytest.raises(package.APIStatusError) as raised:
        completions(openai[dialect], model)
    refused = raised.value
    assert type(refused).__name__ == kind
    assert (refused.status_code, refused.code) == (status, codes[COMPLETIONS.index(dialect)])
    # A gateway's page has no name for the request.
    assert bool(refused.request_id) == (model != "html_502")
    if dialect == "compatible" and isinstance(refused.body, dict):
        assert refused.response.json()["request_id"] == refused.request_id
    upstream.call(upstream.calls[-1].number, "refused")


@pytest.mark.parametrize(
    ("model", "status", "code"),
    [
        ("401", 401, "InvalidApiKey"),
        ("403", 403, "AccessDenied"),
        ("404", 404, "ModelNotFound"),
        ("429", 429, "Throttling.RateQuota"),
        ("429_quota", 429, "Throttling.AllocationQuota"),
        ("overflow400", 400, "InvalidParameter"),
        ("arrearage400", 400, "Arrearage"),
        ("inspection_input400", 400, "DataInspectionFailed"),
        ("500", 500, "InternalError"),
        ("503", 503, "ModelServingError"),
        ("html_502", 502, "Unknown"),
    ],
)
def test_dashscope_reads_a_refusal(dashscope, model, status, code):
    """It raises nothing: the one answer has the status."""
    (refused,) = generation(dashscope, model)
    assert (refused.status_code, refused.code) == (status, code)
    assert refused.request_id == refused.headers.get("x-request-id", "")
    whole = dashscope.Generation.call(model, messages=QUESTION)
    assert (whole.status_code, whole.code) == (status, code)


def test_dashscope_fails_over_an_event_framed_refusal(dashscope):
    """It believes the label, which says JSON."""
    with pytest.raises(ValueError):
        generation(dashscope, "sse_framed_4xx")


@pytest.mark.parametrize(
    ("model", "header", "value"),
    [("429_retry_after:7", "retry-after", "7"), ("429_retry_after_ms:250", "retry-after-ms", "250")],
)
def test_a_refusal_says_how_long_to_wait(openai, model, header, value):
    import openai as package

    with pytest.raises(package.RateLimitError) as raised:
        completions(openai["openai"], model)
    assert raised.value.response.headers[header] == value


def test_openai_waits_as_long_as_it_is_told(upstream, openai):
    """The client's own reading of the headers, by how long it waits before it asks again."""
    for model, shortest, longest in [
        ("429_retry_after_ms:300", 0.3, 0.9),
        ("429_retry_after_date:2", 0.9, 3),  # A date has no parts of seconds.
    ]:
        before = len(upstream.calls)
        upstream.order(next=[model])
        assert completions(openai["openai"].with_options(max_retries=1), "ok")[0] == ANSWER
        refused, answered = upstream.calls[before:]
        assert (refused.behaviour, answered.behaviour) == (model, "ok")
        assert shortest <= answered.at - refused.at <= longest


# Streams that break


@pytest.mark.parametrize("dialect", COMPLETIONS)
def test_openai_takes_a_truncated_stream_for_whole(openai, dialect):
    """No error: only the missing finish reason tells."""
    assert completions(openai[dialect], "truncate") == (HALF, None, None, 0)
    assert completions(openai[dialect], "truncate@role") == ("", None, None, 0)
    assert completions(openai[dialect], "truncate@end") == (ANSWER, None, None, 0)


def test_dashscope_takes_a_truncated_stream_for_whole(dashscope):
    """No error: only the finish reason tells, which is still "null"."""
    answers = generation(dashscope, "truncate")
    assert all(answer.status_code == 200 for answer in answers)
    assert said(answers) == HALF and answers[-1].output.choices[0].finish_reason == "null"


@pytest.mark.parametrize("dialect", COMPLETIONS)
@pytest.mark.parametrize("position", ["start", "role", "mid", "end"])
@pytest.mark.parametrize("fault", ["cut", "hang_up"])
def test_openai_notices_a_broken_connection(openai, dialect, fault, position):
    import openai as package

    with pytest.raises(package.APIConnectionError):
        completions(openai[dialect], f"{fault}@{position}")


@pytest.mark.parametrize("position", ["start", "role", "mid", "end"])
@pytest.mark.parametrize("fault", ["cut", "hang_up"])
def test_dashscope_notices_a_broken_connection(dashscope, fault, position):
    import requests

    with pytest.raises((requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        generation(dashscope, f"{fault}@{position}")


@pytest.mark.parametrize("dialect", COMPLETIONS)
@pytest.mark.parametrize("model", ["stall@start", "stall@head", "stall@role", "stall", "stall_after_n:1"])
def test_openai_gives_up_on_a_silent_stream(upstream, openai, dialect, model):
    import openai as package

    with pytest.raises(package.APITimeoutError):
        completions(openai[dialect], model)
    upstream.call(upstream.calls[-1].number, "abandoned")


def test_dashscope_gives_up_on_a_silent_stream(upstream, dashscope):
    import requests

    with pytest.raises(requests.exceptions.ConnectionError, match="timed out"):
        generation(dashscope, "stall")


def test_comments_keep_the_clients_waiting_for_ever(upstream, openai, dashscope):
    """Any byte sets their clocks back: only the end of the connection frees them."""
    import openai as package
    import requests

    ended = []

    def wait(ask):
        try:
            ask()
        except (package.APIConnectionError, requests.exceptions.RequestException) as error:
            ended.append(error)

    asking = [
        threading.Thread(target=wait, args=[lambda: completions(openai["openai"], "keepalive_only")]),
        threading.Thread(target=wait, args=[lambda: generation(dashscope, "keepalive_only")]),
    ]
    for each in asking:
        each.start()
    time.sleep(3 * SILENCE_SECONDS)
    assert not ended
    upstream.order(listening=False)
    for each in asking:
        each.join(10)
    upstream.order(listening=True)
    assert len(ended) == 2 and not any(isinstance(error, package.APITimeoutError) for error in ended)


@pytest.mark.parametrize("dialect", COMPLETIONS)
def test_openai_raises_the_error_in_a_stream(openai, dialect):
    import openai as package

    for model, code in [
        ("error_frame_openai", "server_error"),
        ("error_frame_openai@start", "server_error"),
        ("error_frame_openai:rate_limit_exceeded@role", "rate_limit_exceeded"),
    ]:
        with pytest.raises(package.APIError) as raised:
            completions(openai[dialect], model)
        # It is no `APIStatusError`: the status was 200.
        assert type(raised.value) is package.APIError
        assert raised.value.code == code


@pytest.mark.parametrize("dialect", COMPLETIONS)
def test_openai_overlooks_an_error_of_dashscope(openai, dialect):
    """A chunk without choices, and then silently the end."""
    assert completions(openai[dialect], "error_frame_native") == (HALF, None, None, 1)


@pytest.mark.parametrize(
    ("model", "code"),
    [
        ("error_frame_native", "InternalError"),
        ("error_frame_native:Throttling.AllocationQuota@start", "Throttling.AllocationQuota"),
        ("inspection_output_midstream", "DataInspectionFailed"),
    ],
)
def test_dashscope_reads_the_error_in_a_stream(dashscope, model, code):
    """It looks for a `status:` line where the service writes a comment, and so says 400 whatever it was."""
    *before, error = generation(dashscope, model)
    assert (error.status_code, error.code) == (400, code)
    assert error.request_id
    assert said(before) == ("" if "@start" in model else HALF)


def test_dashscope_fails_over_an_error_of_openai(dashscope):
    with pytest.raises(TypeError):
        generation(dashscope, "error_frame_openai")


def test_the_filter_ends_an_answer(openai):
    import openai as package

    text, finish, _, _ = completions(openai["openai"], "inspection_output_midstream")
    assert (text, finish) == (HALF, "content_filter")
    with pytest.raises(package.APIError) as raised:
        completions(openai["compatible"], "inspection_output_midstream")
    assert raised.value.code == "data_inspection_failed"


@pytest.mark.parametrize("dialect", COMPLETIONS)
def test_openai_fails_over_what_is_no_json(openai, dialect):
    with pytest.raises(ValueError):  # The parser's own error, none of the client's.
        completions(openai[dialect], "malformed_json")


def test_dashscope_hands_on_what_is_no_json(dashscope):
    *before, odd = generation(dashscope, "malformed_json")
    assert said(before) == HALF
    assert (odd.status_code, odd.code, odd.message) == (400, "Unknown", "{not json at all")


def test_a_refused_connection(upstream, openai, dashscope):
    import openai as package
    import requests

    upstream.order(listening=False)
    try:
        with pytest.raises(package.APIConnectionError):
            completions(openai["openai"], "ok")
        with pytest.raises(requests.exceptions.ConnectionError):
            generation(dashscope, "ok")
    finally:
        upstream.order(listening=True)
    assert completions(openai["openai"], "ok")[0] == ANSWER
    with pytest.raises(package.APIConnectionError):
        completions(openai["openai"], "refuse_connection")
