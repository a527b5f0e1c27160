"""The same questions and the same work over few messages and over many."""

import math
import statistics
import urllib.parse

import parts.desk as desk
import stored
from chat import ChatAPI, NEWEST
from figures import table
from installations import SMALL
from questions import questions
from report import ratio
from results import Results

TITLE = "Growth with what is stored"
SECONDS = 0.15  # Of one question in one turn.
TURNS = 3
QUICK_LARGEST = 40_000
RESUMED = 100  # Conversations that are read and resumed.
DESK_SECONDS = (1.0, 4.0)
NAME = "Chat API, SQLite"


class Both:
    """An installation with few messages and one with many, at the same time, so that each question is asked of one
    right after the other."""

    name, lacks = NAME, ""

    def __init__(self, context, results: Results):
        self.context, self.results = context, results

    def __enter__(self) -> "Both":
        self.systems: list[ChatAPI] = []
        try:
            for size in self.results.sizes:
                data = self.context.installations.with_messages(int(size))
                system = ChatAPI(self.context.options.server, data=data)
                system.name = size
                database = stored.SQLiteDatabase(f"{data}/chat.db")
                system.sent_before, _ = database.numbers(stored.COUNT)
                self.results.stored[size], _ = database.numbers("SELECT COUNT(*), 0 FROM messages")
                system.__enter__()
                self.systems.append(system)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for each in self.systems:
            each.__exit__()


def measure(context) -> Results:
    results, options = Results("growth"), context.options
    results.sizes = [str(SMALL), str(QUICK_LARGEST if options.quick else options.largest)]
    results.items, results.stored = {}, {}

    def turn(both, load):
        ask(context, results, both.systems, load)
        for system in both.systems:
            read_back(context, results, system, load)
        for system in both.systems:
            desk.connect(system, load)
            seconds = [options.seconds(each, 0.5) for each in DESK_SECONDS]
            sent = desk.closed(context, results, system, load, *seconds)
            sent += desk.fixed(context, results, system, load, *seconds)
            desk.disconnect(load)
            desk.check(results, system, system.sent_before + sent)

    context.in_turn(results, [lambda: Both(context, results)], turn)
    if largest := worst(results):
        results.add("growth", results.sizes[1], largest)
    return results


def head(token: str) -> str:
    return f"Host: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n"


def once(context, results: Results, system, load, paths: list[tuple[str, str]]) -> float:
    """The median answer of one connection, in milliseconds."""
    requests = [f"GET /api/v1/{path} HTTP/1.1\r\n{head(token)}" for path, token in paths]
    done = context.judge(results, system, load.do(
        "http", port=system.port, connections=1, seconds=context.options.seconds(SECONDS, 0.05), warmup_seconds=0.02,
        requests=requests, status=200))
    return done["latency"]["p50"]


def ask(context, results: Results, systems: list[ChatAPI], load):
    tokens = [each.node.token() for each in systems]
    asked = []
    for system, token in zip(systems, tokens, strict=True):
        def request(method: str, path: str, body=None, system=system, token=token):
            return system.node.ask(method, f"/api/v1/{path}", body, token)

        asked.append([(name, path, own or token) for name, path, own in questions(request)])
    for same in zip(*asked, strict=True):
        for system, (name, path, token) in zip(systems, same, strict=True):
            items = system.node.ask("GET", f"/api/v1/{path}", None, token).get("items", [None])
            results.items.setdefault(name, {})[system.name] = len(items)
        took: dict[str, list[float]] = {}
        for _ in range(TURNS):
            for system, (_, path, token) in zip(systems, same, strict=True):
                took.setdefault(system.name, []).append(once(context, results, system, load, [(path, token)]))
        for size, values in took.items():
            results.add(name, size, statistics.median(values))
    for system, token in zip(systems, tokens, strict=True):
        results.add("JWT-checked read", system.name, once(context, results, system, load, [("users/me", token)]))


def read_back(context, results: Results, system, load):
    """Histories of many conversations, most of them not asked for before, and sockets that resume them."""
    token = system.node.token()
    found, cursor = [], ""
    while len(found) < RESUMED:
        page = system.node.ask("GET", f"/api/v1/chat/conversations?limit=100&status=resolved{cursor}", None, token)
        found += [each["id"] for each in page["items"]]
        if not page["next_cursor"]:
            break
        cursor = f"&cursor={urllib.parse.quote(page['next_cursor'])}"
    found = found[:RESUMED]
    pages = [(f"chat/conversations/{each}/messages?before={NEWEST}&limit=50", token) for each in found]
    results.add("history, a page of each of many", system.name, once(context, results, system, load, pages))
    sockets = [{**system.reader(each, 0, after=0), "headers": {"Authorization": f"Bearer {token}"}} for each in found]
    done = load.connect("resumed", sockets, in_flight=1)
    results.add("resume, from the handshake to the last event", system.name, done["handshake"]["p50"])
    load.do("drop", group="resumed", how="close")


RATES = {"messages/s"}  # More is better.
DESK = {
    "messages/s": "desk, closed loop (messages/s)",
    f"{desk.RATED}: delivery, p50": "desk at 500/s: send → receipt, p50",
    f"{desk.RATED}: CPU": "desk at 500/s: CPU per message (µs)",
}


def growths(results: Results) -> dict[str, float]:
    """How many times dearer each figure is over many messages; the ones that answer alike."""
    few, many = results.sizes
    found = {}
    for what in dict.fromkeys(what for what, system in results.values if system in results.sizes):
        items = results.items.get(what, {})
        if what == "growth" or (what not in DESK and ": " in what and what.startswith(("at ", "closed"))):
            continue
        if len(set(items.values())) > 1 or what == "load CPU per message":
            continue
        times = results.times_better(what, many, few)
        found[what] = 1 / times if what in RATES else times
    return found


def worst(results: Results) -> float:
    return max((each for each in growths(results).values() if each == each), default=0.0)


def report(results: Results) -> list[str]:
    few, many = results.sizes
    ratios = growths(results)
    rows = []
    for what in dict.fromkeys(what for what, system in results.values if system in results.sizes):
        if what not in DESK and what not in ratios and what not in results.items:
            continue
        items = results.items.get(what)
        rows.append([
            DESK.get(what, what), results.text(what, few), results.text(what, many), ratio(ratios.get(what, math.nan)),
            ", ".join(str(items.get(size, "–")) for size in (few, many)) if items else ""])
    sizes = [f"{results.stored.get(size, int(size)):,} messages" for size in (few, many)]
    heads = ["median, ms", *sizes, "growth", "items"]
    lines = [table(heads, rows), ""]
    known = [each for each in ratios.values() if each == each]
    if known:
        lines.append(f"- Median growth {statistics.median(known):.2f}, largest {max(known):.2f}. Where the answers have"
                     " different numbers of items there is none to judge.")
    return [*lines, *(f"- {note}" for note in results.notes())]
