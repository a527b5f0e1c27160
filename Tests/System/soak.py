"""Two nodes under load for minutes, while whatever they need is killed, frozen and drained in random order.

    make soak                                    ten minutes
    CHAT_API_SOAK_MINUTES=60 CHAT_API_SEED=7 make soak

Each round has a seed of its own, printed before it begins, and ends with the checker's verdict on everything that
anybody saw (G1–G7). Not part of `make test`, which has each fault once."""

import asyncio
import contextlib
import os
import random
import signal
import time

import pytest

import artifacts
from api import Api, admin
from cluster import Cluster
from fake_upstream import FakeUpstream
from traffic import Traffic
from words import BOTH

MINUTES = float(os.environ.get("CHAT_API_SOAK_MINUTES", "10"))
ROUND_SECONDS = 60
CUSTOMERS = 4
HEALED_SECONDS = 40
pytestmark = pytest.mark.timeout(MINUTES * 60 + 600)


class Faults:
    """What goes wrong, each for some seconds, and how it ends."""

    def __init__(self, cluster: Cluster, chance: random.Random):
        self.cluster = cluster
        self.chance = chance

    def pick(self):
        return self.chance.choice(
            [self.kill_node, self.kill_node, self.freeze_node, self.drain_node, self.kill_redis, self.freeze_redis]
            + [self.kill_mariadb, self.freeze_mariadb, self.kill_both]
        )

    async def _last(self, longest: float):
        await asyncio.sleep(self.chance.uniform(0, longest))

    async def kill_node(self):
        node = self.chance.choice(self.cluster.nodes)
        node.kill()
        await self._last(4)
        node.spawn()

    async def freeze_node(self):
        node = self.chance.choice(self.cluster.nodes)
        node.freeze()
        await self._last(20)
        node.thaw()

    async def drain_node(self):
        node = self.chance.choice(self.cluster.nodes)
        node.process.send_signal(signal.SIGTERM)
        end = time.monotonic() + 35
        while node.process.poll() is None:
            assert time.monotonic() < end, f"{node.node_id} does not end"
            await asyncio.sleep(0.05)
        assert node.process.returncode == 0, node.log_tail()
        node.spawn()

    async def kill_redis(self):
        self.cluster.redis.kill()
        await self._last(4)
        self.cluster.redis.start()

    async def freeze_redis(self):
        self.cluster.redis.freeze()
        await self._last(8)
        self.cluster.redis.thaw()

    async def kill_mariadb(self):
        self.cluster.mariadb.kill()
        await self._last(3)
        self.cluster.mariadb.start()

    async def freeze_mariadb(self):
        self.cluster.mariadb.freeze()
        await self._last(10)
        self.cluster.mariadb.thaw()

    async def kill_both(self):
        """Power fails for a node and the database at once."""
        node = self.chance.choice(self.cluster.nodes)
        self.cluster.mariadb.kill()
        node.kill()
        self.cluster.mariadb.start()
        node.spawn()


async def _asks(talk: Traffic, asker, language, chance: random.Random):
    """A question now and then, whoever is there to hear it."""
    (room,) = asker.readings
    while not talk.quiet:
        await asyncio.sleep(chance.uniform(0.5, 4))
        if asker.socket and not asker.socket.closed and asker.live.is_set() and not talk.quiet:
            await asker.send(room, language.question)
            # A failure ends at a human; the agent gives the conversation back, so that the next question is answered.
            with contextlib.suppress(Exception):
                if (await asyncio.to_thread(talk.staff.conversation, room))["owner"]["kind"] != "ai":
                    await asyncio.to_thread(talk.staff.switch, room, "ai")


async def _round(cluster: Cluster, number: int, seed: int) -> str:
    chance = random.Random(seed)
    a, b = cluster.nodes
    talk = Traffic(Api(a.base_url), admin(b), seed, artifacts.FOLDER / f"soak-{number}-history.jsonl")
    await talk.hire(b, a)
    for index in range(CUSTOMERS):
        await talk.customer(f"customer{index}", *((a, b) if index % 2 else (b, a)))
    askers = [
        await talk.customer(f"asker-{language.locale}", a, b, human=False, locale=language.locale) for language in BOTH
    ]
    talk.start(*askers)
    questions = [
        asyncio.create_task(_asks(talk, asker, language, chance)) for asker, language in zip(askers, BOTH, strict=True)
    ]
    faults = Faults(cluster, chance)
    done = []
    end = time.monotonic() + ROUND_SECONDS
    while time.monotonic() < end:
        await talk.until_acknowledged(20, 90)
        fault = faults.pick()
        done.append(fault.__name__)
        await fault()
        for node in cluster.nodes:
            assert node.running, f"{node.node_id} ended with {node.process.poll()}\n{node.log_tail()}"
            await asyncio.to_thread(node.becomes, "healthy", HEALED_SECONDS)
    talk.quiet = True
    await asyncio.gather(*questions)
    await talk.settle()
    talk.verdict()
    assert cluster.damage() == []
    return f"{talk.acknowledged} acknowledged, {len(talk.history.of('nacked'))} refused; {' '.join(done)}"


def test_everything_fails_again_and_again(template, capsys):
    first = int(os.environ.get("CHAT_API_SEED") or time.time_ns() % 1_000_000)
    with FakeUpstream() as upstream, Cluster(template, **upstream.environment("slow")) as cluster:
        upstream.answers = {language.question: language.answer for language in BOTH}
        cluster.start()
        end = time.monotonic() + MINUTES * 60
        number = 0
        while number == 0 or time.monotonic() < end:
            seed = first + number
            with capsys.disabled():
                print(f"\nround {number}, seed {seed}: ", end="", flush=True)
            told = asyncio.run(_round(cluster, number, seed))
            with capsys.disabled():
                print(told, end="", flush=True)
            number += 1
        for node in cluster.nodes:
            assert "Fatal error" not in node.logs()
            assert node.stop() == 0, node.log_tail()
