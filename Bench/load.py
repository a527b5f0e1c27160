"""The load: customers that send and agents that read, each kind a process of its own over plain sockets.

Kept cheap on purpose, because it shares the cores with what it measures: one epoll loop, frames built by
concatenation (a masking key of zeros is a valid one and costs nothing), answers found by a search for bytes. All
processes of a machine share one monotonic clock, so a message carries its own time of sending to whoever receives it.
"""

import array
import gc
import multiprocessing
import random
import select
import time

from wire import Socket, frame

ANSWER_SECONDS = 20  # After this a lost acknowledgement or event is a failure of the run.
DIGITS = 20  # Of a time in nanoseconds, padded: found again without parsing.
TEXT = "How long does a refund take to arrive on my card?"

now = time.monotonic_ns


class Crowd:
    """Sockets of one process, served while it waits for the next order too (they answer pings)."""

    def __init__(self, pipe):
        self.pipe = pipe
        self.epoll = select.epoll()
        self.epoll.register(pipe.fileno(), select.EPOLLIN)
        self.sockets: dict[int, Socket] = {}

    def add(self, made: Socket):
        self.sockets[made.socket.fileno()] = made
        self.epoll.register(made.socket.fileno(), select.EPOLLIN)

    def ready(self, until: int | None) -> list[Socket]:
        """Those with something to read; none when `until` has come or there is an order. `select` waits by
        microseconds, where epoll waits by milliseconds."""
        left = None if until is None else max(0, until - now()) / 1e9
        if not select.select([self.epoll], [], [], left)[0]:
            return []
        return [self.sockets[number] for number, _ in self.epoll.poll(0) if number in self.sockets]

    def take(self, socket: Socket):
        """What came in on a socket."""
        raise NotImplementedError

    def run(self):
        gc.disable()
        while True:
            while not self.pipe.poll():
                for each in self.ready(None):
                    self.take(each)
            order, arguments = self.pipe.recv()
            if order == "end":
                return
            self.pipe.send(getattr(self, order)(*arguments))
            gc.collect()


class Customers(Crowd):
    """One socket per conversation."""

    def __init__(self, pipe):
        super().__init__(pipe)
        self.sent, self.latency = array.array("q"), array.array("q")

    def open(self, sessions: list[tuple[int, str]]):
        for port, path in sessions:
            made = Socket(port, path)
            made.wait_for("synced")
            # A human is asked for, so that the assistant's answers are not part of the figures.
            made.send({"type": "handoff", "request_id": "handoff", "data": {"to": "human"}})
            made.wait_for("ack")
            self.add(made)

    @staticmethod
    def say(customer: Socket, at: int):
        stamp = b"%020d" % at
        customer.socket.sendall(
            frame(
                b'{"type":"message.send","request_id":"' + stamp + b'","data":{"client_message_id":"' + stamp
                + b'","content":"@' + stamp + b"@ " + TEXT.encode() + b'"}}'
            )
        )

    def take(self, socket: Socket) -> int:
        acknowledged = 0
        for payload in socket.payloads():
            if b'"type":"ack"' in payload:
                found = payload.find(b'"request_id":"') + 14
                sent = int(payload[found : found + DIGITS])
                self.sent.append(sent)
                self.latency.append(now() - sent)
                acknowledged += 1
            elif b'"type":"error"' in payload:
                raise RuntimeError(payload.decode())
        return acknowledged

    def _results(self) -> tuple[array.array, array.array]:
        results = self.sent, self.latency
        self.sent, self.latency = array.array("q"), array.array("q")
        return results

    def saturated(self, seconds: float):
        """Each customer sends its next message as soon as the last one is acknowledged.
        Returns times of sending and how long each acknowledgement took, in nanoseconds."""
        everybody = list(self.sockets.values())
        end = now() + int(seconds * 1e9)
        for customer in everybody:
            self.say(customer, now())
        waiting = len(everybody)
        while waiting:
            for customer in self.ready(end + ANSWER_SECONDS * 10**9):
                if not self.take(customer):
                    continue
                at = now()
                if at < end:
                    self.say(customer, at)
                else:
                    waiting -= 1
            if now() > end + ANSWER_SECONDS * 10**9:
                raise RuntimeError(f"{waiting} messages were not acknowledged")
        return self._results()

    def paced(self, seconds: float, rate: float, seed: int):
        """Customers who know nothing of each other: exponential pauses, whatever the server does meanwhile. A message
        counts from the time at which it was meant to be sent. Returns the same, and how late sending was."""
        dice = random.Random(seed)
        everybody = list(self.sockets.values())
        due = now() + 1_000_000
        end = due + int(seconds * 1e9)
        sent, late = 0, array.array("q")
        while due < end:
            customers = self.ready(due)
            at = now()
            while due <= at and due < end:
                self.say(everybody[sent % len(everybody)], due)
                late.append(at - due)
                sent += 1
                due += max(1, int(dice.expovariate(rate) * 1e9))
            for customer in customers:
                self.take(customer)
        limit = now() + ANSWER_SECONDS * 10**9
        while len(self.sent) < sent:
            for customer in self.ready(limit):
                self.take(customer)
            if now() > limit:
                raise RuntimeError(f"{sent - len(self.sent)} messages were not acknowledged")
        return *self._results(), late


