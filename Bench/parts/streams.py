"""Answers of the assistant as they are written, by a scripted model: streams of 50 tokens a second, all of the time."""

from chat import ChatAPI
from figures import table
from model import Model
from results import Results
from sessions import make

TITLE = "Streams of the assistant"
SIZES, QUICK_SIZES = (200, 1000), (20, 50)
TOKENS_PER_SECOND = 50
TOKENS = 200  # Of an answer: four seconds of it.
SECONDS = {200: 20.0, 1000: 60.0}  # With the most streams, two heartbeats and more.
TEMPLATE = (
    '{"type":"message.send","request_id":"{stamp}","data":{"client_message_id":"{stamp}",'
    '"content":"@{stamp}@{index}@ How do I install Chat API on my own server?"}}')


def measure(context) -> Results:
    results, options = Results("streams"), context.options
    words = [f"word{number:03d} " for number in range(TOKENS)]
    sizes = dict(zip(SIZES, QUICK_SIZES if options.quick else SIZES, strict=True))

    class Streams(ChatAPI):
        """With a model beside the load, on its core."""

        def __enter__(self) -> "Streams":
            self.model = Model(options.model).__enter__()
            self.model.order(answers={"@": words}, pace=TOKENS_PER_SECOND)
            self.environment |= {"AI_BURST_MILLISECONDS": "0", **self.model.environment()}
            try:
                return super().__enter__()
            except BaseException:
                self.model.__exit__()
                raise

        def __exit__(self, *given):
            super().__exit__(*given)
            self.model.__exit__()

    def turn(system, load):
        # The same question again and again is the load here, and no sign of a customer who is not understood.
        system.node.ask(
            "PATCH", "/api/v1/admin/settings", {"assistant": {"on_repetition": "ignore"}}, system.node.token())
        for size, count in sizes.items():
            group = f"customers {size}"
            load.connect(group, [system.customer(each, index) for index, each in enumerate(make(system.port, count))])
            seconds, warm_up = options.seconds(SECONDS[size], 6), TOKENS / TOKENS_PER_SECOND
            with context.window(results, system, load) as window:
                done = context.judge(
                    results, system, load.do(
                        "streams", customers=group, seconds=seconds, warmup_seconds=warm_up, spread_seconds=warm_up,
                        template=TEMPLATE))
            name = system.name
            results.add(f"{size}: cores", name, window.system / window.seconds)
            results.add(f"{size}: load's cores", name, window.load / window.seconds)
            results.add(f"{size}: deltas/s", name, done["deltas_per_second"])
            results.add(f"{size}: answers", name, done["completed"])
            results.add(f"{size}: first, p50", name, done["first_text"]["p50"])
            results.add(f"{size}: first, p99", name, done["first_text"]["p99"])
            results.add(f"{size}: longest pause", name, done["longest_ping_gap_seconds"])
            results.add(f"{size}: whole, p99", name, done["whole"]["p99"] / 1e3)
            load.do("drop", group=group, how="close")

    context.in_turn(results, [lambda: Streams(options.server)], turn)
    return results


ROWS = [
    ("cores used by the server", "cores"), ("`reply.delta` frames/s", "deltas/s"), ("answers that ended", "answers"),
    (f"send → its end, p99 (s); the model's own part is {TOKENS / TOKENS_PER_SECOND:.1f}", "whole, p99"),
    ("send → first text, p50 (ms)", "first, p50"),
    ("p99 (ms)", "first, p99"), ("longest pause between a socket's heartbeats (s)", "longest pause"),
    ("cores used by the load and the runner", "load's cores"),
]


def report(results: Results) -> list[str]:
    [name] = results.systems
    rows = [[text, *(results.text(f"{size}: {what}", name) for size in SIZES)] for text, what in ROWS]
    heads = ["", *(f"{size:,} streams of {TOKENS_PER_SECOND} tokens/s" for size in SIZES)]
    return [table(heads, rows), "", *(f"- {each}" for each in results.notes())]
