"""Kill -9 under concurrent senders, again and again; then the checker goes over everything that anybody saw.

Each round: four customers of conversations that people own and one agent send as fast as they are acknowledged, one
more customer has an AI reply running, and the process is killed. Every third round a customer is deaf while it sends:
the kill comes when the agent's socket has shown the message, so it is committed, and its sender cannot have read the
acknowledgement. So its retry must meet a committed send and be told `duplicate`."""

import asyncio
import os
import random
import time

import artifacts
from api import Api, admin, expect
from checker import check
from client import Socket
from fake_upstream import FakeUpstream
from history import History
from ledger import integrity, ledger
from participant import Participant
from server import START_SECONDS, Server, poll
from words import ENGLISH

ROUNDS = int(os.environ.get("CHAT_API_KILL_ROUNDS", "20"))
ACKNOWLEDGEMENTS = 100  # per round, at least
CUSTOMERS = 4
DEAF_EVERY = 3  # rounds
ROUND_SECONDS = 45
LEASE_SECONDS = 16  # The contract's limit for taking over the reply of a dead node.
ENDING_SECONDS = 90


class Run:
    def __init__(self, server: Server, upstream: FakeUpstream, seed: int):
        self.server = server
        self.upstream = upstream
        self.random = random.Random(seed)
        self.history = History(artifacts.FOLDER / "kill-history.jsonl")
        self.public = Api(server.base_url)
        self.staff = admin(server)
        self.agent = Participant("agent", self.history, self._as_agent, self.staff.token, staff=True)
        self.customers: list[Participant] = []
        self.askers: list[Participant] = []
        self.certain_duplicates: set[str] = set()
        self.rounds: list[dict] = []

    @property
    def everybody(self) -> list[Participant]:
        return [self.agent, *self.customers, *self.askers]

    async def _as_agent(self) -> Socket:
        return await Socket.agent(self.server, self.staff.token)

    async def customer(self, name: str, human: bool) -> Participant:
        visit = await asyncio.to_thread(self.public.visit, locale="en")
        if human:
            await asyncio.to_thread(self.public.caller(visit.token).switch, visit.conversation_id, "human")
        participant = Participant(name, self.history, lambda: Socket.bare(self.server, visit), visit.token)
        await participant.join(visit.conversation_id)
        await self.agent.watch(visit.conversation_id)
        return participant

    async def open(self):
        await self.agent.join()
        for number in range(CUSTOMERS):
            self.customers.append(await self.customer(f"customer{number}", human=True))

    async def round(self, number: int):
        """Load until enough is acknowledged and an AI reply runs, then the kill, the restart, and everybody back."""
        before = sum(each.acknowledged for each in self.everybody)
        asker = await self.customer(f"asker{number}", human=False)
        self.askers.append(asker)
        (room,) = asker.readings
        deaf = self.customers[number % CUSTOMERS] if number % DEAF_EVERY == 0 else None
        tasks = []
        for each in self.customers:
            (place,) = each.readings
            tasks.append(asyncio.create_task(each.chatter(place, self._words(each.name, number))))
        (place,) = self.customers[0].readings
        tasks.append(asyncio.create_task(self.agent.chatter(place, self._words("agent", number))))
        await asker.send(room, ENGLISH.question)

        def enough() -> bool:
            return sum(each.acknowledged for each in self.everybody) - before >= ACKNOWLEDGEMENTS

        def answering() -> bool:
            ended = not asker.readings[room].streaming
            return bool(asker.socket and asker.socket.all("reply.delta")) and not ended

        async with asyncio.timeout(ROUND_SECONDS):
            await asker.socket.until(answering, "an AI reply that runs", ROUND_SECONDS)
            while not enough():
                await asyncio.wait_for(self._any_progress(), ROUND_SECONDS)
            if deaf:
                await self._send_deaf(deaf, number)
            else:
                await asyncio.sleep(self.random.uniform(0, 0.05))  # Where in a batch the kill falls is chance.
        running = answering()
        self.server.kill()
        killed = time.monotonic()
        acknowledged = sum(each.acknowledged for each in self.everybody) - before
        await asyncio.gather(*tasks)
        for each in self.everybody:
            await each.leave()
        self.server.spawn()
        await asyncio.gather(*(each.stay(START_SECONDS) for each in self.everybody))
        self.rounds.append(
            {
                "round": number,
                "acknowledged": acknowledged,
                "replying": running,
                "back_seconds": round(time.monotonic() - killed, 2),
            }
        )

    def _words(self, name: str, round_number: int):
        return lambda number: f"{name} in round {round_number} says {number}: " + "字" * self.random.randint(0, 200)

    async def _any_progress(self):
        for each in self.everybody:
            each.progress.clear()
        waits = [asyncio.create_task(each.progress.wait()) for each in self.everybody]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _send_deaf(self, deaf: Participant, number: int):
        """A send whose acknowledgement stays unread, seen committed through somebody else's eyes."""
        deaf.socket.deafen()
        (place,) = deaf.readings
        client_message_id = await deaf.send(place, f"unheard in round {number}")
        await self.agent.socket.until(
            lambda: client_message_id in self.agent.seen, "the unheard message on the agent's socket", ROUND_SECONDS
        )
        assert client_message_id in deaf.unacknowledged
        self.certain_duplicates.add(client_message_id)

    async def finish(self):
        """Every retry answered, every reply ended, everybody at the head."""
        for each in self.everybody:
            await each.socket.until(lambda each=each: not each.unacknowledged, f"the last acks of {each.name}", 30)
        for each in self.askers:
            (reading,) = each.readings.values()
            await each.socket.until(
                lambda reading=reading: not reading.streaming, f"the end of {each.name}'s reply", ENDING_SECONDS
            )
        for each in self.everybody:
            await each.socket.flush()
        for each in self.everybody:
            await each.leave()
        await asyncio.gather(*(each.stay() for each in self.everybody))
        for each in self.everybody:
            await each.leave()


