#!/usr/bin/env python3
"""Measures what the server adds to a model's own time to the first token, under streams, and prints a Markdown table.

    make bench            (or: python3 Bench/streams.py .build/release/chat-api .build/release/model-upstream [SECONDS])

200 customers, each with a socket, each asking again as soon as its answer has ended: 200 streams of 50 tokens a second
at any time, from a model on loopback (`AI_BURST_MILLISECONDS=0`, SQLite with FULL sync). 25 of them are measured, by a
process that has nothing else to do, so that a frame does not wait in the load for its turn to be seen. For each answer
the model notes when the request arrived and when it wrote the first token; the customer notes when it asked and when
the first text came. What the server added is the difference of the two spans: the question's commit, the search for articles, the
call, the filter and the commit that brings the message into being. All clocks are the machine's monotonic one.

Beside them an idle socket counts the server's heartbeats, and another asks for a pong every 50 ms: a held event loop
would show in both. Every question must get exactly one whole answer, or the run fails. The load and the model share the
cores with the server, so the figures are upper bounds.
"""

import gc
import multiprocessing
import os
import random
import re
import select
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True

from figures import machine, table  # noqa: E402
from measure import percentile  # noqa: E402
from model import Model  # noqa: E402
from setups import Node, cpu_seconds  # noqa: E402
from wire import Socket  # noqa: E402

STREAMS = int(os.environ.get("BENCH_STREAMS", "200"))
MEASURED = min(25, STREAMS)
TOKENS_PER_SECOND = 50
TOKENS = 200  # Of an answer: four seconds of it.
SECONDS = 40.0  # Longer than a heartbeat's 27.5 s at most.
ANSWER_SECONDS = 30  # After this a missing ending is a failure of the run.
WARM_UP = 5.0  # Seconds at the start that do not count: not all streams run yet.
PROBE_SECONDS = 0.05
QUESTION = "@%07d@ How do I install Chat API on my own server?"

now = time.monotonic_ns


class Customer:
    """A socket with at most one answer under way."""

    def __init__(self, node: Node):
        self.conversation, path = node.session()
        self.socket = Socket(node.port, path)
        self.socket.wait_for("synced")
        self.number = 0
        self.asked_at = 0

    def ask(self, number: int):
        self.number = number
        self.asked_at = now()
        name = f"{number:07d}"
        self.socket.send(
            {"type": "message.send", "data": {"client_message_id": name, "content": QUESTION % number}}
        )


class Crowd:
    """Customers in one epoll loop, which also serves the probe."""

    def __init__(self, node: Node, count: int, first_number: int):
        self.asked = first_number
        self.first_number = first_number
        self.customers = [Customer(node) for _ in range(count)]
        self.by_file = {each.socket.socket.fileno(): each for each in self.customers}
        self.probe = Customer(node).socket
        self.idle = Customer(node).socket
        self.epoll = select.epoll()
        for file in (*self.by_file, self.probe.socket.fileno(), self.idle.socket.fileno()):
            self.epoll.register(file, select.EPOLLIN)
        self.first: dict[int, tuple[int, int]] = {}  # question → asked at, first text at
        self.finished = 0
        self.pongs: list[float] = []
        self.deltas = 0

    def run(self, seconds: float):
        begun = now()
        end = begun + int(seconds * 1e9)
        dice = random.Random(1)
        # The first questions are spread over the length of an answer, so that the streams do not beat together.
        spread = TOKENS / TOKENS_PER_SECOND * 1e9
        due = sorted((begun + int(dice.random() * spread), index) for index in range(len(self.customers)))
        probe_at, pinged_at = begun, 0
        while now() < end or self.finished < self.questions:
            if now() > end + ANSWER_SECONDS * 10**9:
                raise RuntimeError(f"{self.questions - self.finished} answers did not end")
            while due and due[0][0] <= now():
                self.ask(self.customers[due.pop(0)[1]])
            if probe_at <= now() and not pinged_at:
                pinged_at = now()
                self.probe.send({"type": "ping", "request_id": "p"})
            for file, _ in self.epoll.poll(0.005):
                if file == self.probe.socket.fileno():
                    if any(b'"pong"' in payload for payload in self.probe.payloads()) and pinged_at:
                        self.pongs.append((now() - pinged_at) / 1e6)
                        pinged_at, probe_at = 0, now() + int(PROBE_SECONDS * 1e9)
                elif file == self.idle.socket.fileno():
                    self.idle.payloads()
                elif self.take(self.by_file[file]) and now() < end:
                    self.ask(self.by_file[file])
        # The pause before the first heartbeat and behind the last one count too.
        beats = [begun, *self.idle.pings, now()]
        self.longest_pause = max(later - earlier for earlier, later in zip(beats, beats[1:])) / 1e9

    @property
    def questions(self) -> int:
        return self.asked - self.first_number

    def ask(self, customer: Customer):
        self.asked += 1
        customer.ask(self.asked)

    def take(self, customer: Customer) -> bool:
        """Whether an answer has ended."""
        ended = False
        for payload in customer.socket.payloads():
            if b'"type":"reply.delta"' in payload:
                self.deltas += 1
            elif b'"type":"message.created"' in payload and b'"status":"streaming"' in payload:
                if customer.number in self.first:
                    raise RuntimeError(f"two answers to question {customer.number}")
                self.first[customer.number] = customer.asked_at, now()
            elif b'"type":"message.completed"' in payload:
                if b'"finish_reason":"stop"' not in payload:
                    raise RuntimeError(payload.decode())
                self.finished += 1
                ended = True
            elif b'"type":"error"' in payload or b'"type":"reply.failed"' in payload:
                raise RuntimeError(payload.decode())
        return ended


