"""The fake model of most tests: an OpenAI that answers, crawls, stalls, breaks and refuses as a test says.

A handle on the process of `upstream.py`, whose behaviours have names of their own here. A behaviour is chosen by the
model's name (`OPENAI_MODEL`), or for a while by `upstream.behaviour = …`."""

from upstream import Upstream

# What it says to a question that it does not know (`Settings.swift`).
ENGLISH = "Chat API is a self-hosted customer service platform that answers first and hands over to people [1]."
CHINESE = "Chat API 是一个可以自己部署的客服平台，先由智能助手回答，再转给人工 [1]。"

BEHAVIOURS = {
    "ok": "ok",
    "slow": "slow",
    "slow_first": "slow_ttft",
    "stall": "stall_after_n:3",
    "stall_first": "stall@head",
    "cut": "cut",
    "truncate": "truncate",
    "error_500": "500",
    "error_401": "401",
    "error_429": "429",
    "error_frame": "error_frame_openai",
    "error_frame_first": "error_frame_openai@start",
    "html_502": "html_502",
    "malformed": "malformed_json",
    "empty": "empty",
    "split_utf8": "split_utf8",
    "hold": "hold",
    "length": "length",
}


class FakeUpstream(Upstream):
    def __init__(self):
        super().__init__()
        self._behaviour: str | None = None
        self._answers: dict[str, str] = {}

    @property
    def behaviour(self) -> str | None:
        """Over the model's name; None: as that says."""
        return self._behaviour

    @behaviour.setter
    def behaviour(self, name: str | None):
        self.order(behaviour=BEHAVIOURS[name] if name else "")
        self._behaviour = name

    @property
    def answers(self) -> dict[str, str]:
        """A part of a question → what to say to it."""
        return self._answers

    @answers.setter
    def answers(self, answers: dict[str, str]):
        self.order(answers=answers)
        self._answers = answers

    def environment(self, model: str = "ok", providers: str = "openai") -> dict[str, str]:
        # A name that is no behaviour is a model that answers.
        return super().environment(BEHAVIOURS.get(model, model), providers)

    def hold(self, after: int = 2):
        super().hold(after)
        self._behaviour = "hold"
