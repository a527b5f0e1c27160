"""One event to many sockets, each of which must get every one, once and in order."""

import subjects
import usage
from chat import ChatAPI
from report import by_system
from results import Results

TITLE = "Fan-out: one event to 1,000 and to 10,000 sockets"
SIZES, QUICK_SIZES = (1000, 10_000), (100, 500)
WINDOW = 4  # Messages under way at a time.
WARM_UP, SECONDS = 1.0, 4.0


def measure(context) -> Results:
    results, options = Results("fanout"), context.options
    warm_up, seconds = options.seconds(WARM_UP, 0.3), options.seconds(SECONDS)

    def turn(system, load):
        published = 0
        for size, tried in zip(SIZES, QUICK_SIZES, strict=True):
            publisher, receivers, arguments = system.fan(tried if options.quick else size)
            groups = {"publisher": f"publisher {size}", "receivers": f"receivers {size}"}
            load.connect(groups["publisher"], [publisher])
            load.connect(groups["receivers"], receivers)
            order = {**groups, **arguments, "window": WINDOW}
            first = context.judge(results, system, load.do("fanout", **order, seconds=warm_up))
            with context.window(results, system, load) as window:
                done = context.judge(results, system, load.do("fanout", **order, seconds=seconds))
            published += first["published"] + done["published"]
            results.add(f"{size}: deliveries/s", system.name, done["deliveries_per_second"])
            results.add(f"{size}: p99", system.name, done["delivery"]["p99"])
            results.add(f"{size}: CPU", system.name, window.system * 1e6 / max(1, done["received"]))
            results.add(f"{size}: memory", system.name, usage.resident(system.pids[:1]) / 1e6)
            for group in groups.values():
                load.do("drop", group=group, how="close")
        if isinstance(system, ChatAPI):
            system.stop()
            if faults := system.database.faults(published):
                results.spoil(system.name, faults)

    context.in_turn(results, subjects.of("fanout", options), turn)
    return results


def report(results: Results) -> list[str]:
    columns = []
    for size in SIZES:
        columns += [
            (f"{size:,}: deliveries/s", f"{size}: deliveries/s"), ("publish → receipt, p99 (ms)", f"{size}: p99"),
            ("CPU per delivery (µs)", f"{size}: CPU")]
    columns.append((f"memory with {SIZES[-1]:,} (MB)", f"{SIZES[-1]}: memory"))
    return by_system(results, columns)
