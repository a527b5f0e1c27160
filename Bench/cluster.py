#!/usr/bin/env python3
"""Measures one node on SQLite, one node on MariaDB, and two nodes on MariaDB with Redis between them, side by side in
one run, and prints Markdown tables.

    make bench-more       (or: python3 Bench/cluster.py .build/release/chat-api [ROUNDS [paced]])

200 conversations, each with a customer's socket; agents' sockets read ten each. With two nodes all customers are on
node A and the agents on node B. Saturated: each customer sends its next message when the last one is acknowledged,
which is the most that the machine takes. Paced: customers send independently of each other and of the server, 200
messages a second in all, and times count from when a message was meant to be sent. Every acknowledged message must
reach every reader exactly once, or the run fails.

Servers, databases and load share the cores. What anybody else used of them is measured too, and a disturbed run is
repeated. Figures are medians of the rounds, with the lowest and the highest. With `paced` only the loads at 200/s are
run: they leave most of the machine to others, so they may have a raised priority (chrt, ionice) where it is never
quiet. Needs mariadb-server and redis-server.
"""

import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True

from figures import Figures, machine, table  # noqa: E402
from load import Customers, Worker  # noqa: E402
from measure import AGENTS, CONVERSATIONS, Bench, Patience, Run  # noqa: E402
from setups import RedisProbe, Setup  # noqa: E402

RATE = 200.0  # Messages per second when paced. The goal for delivery between nodes is given at this rate.
SATURATED_SECONDS = 5.0
PACED_SECONDS = 8.0
FROZEN_SECONDS = 5.0

SQLITE, SINGLE, PAIR = "one node, SQLite", "one node, MariaDB + Redis", "two nodes, MariaDB + Redis"
LABELS = {SQLITE: ("A",), SINGLE: ("A",), PAIR: ("A", "B")}

COMPARED = [
    ("acknowledged messages/s, nobody reads", "1/s"),
    ("acknowledged messages/s, agents read", "1/s"),
    ("at 200/s: send → ack", "ms"),
    ("at 200/s: send → receipt by the agent", "ms"),
    ("saturated: send → ack", "ms"),
    ("saturated: send → receipt by the agent", "ms"),
    ("CPU per message, saturated: node A", "ms"),
    ("CPU per message, saturated: node B", "ms"),
    ("CPU per message, saturated: MariaDB", "ms"),
    ("CPU per message, saturated: Redis", "ms"),
    ("CPU per message, saturated: the load", "ms"),
]


class Round:
    """One round of one setup, from a new database to its end."""

    def __init__(self, kind: str, seed: int, figures: Figures, patience: Patience, saturates: bool = True):
        self.saturates = saturates
        self.patience = patience
        self.kind = kind
        self.seed = seed
        self.figures = figures

    def measure(self, binary: Path):
        with Setup(binary, LABELS[self.kind], shared=self.kind != SQLITE) as setup:
            self.setup = setup
            self.bench = Bench(setup, self.patience)
            try:
                if self.saturates:
                    self.saturate()
                self.pace()
                if self.kind == PAIR:
                    self.freeze()
                    if self.saturates:
                        self.spread()
            finally:
                self.bench.close()

    def noted(self, run: Run) -> Run:
        self.figures.add("others", "", run.others)
        return run

    def saturate(self):
        run = self.noted(self.bench.run("saturated", seconds=SATURATED_SECONDS))
        self.figures.add("acknowledged messages/s, nobody reads", self.kind, run.per_second)
        self.bench.let_read(-1)
        run = self.noted(self.bench.run("saturated", seconds=SATURATED_SECONDS))
        self.figures.add("acknowledged messages/s, agents read", self.kind, run.per_second)
        self.figures.times("saturated: send → ack", self.kind, run.acks)
        self.figures.times(
            "saturated: send → receipt by the agent", self.kind, run.delivery(self.setup.nodes[-1].label))
        names = {node.label: f"node {node.label}" for node in self.setup.nodes}
        for name, used in run.cpu.items():
            self.figures.add(f"CPU per message, saturated: {names.get(name, name)}", self.kind, used)
        self.figures.add("publishes, saturated", self.kind, run.publishes)

    def pace(self):
        # With two nodes the same messages are read on both, so that the way between them is all that differs.
        for index in range(self.bench.readers, len(self.setup.nodes)):
            self.bench.let_read(-1 - index)
        probe = RedisProbe(self.setup.redis) if self.kind == PAIR else None
        run = self.noted(
            self.bench.run("paced", RATE, self.seed, seconds=PACED_SECONDS, beside=probe.measure if probe else None))
        self.figures.times("at 200/s: send → ack", self.kind, run.acks)
        self.figures.times(
            "at 200/s: send → receipt by the agent", self.kind, run.delivery(self.setup.nodes[-1].label))
        self.figures.times("late", "", run.late)
        if probe:
            probe.close()
        if self.kind == PAIR:
            self.figures.times("on the sender's node", PAIR, run.delivery("A"))
            self.figures.times("crossing", PAIR, run.crossing())
            self.figures.times("Redis", PAIR, [each * 1e3 for each in run.beside])
            self.figures.add("publishes, paced", PAIR, run.publishes - len(run.beside) / run.count)

    def freeze(self):
        """Acknowledgements with Redis running and with Redis stopped, one after the other with the same sends."""
        running = self.noted(self.bench.run("paced", RATE, self.seed, seconds=FROZEN_SECONDS))
        with self.setup.frozen_redis():
            frozen = self.noted(self.bench.run("paced", RATE, self.seed, seconds=FROZEN_SECONDS))
        self.figures.times("ack, Redis runs", PAIR, running.acks)
        self.figures.times("ack, Redis frozen", PAIR, frozen.acks)
        self.figures.times("receipt, Redis frozen", PAIR, frozen.delivery("B"))

    def spread(self):
        """Other customers, half of them on each node: two writers on one database."""
        customers = Worker(Customers)
        try:
            self.bench.people(customers, self.setup.nodes)
            run = self.noted(self.bench.run("saturated", seconds=SATURATED_SECONDS, customers=customers))
            self.figures.add("spread", PAIR, run.per_second)
        finally:
            customers.close()


