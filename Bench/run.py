#!/usr/bin/env python3
"""Measures Chat API beside what a user would pick instead, and writes the tables into docs/benchmarks.md.

    make bench                                      all of it, 3 rounds
    MEASURE=desk,http python3 Bench/run.py          some parts of start, desk, fanout, idle, http, streams, growth
    MEASURE=report python3 Bench/run.py             nothing: writes what the last run of each part found
    QUICK=1 MEASURE=desk python3 Bench/run.py       tries whether it works; its figures mean nothing and are not kept

REPEAT is the number of rounds (3), SYSTEMS a regular expression for the systems to measure ("Chat API"; such figures
are not kept either), LARGEST the messages of the largest database (1000000), BENCH_DATA a folder in which such
databases stay for the next run. What is measured runs on the first core with its databases, the load on the last. All
of it is on loopback, in temporary folders, and gone at the end. When figures of Chat API are missing, or void because a
message was lost, doubled or reordered, the exit status is 1.
"""

import sys
import traceback

sys.dont_write_bytecode = True

import cores  # noqa: E402
import options  # noqa: E402
import report  # noqa: E402
import setups  # noqa: E402, F401  Finds what the tests have.
from context import Context  # noqa: E402
from goals import goals  # noqa: E402
from machine import commit, described  # noqa: E402
from parts import PARTS  # noqa: E402
from results import Results  # noqa: E402

DOCUMENT = options.ROOT / "docs" / "benchmarks.md"
KEPT = options.ROOT / ".build" / "bench"  # The last results of each part.


def text(found: dict[str, Results], machine: list[str]) -> str:
    lines = [
        " ".join(machine), "", "### Goals", "", goals(found), "", "### What the others leave out", "",
        *report.compared(list(found.values()))]
    for name, part in PARTS.items():
        if name in found:
            lines += ["", f"### {part.TITLE}", "", found[name].told, "", *part.report(found[name])]
    return "\n".join(lines)


def main():
    asked = options.read()
    if missing := [each for each in (asked.server, asked.load) if not each.exists()]:
        raise SystemExit(f"bench: not built: {', '.join(map(str, missing))} (`make bench` builds everything)")
    cores.stay_with_the_load()
    context = Context(asked)
    machine = described(asked)
    found, is_sound = {}, True
    try:
        for name in asked.parts:
            try:
                results = PARTS[name].measure(context)
            except Exception:
                context.say(f"{name} failed:\n{traceback.format_exc()}")
                is_sound = False
                continue
            is_sound = is_sound and not results.own_faults()
            results.told = f"{results.when}, commit {commit()}, {asked.rounds} rounds."
            found[name] = results
            if asked.is_kept:
                results.save(KEPT)
            print(f"\n### {PARTS[name].TITLE}\n\n" + "\n".join(PARTS[name].report(results)) + "\n", flush=True)
    finally:
        context.installations.remove()
    if not asked.writes:
        print(goals(found))
    else:
        kept = {name: Results.load(KEPT, name) for name in PARTS}
        found = {name: each for name, each in kept.items() if each}
        report.write(DOCUMENT, text(found, machine))
        print(f"{goals(found)}\n\nbench: written into {DOCUMENT}")
    raise SystemExit(0 if is_sound else 1)


if __name__ == "__main__":
    main()
