"""Customers and an agent who talk over several nodes while something fails, and the verdict on what they saw.

Each of them does what a client of the contract does: resumes from its last `seq` on whichever node answers, keeps what
is not acknowledged, and sends it again under its old `client_message_id`."""

import asyncio
import random
import time
from collections.abc import Callable
from pathlib import Path

from api import Api, Visit
from checker import check
from client import Closed, Socket
from history import History
from ledger import ledger
from participant import Participant

CONNECT_SECONDS = 3  # A frozen node accepts connections, and answers nothing.
SILENCE_SECONDS = 4  # After which a client asks the server whether it is there, and then looks for another.
SETTLE_SECONDS = 60
PACE_SECONDS = 0.05
WINDOW = 8  # sends under way at once


class Route:
    """The nodes that a client knows, in its order of preference; the next one when one does not answer."""

    def __init__(self, *servers):
        self.servers = servers
        self.current = 0

    @property
    def server(self):
        return self.servers[self.current % len(self.servers)]

    def connector(self, make: Callable) -> Callable:
        """`make(server)` opens a socket."""

        async def connect() -> Socket:
            try:
                return await make(self.server)
            except BaseException:
                self.current += 1
                raise

        return connect


class Traffic:
    def __init__(self, public: Api, staff: Api, seed: int | None = None, path: Path | None = None):
        self.public = public
        self.staff = staff
        self.seed = seed if seed is not None else time.time_ns() % 1_000_000
        self.random = random.Random(self.seed)
        self.history = History(path)
        self.people: list[Participant] = []
        self.answered_by_ai: set[str] = set()
        self.visits: dict[str, Visit] = {}
        self.quiet = False  # connected, and saying nothing
        self.stopping = False
        self.moving: dict[str, asyncio.Task] = {}
        self.close_codes: list[int | None] = []
        self.pace = PACE_SECONDS
        self.agent: Participant | None = None

    # Who is there

    async def hire(self, *servers, name: str = "agent") -> Participant:
        """An agent's socket on the first of these nodes that answers."""
        route = Route(*servers)
        self.agent = await self._arrive(
            Participant(
                name,
                self.history,
                route.connector(lambda server: Socket.agent(server, self.staff.token, open_timeout=CONNECT_SECONDS)),
                self.staff.token,
                staff=True,
            )
        )
        return self.agent

    async def customer(self, name: str, *servers, human: bool = True, locale: str = "en") -> Participant:
        """A customer, with whom people talk (`human`) or the AI; the agent follows the conversation."""
        visit = await asyncio.to_thread(self.public.visit, locale=locale)
        if human:
            await asyncio.to_thread(self.public.caller(visit.token).switch, visit.conversation_id, "human")
        else:
            self.answered_by_ai.add(visit.conversation_id)
        return await self.reader(name, visit, *servers)

    async def reader(self, name: str, visit: Visit, *servers) -> Participant:
        """One more tab of a visit."""
        route = Route(*servers)
        participant = Participant(
            name,
            self.history,
            route.connector(lambda server: Socket.bare(server, visit, open_timeout=CONNECT_SECONDS)),
            visit.token,
        )
        self.visits[name] = visit
        await self._arrive(participant, visit.conversation_id)
        if self.agent and visit.conversation_id not in self.agent.readings:
            await self.agent.watch(visit.conversation_id)
        return participant

    async def _arrive(self, participant: Participant, *conversations: str) -> Participant:
        participant.retry_unavailable = True
        self.people.append(participant)
        await participant.join(*conversations)
        return participant

    # What they do

    def start(self, *silent: Participant):
        """From now on everybody stays connected; all but `silent` talk."""
        for each in self.people:
            if each.name not in self.moving:
                self.moving[each.name] = asyncio.create_task(self._live(each, talks=each not in silent))

    async def _live(self, person: Participant, talks: bool):
        number = 0
        heard = time.monotonic()
        while not self.stopping:
            try:
                if person.socket is None or person.socket.closed:
                    await self._leave(person)
                    await person.stay(SETTLE_SECONDS * 2)
                    heard = time.monotonic()
                count = len(person.socket.frames)
                if talks and not self.quiet and len(person.unacknowledged) < WINDOW:
                    number += 1
                    # An agent who spoke to a customer of the AI would take the conversation over.
                    spared = self.answered_by_ai if person.staff else set()
                    room = self.random.choice([name for name in person.readings if name not in spared])
                    await person.send(room, f"{person.name} says {number} " + "字" * self.random.randint(0, 60))
                await asyncio.sleep(self.pace * self.random.uniform(0.5, 1.5))
                if len(person.socket.frames) != count:
                    heard = time.monotonic()
                elif time.monotonic() - heard > SILENCE_SECONDS:
                    await person.socket.ask("ping", deadline=SILENCE_SECONDS)
                    heard = time.monotonic()
            except Closed:
                continue
            except AssertionError:
                if person.socket is not None and not person.socket.closed:
                    person.socket.abort()  # It is there and says nothing: as good as gone.
            except Exception as error:
                # websockets raises its own kinds for a connection that ends while it is written to.
                if type(error).__module__.split(".")[0] != "websockets":
                    raise

    async def _leave(self, person: Participant):
        if person.socket is not None:
            self.close_codes.append(person.socket.close_code)
            await person.leave()

    @property
    def acknowledged(self) -> int:
        return sum(each.acknowledged for each in self.people)

    async def until_acknowledged(self, more: int, deadline: float = 60):
        """Waits until so many further sends are acknowledged."""
        wanted = self.acknowledged + more
        await self.until(lambda: self.acknowledged >= wanted, f"{more} further acknowledgements", deadline)

    async def until(self, condition, what: str, deadline: float = 30):
        end = time.monotonic() + deadline
        while not condition():
            for task in self.moving.values():
                if task.done():
                    task.result()
            assert time.monotonic() < end, f"seed {self.seed}: not within {deadline} s: {what}"
            await asyncio.sleep(0.02)

    # The end

    async def settle(self):
        """Nobody says anything new; everything is acknowledged, everybody reads to the head, once more from anew."""
        self.quiet = True
        await self.until(
            lambda: all(not each.unacknowledged and each.socket and not each.socket.closed for each in self.people),
            "every send acknowledged and everybody connected",
            SETTLE_SECONDS,
        )
        self.stopping = True
        await asyncio.gather(*self.moving.values())
        for each in self.people:
            for reading in each.readings.values():
                await each.socket.until(
                    lambda reading=reading: not reading.streaming, f"the end of {each.name}'s reply", SETTLE_SECONDS
                )
        for each in self.people:
            await each.socket.flush()
        for each in self.people:
            await self._leave(each)
        await asyncio.gather(*(each.stay() for each in self.people))
        for each in self.people:
            await each.leave()
        self.history.close()

    def rooms(self) -> list[str]:
        return list(dict.fromkeys(name for each in self.people for name in each.readings))

    def verdict(self):
        """What the checker says, and what each client says of the contract."""
        found = check(self.history.entries, [ledger(self.staff, room) for room in self.rooms()], lossy=True)
        assert not found, f"seed {self.seed}, {len(found)} violations: " + "; ".join(map(str, found[:10]))
        for each in self.people:
            assert not each.violations, (self.seed, each.name, each.violations[:5])
            assert not each.refused, (self.seed, each.name, each.refused[:5])

    # Figures

    def slowest_answer(self, since: float, until: float) -> float:
        """Seconds from a send to its answer, of any kind, for what was sent in this time: the longest."""
        sent: dict[tuple, float] = {}
        longest = 0.0
        for entry in self.history.entries:
            if entry["kind"] not in ("sent", "acked", "nacked"):
                continue
            key = (entry["client"], entry["connection"], entry["client_message_id"])
            if entry["kind"] == "sent":
                sent[key] = entry["t"]
            elif key in sent and since <= sent[key] <= until:
                longest = max(longest, entry["t"] - sent.pop(key))
        return longest

    def deliveries(self, reader: Participant, since: float, until: float) -> list[float]:
        """Seconds from a sender's acknowledgement to the event on another client's socket, ascending.

        Only of what was acknowledged in this time, to a reader who was connected all along."""
        acked = {
            (entry["conversation"], entry["seq"]): entry["t"]
            for entry in self.history.entries
            if entry["kind"] == "acked"
            and not entry["duplicate"]
            and entry["client"] != reader.name
            and since <= entry["t"] <= until
        }
        found = []
        for entry in self.history.entries:
            if entry["kind"] == "received" and entry["client"] == reader.name:
                at = acked.pop((entry["conversation"], entry["seq"]), None)
                if at is not None:
                    found.append(max(0.0, entry["t"] - at))
        return sorted(found)
