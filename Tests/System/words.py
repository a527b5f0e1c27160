"""What is said in both languages."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Language:
    locale: str
    question: str  # answered by the sample knowledge
    unknown: str  # answered by nothing
    unknown_again: str
    want_human: str
    no_human: str
    answer: str  # what the fake model says, with a citation
    long_answer: str

    def fits(self, text: str) -> bool:
        """Whether a text is in this language, by its script."""
        chinese = len(re.findall(r"[\u4e00-\u9fff]", text))
        return chinese > 0 if self.locale == "zh" else chinese == 0


ENGLISH = Language(
    "en",
    "What is Chat API?",
    "What is the airspeed velocity of an unladen swallow?",
    "Which colour was the emperor's first umbrella?",
    "I want to talk to a human",
    "There is no need for a human, thanks",
    "Chat API is a self-hosted platform for customer service [1].",
    "Chat API answers first. " * 20 + "It hands over to people when that is better [1].",
)
CHINESE = Language(
    "zh",
    "Chat API 是什么？",
    "无载重的燕子飞行速度是多少？",
    "皇帝的第一把雨伞是什么颜色？",
    "转人工",
    "不用转人工，谢谢",
    "Chat API 是一个可以自己部署的客服平台 [1]。",
    "它先由智能助手回答。" * 40 + "必要时再转给人工 [1]。",
)
BOTH = [ENGLISH, CHINESE]
