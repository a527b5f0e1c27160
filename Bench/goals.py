"""What the figures are judged by."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from figures import table
from report import OWN, ratio
from results import Results

ON_SQLITE = ["FastAPI, SQLite"]
ON_MARIADB = [f"FastAPI, MariaDB + Redis, {workers}" for workers in ("1 worker", "2 workers")]
UWEBSOCKETS, NCHAN = ["uWebSockets (socketify), in memory"], ["nginx + nchan, in memory"]
BARE = ["Hummingbird, bare route"]


@dataclass(frozen=True)
class Goal:
    part: str
    what: str
    text: str  # The goal in words.
    value: Callable[[Results], float]  # What it judges: a figure, or how many times a peer's.
    limit: float
    at_least: bool = False
    unit: str = ""

    def row(self, results: Results) -> list[str]:
        value = self.value(results)
        if math.isnan(value):
            return [self.what, "–", self.text, "**void**" if results.own_faults() else "not measured"]
        met = value >= self.limit if self.at_least else value <= self.limit
        return [self.what, f"{ratio(value)}{self.unit}", self.text, "met" if met else "**not met**"]


def at_most(part: str, what: str, figure: str, limit: float, unit: str) -> Goal:
    return Goal(part, what, f"≤ {limit:g} {unit}", lambda found: found.median(figure, OWN), limit, unit=f" {unit}")


def at_least(part: str, what: str, figure: str, limit: float, unit: str) -> Goal:
    return Goal(part, what, f"≥ {limit:,g} {unit}", lambda found: found.median(figure, OWN), limit, True, f" {unit}")


def times(part: str, what: str, figure: str, limit: float, name: str, peers: list[str]) -> Goal:
    """How many times as much as the best of these."""

    def value(found: Results) -> float:
        known = [each for each in (found.times_better(figure, OWN, peer) for peer in peers) if each == each]
        return min(known, default=math.nan)

    return Goal(part, what, f"≥ {limit:g} × {name}", value, limit, True, " ×")


GOALS = [
    times("desk", "desk, closed loop, messages/s", "messages/s", 20, "FastAPI on SQLite", ON_SQLITE),
    times("desk", "desk, closed loop, messages/s", "messages/s", 12, "FastAPI's best on MariaDB + Redis", ON_MARIADB),
    at_most("desk", "desk at 500/s: send → receipt, p99", "at 500/s: delivery, p99", 2, "ms"),
    at_most("desk", "desk at 500/s: CPU per message", "at 500/s: CPU", 120, "µs"),
    times("fanout", "fan-out to 1,000, deliveries/s", "1000: deliveries/s", 0.5, "uWebSockets", UWEBSOCKETS),
    times("fanout", "fan-out to 1,000, deliveries/s", "1000: deliveries/s", 1.3, "nchan", NCHAN),
    at_most("idle", "memory per idle socket, slope up to the most sockets", "slope", 7, "KiB"),
    at_most("idle", "idle CPU per connection and second, heartbeats on", "idle CPU", 2.2, "µs"),
    at_least("idle", "connections accepted per second", "accepts/s", 6000, "1/s"),
    times("http", "JWT-checked read, requests/s", "read/s", 10, "FastAPI's one worker", ON_SQLITE + ON_MARIADB),
    times("http", "JWT-checked read, requests/s", "read/s", 0.7, "Hummingbird's bare route", BARE),
    times("http", "durable post, requests/s", "post/s", 20, "FastAPI's one worker", ON_SQLITE + ON_MARIADB),
    times("http", "page of 50 messages, requests/s", "history/s", 15, "FastAPI's one worker", ON_SQLITE + ON_MARIADB),
    # They come every 25 s, 10 % more or less; half a second is late.
    at_most("streams", "1,000 streams of 50 tokens/s: longest pause between heartbeats", "1000: longest pause", 28, "s"),
    # A tenth more than the model takes for it: no stream falls behind.
    at_most("streams", "1,000 streams of 50 tokens/s: a whole answer of 4 s, p99", "1000: whole, p99", 4.4, "s"),
    Goal("growth", "largest growth of a figure, 1,000,000 messages / 10,000", "≤ 1.2",
         lambda found: found.median("growth", "1000000"), 1.2),
    Goal("growth", "largest growth of a figure, 10,000,000 messages / 10,000", "≤ 1.3",
         lambda found: found.median("growth", "10000000"), 1.3),
    at_most("start", "start to healthy, an empty folder", "an empty folder: healthy after", 150, "ms"),
    at_most("start", "start to healthy, 1,000,000 messages", "1,000,000 messages: healthy after", 300, "ms"),
    at_most("start", "memory after start", "an empty folder: memory", 40, "MB"),
    at_most("fanout", "memory with 10,000 sockets under load", "10000: memory", 200, "MB"),
]


def goals(found: dict[str, Results]) -> str:
    rows = [goal.row(found[goal.part]) for goal in GOALS if goal.part in found]
    return table(["what", "measured", "goal", ""], rows) if rows else "None was measured."
