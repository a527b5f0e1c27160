"""Customers and agents in pairs: a durable message, its acknowledgement and its delivery."""

import subjects
from chat import ChatAPI
from report import by_system
from results import Results

TITLE = "Desk: a durable message, its acknowledgement and its delivery"
PAIRS = 200
RATE = 500  # Messages per second in all, when fixed.
WARM_UP, SECONDS = 2.0, 6.0

RATED = f"at {RATE}/s"


def measure(context) -> Results:
    results, options = Results("desk"), context.options
    seconds = options.seconds(WARM_UP, 0.5), options.seconds(SECONDS)

    def turn(system, load):
        connect(system, load)
        sent = closed(context, results, system, load, *seconds) + fixed(context, results, system, load, *seconds)
        check(results, system, sent)

    context.in_turn(results, subjects.of("desk", options), turn)
    return results


def connect(system, load):
    customers, agents = system.pairs(PAIRS)
    load.connect("customers", customers)
    load.connect("agents", agents)


def disconnect(load):
    for group in ("customers", "agents"):
        load.do("drop", group=group, how="close")


def _run(context, results: Results, system, load, **arguments) -> dict:
    return context.judge(results, system, load.do("desk", customers="customers", agents="agents", **arguments))


def closed(context, results: Results, system, load, warm_up: float, seconds: float, prefix: str = "") -> int:
    """Each customer's next message goes when the last was acknowledged and delivered. Returns what was sent."""
    first = _run(context, results, system, load, warmup_seconds=0, seconds=warm_up)
    with context.window(results, system, load) as window:
        done = _run(context, results, system, load, warmup_seconds=0, seconds=seconds)
    results.add(f"{prefix}messages/s", system.name, done["per_second"])
    results.add(f"{prefix}closed: CPU", system.name, window.system * 1e6 / max(1, done["delivered"]))
    results.add("load CPU per message", system.name, window.load * 1e6 / max(1, done["delivered"]))
    return first["acked"] + done["acked"]


def fixed(context, results: Results, system, load, warm_up: float, seconds: float, prefix: str = "") -> int:
    """Messages at their time, whatever the server does; times count from when each was meant to be sent."""
    first = _run(context, results, system, load, warmup_seconds=0, seconds=warm_up, rate=RATE)
    with context.window(results, system, load) as window:
        done = _run(context, results, system, load, warmup_seconds=0, seconds=seconds, rate=RATE)
    for name, key in (("ack", "ack"), ("delivery", "delivery")):
        for share in ("p50", "p99"):
            results.add(f"{prefix}{RATED}: {name}, {share}", system.name, done[key][share])
    results.add(f"{prefix}{RATED}: CPU", system.name, window.system * 1e6 / max(1, done["delivered"]))
    return first["acked"] + done["acked"]


def check(results: Results, system, sent: int):
    """What the database says of Chat API's history, with the server gone."""
    if isinstance(system, ChatAPI):
        system.stop()
        if faults := system.database.faults(sent):
            results.spoil(system.name, faults)


def report(results: Results) -> list[str]:
    return by_system(results, [
        ("messages/s, closed loop", "messages/s"),
        (f"at {RATE}/s: send → receipt, p50 (ms)", f"{RATED}: delivery, p50"),
        ("p99 (ms)", f"{RATED}: delivery, p99"),
        ("send → ack, p99 (ms)", f"{RATED}: ack, p99"),
        ("CPU per message (µs)", f"{RATED}: CPU"),
        ("CPU per message, closed loop (µs)", "closed: CPU"),
    ])
