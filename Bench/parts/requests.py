"""Requests over HTTP/1.1 on kept connections, one under way on each."""

import subjects
from chat import ChatAPI
from report import by_system
from results import Results

TITLE = "HTTP"
CONNECTIONS = 32
WARM_UP, SECONDS = 1.0, 4.0
KINDS = {"read": "a JWT-checked read", "post": "a durable post", "history": "a page of 50 messages"}


def measure(context) -> Results:
    results, options = Results("http"), context.options
    warm_up, seconds = options.seconds(WARM_UP, 0.3), options.seconds(SECONDS)

    def turn(system, load):
        posted = 0
        for kind in KINDS:
            requests, status = system.requests(kind)
            if not requests:
                continue  # It has no such route.
            first = run(context, results, system, load, requests, status, warm_up)
            with context.window(results, system, load) as window:
                done = run(context, results, system, load, requests, status, seconds)
            results.add(f"{kind}/s", system.name, done["per_second"])
            results.add(f"{kind}: p99", system.name, done["latency"]["p99"])
            results.add(f"{kind}: CPU", system.name, window.system * 1e6 / max(1, done["requests"]))
            if kind == "post":
                posted = first["requests"] + done["requests"]
        if isinstance(system, ChatAPI):
            system.stop()
            if faults := system.database.faults(posted, uncounted=2 * CONNECTIONS, is_ordered=False):
                results.spoil(system.name, faults)

    context.in_turn(results, subjects.of("http", options), turn)
    return results


def run(context, results: Results, system, load, requests: list[str], status: int, seconds: float) -> dict:
    return context.judge(results, system, load.do(
        "http", port=system.port, connections=CONNECTIONS, seconds=seconds, warmup_seconds=0, requests=requests,
        status=status))


def report(results: Results) -> list[str]:
    columns = []
    for kind, name in KINDS.items():
        columns += [(f"{name} (1/s)", f"{kind}/s"), ("p99 (ms)", f"{kind}: p99"), ("CPU (µs)", f"{kind}: CPU")]
    return by_system(results, columns)
