"""From the start of the process to its first healthy answer, and what it takes then. Nothing else runs meanwhile, so
the server has every core, as it would have."""

import shutil
import tempfile
import time
from pathlib import Path

import cores
import usage
from chat import OFF
from figures import table
from installations import SMALL
from results import Results
from setups import Node

TITLE = "Start, and memory after it"
TIMES = 3  # In each round.
SETTLE_SECONDS = 1.0
LONGEST_SECONDS = 60.0
EMPTY, EXISTING = "an empty folder", "an existing database"
NAME = "Chat API, SQLite"


def measure(context) -> Results:
    results, options = Results("start"), context.options
    results.system(NAME, "")
    largest = SMALL if options.quick else options.largest
    results.large = large = f"{largest:,} messages"
    filled = context.installations.with_messages(largest, is_copy=False)
    for number in range(options.rounds):
        context.say(f"start, round {number + 1} of {options.rounds}")
        for _ in range(TIMES):
            folder = Path(tempfile.mkdtemp(prefix="chat-start-"))
            try:
                once(context, results, folder, EMPTY)
                once(context, results, folder, EXISTING)
                once(context, results, filled, large)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    return results


def once(context, results: Results, data: Path, what: str):
    node = Node(
        context.options.server, "A", **{**OFF, "DATA_DIR": str(data), "DATABASE_URL": f"sqlite:{data}/chat.db"})
    try:
        results.add(f"{what}: healthy after", NAME, seconds_to_healthy(node) * 1e3)
        time.sleep(SETTLE_SECONDS)
        results.add(f"{what}: memory", NAME, usage.resident([node.pid]) / 1e6)
        node.stop()
    finally:
        node.remove()


def seconds_to_healthy(node: Node) -> float:
    begun = time.perf_counter()
    with cores.every():
        node.spawn()
    while not node.ready():
        if not node.running or time.perf_counter() - begun > LONGEST_SECONDS:
            raise RuntimeError(f"the server did not start:\n{node.log_tail()}")
        time.sleep(0.001)
    return time.perf_counter() - begun


def report(results: Results) -> list[str]:
    rows = [
        [f"on {what}", results.text(f"{what}: healthy after", NAME), results.text(f"{what}: memory", NAME)]
        for what in (EMPTY, EXISTING, results.large)]
    return [
        table(["start", "to healthy (ms)", "memory a second later (MB)"], rows), "",
        f"- {TIMES} starts in each round, on all cores: there is no load to be kept apart from."]