def test_nothing_is_lost_or_doubled_over_twenty_kills():
    seed = int(os.environ.get("CHAT_API_SEED") or time.time_ns() % 1_000_000)
    with FakeUpstream() as upstream, Server(upstream.environment("slow")) as server:
        upstream.answers = {ENGLISH.question: ENGLISH.long_answer}
        server.start()
        run = Run(server, upstream, seed)

        async def story():
            await run.open()
            for number in range(ROUNDS):
                await run.round(number)
            await run.finish()

        asyncio.run(story())
        run.history.close()
        rooms = [name for each in [*run.customers, *run.askers] for name in each.readings]
        ledgers = [ledger(run.staff, room) for room in rooms]
        found = check(run.history.entries, ledgers)
        assert not found, f"seed {seed}, {len(found)} violations: " + "; ".join(map(str, found[:10]))

        # The run was what it claims to be.
        for entry in run.rounds:
            assert entry["acknowledged"] >= ACKNOWLEDGEMENTS and entry["replying"], (seed, entry)
        met = {entry["client_message_id"] for entry in run.history.of("acked") if entry["duplicate"]}
        assert run.certain_duplicates and run.certain_duplicates <= met, (seed, run.certain_duplicates - met)
        for each in run.everybody:
            assert not each.violations, (seed, each.name, each.violations[:5])
            assert not each.refused, (seed, each.name, each.refused[:5])
        for each in run.askers:
            (room,) = each.readings
            poll(lambda room=room: _was_served(run, room), 10, f"an end of {each.name}'s question")

        assert server.stop() == 0
        assert integrity(server.database) == "ok"  # V9


def _was_served(run: Run, room: str) -> bool:
    """A reply whose node died was finished by the next one, or a human was called, visibly."""
    messages = run.staff.messages(room)
    if run.staff.conversation(room)["owner"]["kind"] == "ai":
        return [m["status"] for m in messages if m["sender"]["kind"] == "ai"] == ["complete"]
    return any(m["sender"]["kind"] == "system" for m in messages)


