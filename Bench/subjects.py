"""What is measured in each part, in the order of the rounds: Chat API, its peers, and the load against itself."""

import re

import cores
import peers
from bench_load import Echo, source
from chat import ChatAPI
from options import Options

MESSAGES_OF_A_CONVERSATION = 60  # More than a page has.
CONVERSATIONS = 200
VISITORS = 20_000  # When each idle socket has a conversation of its own.
WORKERS = 2


class Peer:
    """One of the peers as the parts measure it."""

    def __init__(self, peer: peers.Peer, conversations: int = CONVERSATIONS, messages: int = 0):
        self.peer, self.conversations, self.messages = peer, conversations, messages
        self.name, self.lacks = peer.label, peer.lacks

    def __enter__(self) -> "Peer":
        self.peer.start(cores={cores.SYSTEM}, conversations=self.conversations, messages=self.messages)
        return self

    def __exit__(self, *_):
        self.peer.stop()

    @property
    def port(self) -> int:
        return self.peer.port

    @property
    def pids(self) -> list[int]:
        return [each.pid for each in self.peer.servers.values()]

    def pairs(self, count: int) -> tuple[list[dict], list[dict]]:
        customers, agents = self.peer.desk(count)
        return [each.described() for each in customers], [each.described() for each in agents]

    def fan(self, count: int) -> tuple[dict, list[dict], dict]:
        fan = self.peer.fan_out(count)
        given = {"template": fan.template, "recognise": fan.recognise}
        arguments = {key: value for key, value in given.items() if value}
        return fan.publisher.described(), _spread(fan.receivers), arguments

    def idle(self, count: int) -> list[dict]:
        return _spread(self.peer.idle(count))

    def requests(self, kind: str) -> tuple[list[str], int]:
        return self.peer.requests().get(kind, ([], 200))


def _spread(endpoints: list[peers.Endpoint]) -> list[dict]:
    """Over as many addresses as their number needs."""
    return [{**each.described(), "source": source(index)} for index, each in enumerate(endpoints)]


def _peers(part: str) -> list:
    sqlite, uwebsockets, nchan = peers.FastAPIOnSQLite, peers.UWebSockets, peers.Nchan
    pages = {"messages": MESSAGES_OF_A_CONVERSATION * CONVERSATIONS}
    return {
        "desk": [
            lambda: Peer(sqlite()), lambda: Peer(peers.FastAPIOnMySQL(1)), lambda: Peer(peers.FastAPIOnMySQL(WORKERS)),
            lambda: Peer(uwebsockets())],
        "fanout": [lambda: Peer(sqlite()), lambda: Peer(uwebsockets()), lambda: Peer(nchan())],
        "idle": [lambda: Peer(sqlite(), conversations=VISITORS), lambda: Peer(uwebsockets()), lambda: Peer(nchan())],
        "http": [
            lambda: Peer(sqlite(), **pages), lambda: Peer(peers.FastAPIOnMySQL(1), **pages),
            lambda: Peer(peers.BareRoute())],
    }.get(part, [])


def of(part: str, options: Options) -> list:
    """Functions that each make a system that is not started yet."""
    found = [lambda: ChatAPI(options.server)]
    if part == "desk":
        found.append(lambda: ChatAPI(options.server, shared=True))
    found += _peers(part)
    if part in ("desk", "fanout", "http"):
        found.append(lambda: Echo(options.load, part))
    wanted = re.compile(options.systems)
    return [make for make in found if wanted.search(make().name)]
