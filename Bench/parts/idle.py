"""Sockets that say nothing: what they cost, how fast they come, and what happens when all go and come again."""

import time

import subjects
import usage
from chat import ChatAPI
from processes import poll
from report import by_system
from results import Results

TITLE = "Idle sockets"
SIZES, QUICK_SIZES = (5000, 10_000, 19_000, 50_000), (200, 500, 1000)
# Files that a process has open beside its sockets, and room for what is being closed.
SPARE_FILES = 700
HOLD_SECONDS = 60.0  # Two heartbeats of Chat API and more.
PEERS_SECONDS = 26.0  # One of theirs and more.
SETTLE_SECONDS = 3.0
GONE_SECONDS = 60  # For a server to be rid of all its sockets.
MANY_IN_FLIGHT = 1024  # When everybody comes back at once.


def sizes(options) -> list[int]:
    return [each for each in (QUICK_SIZES if options.quick else SIZES) if each + SPARE_FILES <= options.files]


def measure(context) -> Results:
    results, options = Results("idle"), context.options
    steps = sizes(options)
    results.steps, results.files = steps, options.files

    def turn(system, load):
        sockets = system.idle(steps[-1])
        own = system.pids[:1]
        # What only its start needed is given back in the first second.
        context.judge(results, system, load.do("hold", seconds=options.seconds(SETTLE_SECONDS)))
        files, base = usage.open_files(own), usage.resident(own)
        opened, took, used = 0, 0.0, 0.0
        for size in steps:
            with context.window(results, system, load) as window:
                done = context.judge(results, system, load.connect(f"idle {size}", sockets[opened:size]))
            took, used = took + done["seconds"], used + window.system
            opened = size
            context.judge(results, system, load.do("hold", seconds=options.seconds(SETTLE_SECONDS)))
            resident = usage.resident(own)
            results.add(f"{size}: memory", system.name, resident / 1e6)
            results.add(f"{size}: KiB per socket", system.name, (resident - base) / size / 1024)
        results.add("accepts/s", system.name, opened / took)
        results.add("accept: CPU", system.name, used * 1e6 / opened)
        first, last = (results.values[(f"{size}: memory", system.name)][-1] * 1e6 for size in (steps[0], steps[-1]))
        results.add("KiB per socket", system.name, results.values[(f"{opened}: KiB per socket", system.name)][-1])
        results.add("slope", system.name, (last - first) / (steps[-1] - steps[0]) / 1024)
        held = options.seconds(HOLD_SECONDS if isinstance(system, ChatAPI) else PEERS_SECONDS, 5)
        with context.window(results, system, load) as window:
            context.judge(results, system, load.do("hold", seconds=held))
        results.add("idle CPU", system.name, window.system * 1e6 / opened / window.seconds)
        begun = time.monotonic()
        for size in steps:
            load.do("drop", group=f"idle {size}", how="close")
        poll(lambda: usage.open_files(own) <= files + SPARE_FILES // 10, GONE_SECONDS, "every socket closed")
        results.add("close", system.name, time.monotonic() - begun)
        done = load.connect("again", sockets, in_flight=MANY_IN_FLIGHT)
        results.add("again", system.name, done["seconds"])
        results.add("again: p99", system.name, done["handshake"]["p99"])

    context.in_turn(results, subjects.of("idle", options), turn)
    return results


def report(results: Results) -> list[str]:
    last = results.steps[-1]
    lines = by_system(results, [
        *((f"KiB per socket at {size:,}", f"{size}: KiB per socket") for size in results.steps),
        (f"slope, {results.steps[0]:,} to {last:,} (KiB)", "slope"), (f"memory with {last:,} (MB)", f"{last}: memory"),
        ("CPU per socket and second (µs)", "idle CPU"), ("accepted per second", "accepts/s"), ("CPU of each (µs)", "accept: CPU"),
        (f"all {last:,} closed (s)", "close"), (f"all {last:,} back at once (s)", "again"),
        ("handshake then, p99 (ms)", "again: p99"),
    ])
    if last < SIZES[-1]:
        lines.append(
            f"- {SIZES[-1]:,} sockets were not tried: a process may have {results.files:,} files open here"
            " (`ulimit -Hn`).")
    return lines
