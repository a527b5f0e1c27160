"""A long conversation: what was said at its beginning is summed up, and the model is told the summary."""

import asyncio

from api import Api, expect
from client import Socket
from fake_upstream import FakeUpstream
from telling import arrive, of_ai

NOTES = "You keep the notes"
EXCHANGES = 21  # one more than brings a summary
TOPICS = (
    "delivery invoices colours sizes warranty repairs vouchers gifts returns opening hours parking batteries screens "
    "cables chargers cases manuals updates languages payment discounts shops catalogues samples"
).split()


async def test_what_was_said_first_is_still_known_when_it_is_no_longer_sent(serve):
    with FakeUpstream() as upstream:
        server = serve(**upstream.environment(), AI_BURST_MILLISECONDS="0")
        upstream.answers = {"Sum it up": "The customer asks about one thing after the other."}
        public = Api(server.base_url)
        staff = public.caller(public.login()["access_token"])
        visit = await arrive(public)
        async with await Socket.visit(server, visit) as socket:

            async def ask(text: str, number: int):
                await socket.say(text, f"q-{number}")
                await socket.expect("message.completed", of_ai)

            await ask("My order number is AX-20931 and my address is wang@example.com", 0)
            for number in range(1, EXCHANGES):
                await ask(f"Tell me about {TOPICS[number]}, please", number)

            async def prompt_with_summary(number: int) -> list[dict]:
                """The messages of the first prompt that holds a summary."""
                async with asyncio.timeout(30):
                    while True:
                        await ask(f"And what about {TOPICS[number % len(TOPICS)]} number {number}?", 100 + number)
                        # The notes may be written at the same time.
                        calls = upstream.calls
                        call = next(c for c in reversed(calls) if not c.messages[0]["content"].startswith(NOTES))
                        if call.says("<summary id="):
                            return call.messages
                        number += 1

            messages = await prompt_with_summary(0)
            told = messages[1]["content"]
            assert "The customer asks about one thing after the other." in told, told
            assert "AX-20931" in told and "wang@example.com" in told, told
            assert not any("My order number is" in message["content"] for message in messages), "it is summed up"
            assert messages[0]["role"] == "system" and "AX-20931" not in messages[0]["content"]

            notes = [call for call in upstream.calls if call.messages[0]["content"].startswith(NOTES)]
            assert len(notes) == 1 and notes[0].says("My order number is AX-20931"), "once, and of what was said"

            # Rules, summary and older history are the same bytes in the next prompt.
            await ask("And what about umbrellas?", 200)
            following = upstream.calls[-1].messages
            assert following[: len(messages) - 1] == messages[:-1]

            # What is taken back is not remembered.
            said = expect(staff.get(f"chat/conversations/{visit.conversation_id}/messages?after=0&limit=200"), 200)
            first = next(m for m in said["items"] if "AX-20931" in (m["content"] or ""))
            expect(staff.delete(f"chat/conversations/{visit.conversation_id}/messages/{first['id']}"), 204)
            await ask("And what about raincoats?", 201)
            assert not upstream.calls[-1].says("AX-20931")