def others(node: Node, seconds: float, pipe):
    """The streams that are not measured, in a process of their own."""
    crowd = Crowd(node, STREAMS - MEASURED, first_number=1_000_000)
    gc.disable()
    pipe.send("ready")
    pipe.recv()
    crowd.run(seconds)
    pipe.send((crowd.finished, crowd.questions, crowd.deltas))


def main():
    binary, model = Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute()
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else SECONDS
    words = [f"word{number:03d} " for number in range(TOKENS)]
    with Model(model) as upstream:
        upstream.order(answers={"@": words}, pace=TOKENS_PER_SECOND)
        node = Node(binary, "A", AI_BURST_MILLISECONDS="0", **upstream.environment())
        try:
            node.start()
            # The same question again and again is the load here, and no sign of a customer who is not understood.
            node.ask(
                "PATCH", "/api/v1/admin/settings", {"assistant": {"on_repetition": "ignore"}}, node.token()
            )
            pipe, theirs = multiprocessing.Pipe()
            load = multiprocessing.Process(target=others, args=(node, seconds, theirs), daemon=True)
            load.start()
            theirs.close()
            crowd = Crowd(node, MEASURED, first_number=0)
            pipe.recv()
            gc.disable()
            used = cpu_seconds(node.pid)
            begun = now()
            pipe.send("go")
            crowd.run(seconds)
            finished, questions, deltas = pipe.recv()
            took = (now() - begun) / 1e9
            used = cpu_seconds(node.pid) - used
            calls = upstream.calls()
        finally:
            node.remove()
    own = {int(re.search(r"@(\d{7})@", call["question"])[1]): call for call in calls}
    added, total = [], []
    for number, (asked, first) in crowd.first.items():
        if asked < begun + WARM_UP * 1e9:
            continue
        call = own[number]
        total.append((first - asked) / 1e6)
        added.append((first - asked - (call["first_token_ns"] - call["arrived_ns"])) / 1e6)
    print("\n".join(machine(binary)))
    print(f"\n{STREAMS} streams of {TOKENS_PER_SECOND} tokens/s for {took:.0f} s, {len(added)} answers measured.\n")
    rows = [
        ["added to the model's first token, p50", f"{percentile(added, 0.5):.2f} ms", "< 3 ms"],
        ["added to the model's first token, p99", f"{percentile(added, 0.99):.2f} ms", "< 15 ms"],
        ["question → first text, p50 · p99", f"{percentile(total, 0.5):.2f} · {percentile(total, 0.99):.2f} ms", ""],
        [
            "ping → pong beside them, p50 · p99",
            f"{percentile(crowd.pongs, 0.5):.2f} · {percentile(crowd.pongs, 0.99):.2f} ms", "",
        ],
        ["longest pause between heartbeats", f"{crowd.longest_pause:.1f} s", "< 27.5 s"],
        ["answers that ended whole", f"{crowd.finished + finished:,} of {crowd.questions + questions:,}", "all"],
        ["`reply.delta` frames/s", f"{(crowd.deltas + deltas) / took:,.0f}", ""],
        ["cores used by the server", f"{used / took:.2f}", ""],
    ]
    print(table(["what", "measured", "goal"], rows))


if __name__ == "__main__":
    main()
