"""One run of a load on a setup, and what came of it."""

import time

from load import Agents, Customers, Worker
from setups import Setup, busy_seconds, cpu_seconds

CONVERSATIONS = 200
AGENTS = 20  # Sockets per node.
WARM_UP = 1.0  # Seconds at the start of each run that do not count.
DISTURBANCE = 0.15  # Cores that others may use in a run.
TRIES = 4  # Of a run, while it was disturbed.
QUIET_SECONDS = 20.0  # That one run waits for others.


def percentile(values, share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class Patience:
    """How long the whole bench waits for others to let the machine alone, and repeats what they have disturbed."""

    def __init__(self, seconds: float = 240):
        self.left = seconds

    def await_quiet(self):
        """Returns once others use little of the machine."""
        begun = time.monotonic()
        while time.monotonic() - begun < min(self.left, QUIET_SECONDS):
            busy = busy_seconds()
            time.sleep(0.5)
            if (busy_seconds() - busy) / 0.5 < DISTURBANCE:
                break
        self.left -= time.monotonic() - begun

    def again(self, run: "Run", seconds: float) -> bool:
        """Whether a run that took so long is to be repeated."""
        if run.others <= DISTURBANCE or self.left < seconds:
            return False
        self.left -= seconds
        return True


class Run:
    """Who took how long, in milliseconds, and what a message cost."""

    def __init__(self, results, seen, seconds: float):
        sent, latency = results[0], results[1]
        begin, end = min(sent) + int(WARM_UP * 1e9), min(sent) + int(seconds * 1e9)
        self.count = len(sent)
        took = list(zip(sent, latency, strict=True))
        self.acks = [each / 1e6 for at, each in took if at >= begin]
        self.per_second = sum(begin <= at + each <= end for at, each in took) / (seconds - WARM_UP)
        self.late = [each / 1e6 for each in results[2]] if len(results) > 2 else [0.0]
        self.seen = {
            place: {at: each / 1e6 for at, each in zip(*events, strict=True) if at >= begin}
            for place, events in seen.items()
        }
        self.others = 0.0
        self.cpu: dict[str, float] = {}
        self.publishes = 0.0
        self.beside = None

    def delivery(self, place: str) -> list[float]:
        return list(self.seen[place].values())

    def crossing(self) -> list[float]:
        """How much later the same message was read on node B than on node A."""
        near, far = self.seen["A"], self.seen["B"]
        return [far[at] - near[at] for at in near]


class Bench:
    """A setup with its customers and agents."""

    def __init__(self, setup: Setup, patience: Patience):
        self.setup = setup
        self.patience = patience
        self.customers, self.agents = Worker(Customers), Worker(Agents)
        self.conversations = self.people(self.customers, setup.nodes[:1])
        self.readers = 0

    def people(self, customers: Worker, nodes) -> list[str]:
        """A customer for each conversation, in turn over the nodes."""
        nodes = [nodes[index % len(nodes)] for index in range(CONVERSATIONS)]
        made = [(node.port, *node.session()) for node in nodes]
        customers.do("open", [(port, path) for port, _, path in made])
        return [conversation for _, conversation, _ in made]

    def let_read(self, index: int):
        """Agents read every conversation on one of the nodes, from now on."""
        node = self.setup.nodes[index]
        self.agents.do("open", node.label, node.port, node.token(), self.conversations, AGENTS)
        self.readers += 1

    def run(self, order: str, *arguments, seconds: float, customers: Worker | None = None, beside=None) -> Run:
        """One load, repeated while it was disturbed; the least disturbed run. What `beside` returns is kept with it."""
        best = None
        for _ in range(TRIES):
            self.patience.await_quiet()
            run = self._run(order, (seconds, *arguments), seconds, customers or self.customers, beside)
            if best is None or run.others < best.others:
                best = run
            if not self.patience.again(best, seconds):
                break
        return best

    def _run(self, order: str, arguments: tuple, seconds: float, customers: Worker, beside) -> Run:
        numbers = {**self.setup.processes(), "customers": customers.pid, "agents": self.agents.pid}
        before = {name: cpu_seconds(number) for name, number in numbers.items()}
        calls = self.setup.publishes()
        began, busy, own = time.monotonic(), busy_seconds(), time.process_time()
        customers.begin(order, *arguments)
        noted = beside(seconds) if beside else None
        results = customers.end()
        elapsed = time.monotonic() - began
        cpu = {name: cpu_seconds(number) - before[name] for name, number in numbers.items()}
        others = busy_seconds() - busy - sum(cpu.values()) - (time.process_time() - own)
        is_read = self.readers and customers is self.customers
        run = Run(results, self.agents.do("collect", len(results[0])) if is_read else {}, seconds)
        run.publishes = (self.setup.publishes() - calls) / run.count
        cpu["the load"] = cpu.pop("customers") + cpu.pop("agents")
        run.cpu = {name: used / run.count * 1e3 for name, used in cpu.items()}
        run.others = max(0.0, others) / elapsed
        run.beside = noted
        return run

    def close(self):
        for each in (self.customers, self.agents):
            each.close()