def test_a_reply_is_taken_over_within_the_lease():
    """One kill in mid-reply: the same node, restarted, raises the generation and finishes within 16 s."""
    with FakeUpstream() as upstream, Server(upstream.environment("slow")) as server:
        upstream.answers = {ENGLISH.question: ENGLISH.long_answer}
        server.start()
        public = Api(server.base_url)
        history = History()
        visit = public.visit(locale="en")
        customer = Participant("customer", history, lambda: Socket.bare(server, visit), visit.token)

        async def story():
            await customer.join(visit.conversation_id)
            await customer.send(visit.conversation_id, ENGLISH.question)
            await customer.socket.until(lambda: len(customer.socket.all("reply.delta")) >= 2, "a reply that runs")
            server.kill()
            killed = time.monotonic()
            await customer.leave()
            upstream.hold(after=2)
            server.spawn()
            await customer.stay(START_SECONDS)
            fresh = await customer.socket.until(
                lambda: [
                    f
                    for f in customer.socket.frames
                    if f["type"] in ("reply.reset", "reply.started", "reply.delta") and f["data"]["generation"] >= 2
                ],
                "the reply's second generation",
                LEASE_SECONDS,
            )
            assert time.monotonic() - killed <= LEASE_SECONDS, fresh[0]
            upstream.release()
            await customer.socket.expect("message.completed", deadline=30)
            (message_id,) = {frame["data"]["message_id"] for frame in fresh}
            snapshot = (await customer.socket.ask("reply.sync", {"message_id": message_id}))["data"]
            assert snapshot["generation"] == fresh[0]["data"]["generation"], "the ended reply is of an older attempt"
            await customer.leave()
            await customer.stay()
            await customer.leave()

        asyncio.run(story())
        staff = admin(server)
        found = check(history.entries, [ledger(staff, visit.conversation_id)])
        assert not found, [str(each) for each in found]
        assert not customer.violations, customer.violations
        kinds = [m["sender"]["kind"] for m in staff.messages(visit.conversation_id)]
        assert kinds == ["contact", "ai"], "the takeover left a second reply"


def test_sessions_and_logins_survive_a_kill(serve):
    server = serve()
    public = Api(server.base_url)
    login = public.login()
    visit = public.visit(locale="zh", metadata={"page": "/pricing"})
    ticket = public.ticket(visit)
    contact = public.caller(visit.token)
    said = contact.say(visit.conversation_id, "你好", client_message_id="m-1")
    server.kill()
    server.start()
    assert expect(public.caller(login["access_token"]).get("users/me"), 200)["email"] == "admin@chatapi.com"
    expect(public.post("auth/refresh", {"refresh_token": login["refresh_token"]}), 200)
    session = expect(contact.get(f"chat/sessions/{visit.id}"), 200)
    assert session["metadata"] == {"page": "/pricing"} and session["conversation_id"] == visit.conversation_id
    assert (
        expect(
            contact.post(
                f"chat/conversations/{visit.conversation_id}/messages", {"content": "你好", "client_message_id": "m-1"}
            ),
            200,
        )["id"]
        == said["id"]
    )

    async def story():
        socket = await Socket.open(f"{server.socket_url}/ws/chat/{visit.id}?ticket={ticket}")
        await socket.expect("ready")
        await socket.close()

    asyncio.run(story())


def test_the_epoch_stays_the_same_over_a_kill(serve):
    server = serve()
    visit = Api(server.base_url).visit()

    async def epoch() -> str:
        async with await Socket.bare(server, visit) as socket:
            return (await socket.hello(visit.token))["epoch"]

    before = asyncio.run(epoch())
    server.kill()
    server.start()
    assert asyncio.run(epoch()) == before
    poll(server.healthy, 5, "a healthy server")