class Agents(Crowd):
    """Staff sockets, each of which reads many conversations of one node."""

    def __init__(self, pipe):
        super().__init__(pipe)
        self.seen: dict[str, tuple[array.array, array.array]] = {}
        self.places: dict[Socket, str] = {}

    def open(self, place: str, port: int, token: str, conversations: list[str], count: int):
        """`count` sockets on a node, which share the conversations between them."""
        self.seen[place] = array.array("q"), array.array("q")
        for index in range(count):
            some = conversations[index::count]
            made = Socket(port, "/ws/agent", token)
            made.wait_for("synced")
            made.send(
                {"type": "subscribe", "request_id": "s", "data": {"conversations": [{"id": each} for each in some]}}
            )
            made.wait_for("synced", len(some))
            self.places[made] = place
            self.add(made)

    def take(self, socket: Socket):
        sent, latency = self.seen[self.places[socket]]
        for payload in socket.payloads():
            found = payload.find(b'"content":"@') + 12
            if found > 11:
                at = int(payload[found : found + DIGITS])
                sent.append(at)
                latency.append(now() - at)

    def collect(self, count: int) -> dict[str, tuple[array.array, array.array]]:
        """What was read since the last time, by node: waits until it is `count` messages on each."""
        limit = now() + ANSWER_SECONDS * 10**9
        while any(len(sent) < count for sent, _ in self.seen.values()) and now() < limit:
            for each in self.ready(limit):
                self.take(each)
        results = self.seen
        self.seen = {place: (array.array("q"), array.array("q")) for place in results}
        for place, (sent, _) in results.items():
            if len(sent) != count or len(set(sent)) != count:
                raise RuntimeError(f"{place} got {len(sent)} events ({len(set(sent))} different) of {count}")
        return results


class Worker:
    """A crowd in a process of its own."""

    def __init__(self, kind: type[Crowd]):
        self.pipe, other = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=lambda: kind(other).run(), daemon=True)
        self.process.start()
        self.pid = self.process.pid
        other.close()

    def begin(self, order: str, *arguments):
        self.pipe.send((order, arguments))

    def end(self):
        """The answer to the order."""
        try:
            return self.pipe.recv()
        except EOFError:
            raise RuntimeError("the load has failed, see above") from None

    def do(self, order: str, *arguments):
        self.begin(order, *arguments)
        return self.end()

    def close(self):
        if self.process.is_alive():
            self.pipe.send(("end", ()))
        self.process.join(5)
        self.process.kill()
