"""What the tests of the story share: arriving, waiting for an answer, telling frames apart."""

import asyncio

import pytest

from api import Api, Visit
from client import Socket
from words import BOTH, ENGLISH, Language

HANDOFF_SECONDS = 5  # Contract, "An AI reply" 6: an explicit request
FAILURE_SECONDS = 15  # the same: all providers failing at once

both_languages = pytest.mark.parametrize("language", BOTH, ids=lambda language: language.locale)


async def arrive(public: Api, language: Language = ENGLISH, **fields) -> Visit:
    return await asyncio.to_thread(public.visit, locale=language.locale, **fields)


async def answered(socket: Socket) -> dict:
    """The message of the next reply that comes to its end."""
    return (await socket.expect("message.completed"))["data"]["message"]


def of_ai(frame: dict) -> bool:
    return _sender(frame) == "ai"


def of_system(frame: dict) -> bool:
    return _sender(frame) == "system"


def _sender(frame: dict) -> str | None:
    return (frame["data"].get("message") or {}).get("sender", {}).get("kind")


def new_owner(kind: str):
    """Fits a `conversation.updated` that brings such an owner."""
    return lambda frame: frame["data"]["changes"].get("owner", {}).get("kind") == kind
