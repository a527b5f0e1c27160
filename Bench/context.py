"""What the parts of a run share: its options, how a system is measured in its turn, and what came of it."""

import contextlib
import sys
import time
import traceback

from bench_load import BenchLoad
from installations import Installations
from options import Options
from results import Results
from usage import Window


class Context:
    def __init__(self, options: Options):
        self.options = options
        self.began = time.monotonic()
        self.installations = Installations(options, self.say)

    def say(self, text: str):
        print(f"bench {time.monotonic() - self.began:5.0f} s: {text}", file=sys.stderr, flush=True)

    def in_turn(self, results: Results, systems, measure):
        """Measures every system once in each round, so that whatever the machine does meanwhile hits all alike.
        `systems` are functions that make one. A system that failed is not tried again, and the others go on."""
        failed = set()
        for number in range(self.options.rounds):
            for make in systems:
                if make in failed:
                    continue
                system = make()
                results.system(system.name, system.lacks)
                self.say(f"{results.part}, round {number + 1} of {self.options.rounds}: {system.name}")
                try:
                    with system, BenchLoad(self.options.load) as load:
                        measure(system, load)
                except Exception as error:
                    failed.add(make)
                    results.fail(system.name, str(error) or type(error).__name__)
                    self.say(f"{system.name} failed:\n{traceback.format_exc()}")

    @staticmethod
    def judge(results: Results, system, done: dict) -> dict:
        """Notes the faults that the load found."""
        if done.get("faults"):
            results.spoil(system.name, done["faults"])
        return done

    @contextlib.contextmanager
    def window(self, results: Results, system, load: BenchLoad):
        window = Window(system.pids, [load.pid])
        with window:
            yield window
        results.add("others", "", window.others)