def compared(figures: Figures) -> str:
    rows = []
    for what, unit in COMPARED:
        percentiles = [""] if what.startswith(("acknowledged", "CPU")) else [", p50", ", p99"]
        for end in percentiles:
            name = what + end
            if (name, SQLITE) not in figures.values and (name, PAIR) not in figures.values:
                continue
            rows.append([
                f"{what}{end} ({unit})", *(figures.text(name, kind) for kind in LABELS),
                figures.ratio(name, SINGLE, SQLITE), figures.ratio(name, PAIR, SINGLE)])
    return table(["", *LABELS, "MariaDB / SQLite", "two nodes / one"], rows)


def between(figures: Figures) -> str:
    """What several nodes are judged by; all of the setup with two."""

    def both(what: str) -> str:
        return f"{figures.text(what + ', p50', PAIR)} · {figures.text(what + ', p99', PAIR)}"

    near, far = "on the sender's node", "at 200/s: send → receipt by the agent"
    ratio = figures.median(far + ", p50", PAIR) / figures.median(near + ", p50", PAIR)
    rows = [
        ["send → receipt on the other node, p50 · p99", f"{both(far)} ms", "p99 < 10 ms"],
        ["the same messages, read on the sender's own node", f"{both(near)} ms", ""],
        ["added by crossing, message by message", f"{both('crossing')} ms; {ratio:.2f} times in all (p50)", ""],
        ["Redis passes a message of 1 KiB on (PUBLISH → receipt)", f"{both('Redis')} ms", "at most one per crossing"],
        ["PUBLISH per message, at 200/s · saturated",
         f"{figures.text('publishes, paced', PAIR)} · {figures.text('publishes, saturated', PAIR)}", "at most 1"],
        ["send → ack, Redis running", f"{both('ack, Redis runs')} ms", ""],
        ["send → ack, Redis frozen (SIGSTOP)", f"{both('ack, Redis frozen')} ms", "the same"],
        ["send → receipt on the other node, Redis frozen", f"{both('receipt, Redis frozen')} ms", "p99 < 1000 ms"],
        ["acknowledged messages/s, customers on both nodes", f"{figures.text('spread', PAIR)}", ""],
    ]
    return table(["between two nodes, at 200 messages/s", "measured", "goal"], rows)


def main():
    binary, rounds = Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 3
    saturates = sys.argv[3:] != ["paced"]
    figures, patience, began = Figures(), Patience(), time.monotonic()
    for index in range(rounds):
        for kind in LABELS:
            print(f"cluster: round {index + 1} of {rounds}: {kind}", file=sys.stderr, flush=True)
            Round(kind, index, figures, patience, saturates).measure(binary)
    print(f"{compared(figures)}\n\n{between(figures)}\n")
    for line in machine(binary):
        print(line)
    load = figures.median("CPU per message, saturated: the load", SQLITE)
    ceiling = f"; one core of the load could ask for {1000 / load:,.0f} messages/s" if saturates else ""
    others = figures.values[("others", "")]
    print(
        f"{CONVERSATIONS} conversations, {AGENTS} agents' sockets per node that is read on; {rounds} rounds,"
        f" {time.monotonic() - began:.0f} s{ceiling}; sends at 200/s were {figures.median('late, p99', ''):.2f} ms"
        f" late (p99)."
        f" Others used {figures.median('others', ''):.2f} cores meanwhile, {max(others):.2f} at most."
    )


if __name__ == "__main__":
    main()
