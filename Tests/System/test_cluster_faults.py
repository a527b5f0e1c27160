"""What two nodes need fails under load: Redis, MariaDB, a node. The history checker has the last word (G1–G7).

In every test customers on node a and an agent on node b talk all the time; at the end everything that anybody saw is
compared with what both the API and the tables show."""

import asyncio
import os
import signal
import time
from collections import Counter

import httpx
import pytest

import artifacts
from api import Api, admin
from cluster import Cluster, frozen
from fake_upstream import FakeUpstream
from proxy import Proxy
from traffic import Traffic
from words import ENGLISH

FREEZE_SECONDS = float(os.environ.get("CHAT_API_FREEZE_SECONDS", "30"))
TAKEOVER_SECONDS = 16  # Contract, "An AI reply" 8
POLLED_SECONDS = 1.0  # Delivery to the other node without Redis.
UNHEARD_SECONDS = 2.0  # The same, on a node that has no reason to think that it misses anything.
NOTICED_SECONDS = 2.0  # By when a node has noticed that Redis is gone; what was told in between comes by polling, too.
ANSWER_SECONDS = 12.0  # Until a send is answered by `unavailable`, whatever the database does.
HEALED_SECONDS = 15


@pytest.fixture(scope="module")
def upstream():
    with FakeUpstream() as fake:
        fake.answers = {ENGLISH.question: ENGLISH.long_answer}
        yield fake


@pytest.fixture
def cluster(template, upstream):
    upstream.behaviour = None
    upstream.release()
    upstream.order(pace=0)
    environment = upstream.environment("slow")
    with Cluster(template, **environment, AI_IDLE_TOKEN_SECONDS="60", AI_REPLY_SECONDS="120") as made:
        yield made.start()


def traffic(cluster, name: str) -> Traffic:
    seed = int(os.environ["CHAT_API_SEED"]) if "CHAT_API_SEED" in os.environ else None
    public = Api(cluster["a"].base_url)
    return Traffic(public, admin(cluster["b"]), seed, artifacts.FOLDER / f"{name}-history.jsonl")


async def people(talk: Traffic, cluster, customers: int = 3):
    """Customers who prefer node a, an agent who prefers node b; each knows the other node, too."""
    await talk.hire(cluster["b"], cluster["a"])
    for number in range(customers):
        await talk.customer(f"customer{number}", cluster["a"], cluster["b"])
    talk.start()
    await talk.until_acknowledged(30)


def verdict(talk: Traffic, cluster):
    talk.verdict()
    assert cluster.damage() == [], talk.seed
    for node in cluster.nodes:
        assert node.running, f"{node.node_id} is gone:\n{node.log_tail()}"
        assert "Fatal error" not in node.logs()


async def becomes(node, status: str, deadline: float = HEALED_SECONDS) -> dict:
    return await asyncio.to_thread(node.becomes, status, deadline)


# Redis


async def _without_redis(talk: Traffic, cluster, begin, end, lasts: float, degraded: bool = True):
    """The time without it: chat goes on, events reach the other node in time, and health says how it is."""
    since = time.monotonic()
    begin()
    if degraded:
        for node in cluster.nodes:
            health = await becomes(node, "degraded", 5)
            assert health["code"] == 200 and health["components"]["redis"]["status"] == "unhealthy", health
    noticed = time.monotonic()
    left = lasts - (noticed - since)
    await asyncio.sleep(max(left, 3))  # How long Redis is away is what is tested.
    await talk.until_acknowledged(30)
    gone = time.monotonic()
    end()
    for node in cluster.nodes:
        await becomes(node, "healthy", HEALED_SECONDS)
    healed = time.monotonic()
    await talk.until_acknowledged(60)
    await talk.until(lambda: len(talk.deliveries(talk.agent, healed + 0.5, time.monotonic())) >= 20, "20 deliveries")
    at_once = talk.deliveries(talk.agent, since, noticed)
    polled = talk.deliveries(talk.agent, noticed, gone - POLLED_SECONDS)
    belled = talk.deliveries(talk.agent, healed + 0.5, time.monotonic())
    print(
        f"noticed after {noticed - since:.2f} s; delivery meanwhile {_summary(at_once)}, polled {_summary(polled)},"
        f" healed after {healed - gone:.2f} s and then {_summary(belled)};"
        f" slowest answer {talk.slowest_answer(since, healed):.3f} s"
    )
    assert polled and polled[-1] <= POLLED_SECONDS, f"delivered after {polled[-5:]} s"
    assert not at_once or at_once[-1] <= NOTICED_SECONDS, f"delivered after {at_once[-5:]} s"
    assert belled and belled[len(belled) // 2] < 0.1, f"the doorbell does not ring again: {belled}"
    # The acknowledgement never waits for Redis.
    assert talk.slowest_answer(since, gone) < 1.0
    codes = Counter(entry["code"] for entry in talk.history.of("nacked"))
    assert not codes, f"sends were refused for want of Redis: {codes}"


def _summary(figures: list[float]) -> str:
    if not figures:
        return "none"
    return f"{len(figures)}: median {1000 * figures[len(figures) // 2]:.0f} ms, most {1000 * figures[-1]:.0f} ms"


@pytest.mark.slow
def test_redis_is_killed_frozen_and_full(cluster):
    talk = traffic(cluster, "redis")
    redis = cluster.redis

    async def story():
        await people(talk, cluster)
        await _without_redis(talk, cluster, redis.kill, redis.start, 4)  # And it comes back empty.
        await _without_redis(talk, cluster, redis.freeze, redis.thaw, FREEZE_SECONDS)
        await _full(talk, redis)
        assert not [code for code in talk.close_codes if code is not None], talk.close_codes
        await talk.settle()

    asyncio.run(story())
    verdict(talk, cluster)


async def _full(talk: Traffic, redis):
    """Out of memory: writes are refused, the doorbell may still ring; nobody may notice."""
    since = time.monotonic()
    redis.limit_memory(1)
    await talk.until_acknowledged(60)
    public = talk.public
    visit = await asyncio.to_thread(public.visit, locale="en")  # Sessions are rows; Redis only remembers them.
    assert (await asyncio.to_thread(Api(public.base_url, visit.token).get, f"chat/sessions/{visit.id}")).is_success
    until = time.monotonic()
    await talk.until_acknowledged(20)
    late = talk.deliveries(talk.agent, since, until)
    assert late and late[-1] <= POLLED_SECONDS, late[-5:]
    redis.limit_memory(0)


# MariaDB


async def _posts(node, token: str, room: str, seconds: float) -> list[tuple[int, float]]:
    """Sends over HTTP for some time; each status and how long it took."""
    found = []
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=node.base_url, trust_env=False, timeout=30, headers=headers) as client:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            began = time.monotonic()
            answer = await client.post(f"/api/v1/chat/conversations/{room}/messages", json={"content": "over HTTP"})
            found.append((answer.status_code, time.monotonic() - began))
            if answer.status_code == 503:
                assert answer.json()["code"] == "unavailable", answer.text
                assert int(answer.headers["retry-after"]) >= 1
            await asyncio.sleep(0.1)
    return found


async def _without_database(talk: Traffic, cluster, begin, end, lasts: float):
    since = time.monotonic()
    begin()
    customer = talk.people[1]
    (room,) = customer.readings
    posted, *sick = await asyncio.gather(
        _posts(cluster["a"], customer.token, room, max(lasts - 2, 2)),
        *(becomes(node, "unhealthy", 10) for node in cluster.nodes),
    )
    for health in sick:
        assert health["code"] == 503 and health["components"]["database"]["status"] == "unhealthy", health
    await asyncio.sleep(max(0.0, lasts - (time.monotonic() - since)))  # How long it is away is what is tested.
    end()
    back = time.monotonic()
    for node in cluster.nodes:
        await becomes(node, "healthy")
    await talk.until_acknowledged(60)
    slowest = talk.slowest_answer(since, back)
    print(
        f"unavailable to {len(talk.history.of('nacked'))} sends, slowest answer {slowest:.2f} s,"
        f" over HTTP {Counter(status for status, _ in posted)}, {max(took for _, took in posted):.2f} s at most,"
        f" healed {time.monotonic() - back:.2f} s after"
    )
    assert {status for status, _ in posted} <= {201, 503} and posted[-1][0] == 503, posted
    assert max(took for _, took in posted) <= ANSWER_SECONDS, posted
    assert slowest <= ANSWER_SECONDS
    assert {entry["code"] for entry in talk.history.of("nacked")} <= {"unavailable"}


@pytest.mark.slow
def test_mariadb_is_killed_frozen_and_out_of_connections(cluster):
    talk = traffic(cluster, "mariadb")
    mariadb = cluster.mariadb

    async def story():
        await people(talk, cluster)
        await _without_database(talk, cluster, mariadb.kill, mariadb.start, 5)
        await _without_database(talk, cluster, mariadb.freeze, mariadb.thaw, FREEZE_SECONDS)
        await _out_of_connections(talk, cluster)
        await talk.settle()

    # What was sent over HTTP has no client message id, so the checker knows nothing of it.
    asyncio.run(story())
    verdict(talk, cluster)


async def _out_of_connections(talk: Traffic, cluster):
    """Others take every connection while the nodes' own are cut: they cannot come back until there is room."""
    held = []
    boss = cluster.mariadb.connect()
    try:

        def take():
            with boss.cursor() as cursor:
                cursor.execute("SET GLOBAL max_connections = 40")
                cursor.execute("SHOW PROCESSLIST")
                ours = [row[0] for row in cursor.fetchall() if row[1] == "chat"]
                # A place that is free again is taken before a node can have it.
                for number in ours:
                    cursor.execute(f"KILL CONNECTION {number}")
            while True:
                try:
                    held.append(cluster.mariadb.connect())
                except Exception as full:
                    if "Too many connections" not in str(full):
                        raise
                    return

        def give():
            for each in held:
                each.close()

        since = time.monotonic()
        for _ in range(3):
            take()
            await asyncio.sleep(0.3)
        await talk.until(lambda: any(e["t"] >= since for e in talk.history.of("nacked")), "an `unavailable`", 20)
        room = time.monotonic()
        give()
        for node in cluster.nodes:
            await becomes(node, "healthy")
        with boss.cursor() as cursor:
            cursor.execute("SET GLOBAL max_connections = 200")
        await talk.until_acknowledged(60)
        assert talk.slowest_answer(since, room) <= ANSWER_SECONDS
    finally:
        boss.close()
        for each in held:
            if each.open:
                each.close()


# Nodes


@pytest.mark.slow
def test_a_node_is_killed_in_mid_reply(cluster, upstream):
    """Another finishes within 16 s, under a higher generation, and the customer resumes there."""
    talk = traffic(cluster, "node-kill")

    async def story():
        await people(talk, cluster, customers=2)
        asker = await talk.customer("asker", cluster["a"], cluster["b"], human=False)
        talk.start(asker)
        (room,) = asker.readings
        upstream.order(pace=50)  # What comes at once is one piece, and no text would follow it.
        upstream.hold(after=20)
        await asker.send(room, ENGLISH.question)
        await talk.until(lambda: asker.readings[room].streaming, "a reply that runs")
        await talk.until(lambda: any(e["client"] == "asker" for e in talk.history.of("delta")), "its text")
        (message_id,) = asker.readings[room].streaming
        killed = time.monotonic()
        cluster["a"].kill()
        upstream.behaviour = "ok"  # The second model answers at once; the first one is still held.
        await talk.until(lambda: not asker.readings[room].streaming, "the reply's end on node b", TAKEOVER_SECONDS + 2)
        took = time.monotonic() - killed
        print(f"finished by the other node after {took:.1f} s")
        assert took <= TAKEOVER_SECONDS
        upstream.release()
        await talk.until_acknowledged(30)
        cluster["a"].start()
        await becomes(cluster["a"], "healthy")
        await talk.settle()
        messages = await asyncio.to_thread(talk.staff.messages, room)
        assert [(m["id"], m["status"]) for m in messages if m["sender"]["kind"] == "ai"] == [(message_id, "complete")]
        assert talk.agent is not None
        generations = {e["generation"] for e in talk.history.entries if e["kind"] in ("delta", "reset", "started")}
        assert generations >= {1, 2}, generations

    asyncio.run(story())
    verdict(talk, cluster)


@pytest.mark.slow
def test_a_frozen_owner_wakes_as_a_zombie(cluster, upstream):
    """Node a stops for 30 s in mid-reply. Node b frees its locks, takes its reply over and finishes it; what a still
    believes to own when it wakes is refused, and its own readers see the same as all others."""
    talk = traffic(cluster, "zombie")

    async def story():
        await people(talk, cluster)
        asker = await talk.customer("asker", cluster["a"], cluster["b"], human=False)
        # A second tab that stays on the frozen node and wakes with it.
        loyal = await talk.reader("loyal", talk.visits["asker"], cluster["a"])
        talk.start(asker, loyal)
        (room,) = asker.readings
        upstream.order(pace=50)  # What comes at once is one piece, and no text would follow it.
        upstream.hold(after=20)
        await asker.send(room, ENGLISH.question)
        await talk.until(lambda: asker.readings[room].streaming, "a reply that runs")
        await talk.until(lambda: any(e["client"] == "loyal" for e in talk.history.of("delta")), "its text")
        with frozen(cluster["a"]) as stopped:
            upstream.behaviour = "ok"  # The second model answers at once; the first one is still held.
            await talk.until_acknowledged(20, deadline=30)  # Customers of a go on at b, whatever a holds.
            print(f"going on after {time.monotonic() - stopped:.1f} s")
            await talk.until(lambda: not asker.readings[room].streaming, "the reply's end on b", TAKEOVER_SECONDS + 2)
            took = time.monotonic() - stopped
            print(f"finished by the other node after {took:.1f} s")
            assert took <= TAKEOVER_SECONDS
            await asyncio.sleep(max(0.0, FREEZE_SECONDS - took))  # How long it is frozen is what is tested.
        upstream.release()  # The first model goes on talking to the zombie.
        await becomes(cluster["a"], "healthy", 30)
        await talk.until(lambda: loyal.socket and not loyal.socket.closed, "the loyal reader connected again")
        await talk.until_acknowledged(60)
        await talk.settle()
        replies = [m for m in await asyncio.to_thread(talk.staff.messages, room) if m["sender"]["kind"] == "ai"]
        assert [m["status"] for m in replies] == ["complete"], replies
        endings = [e for e in await asyncio.to_thread(talk.staff.events, room) if e["type"] == "message.completed"]
        assert len(endings) == 1

    asyncio.run(story())
    verdict(talk, cluster)


@pytest.mark.slow
def test_a_rolling_restart_behind_nginx(cluster, upstream):
    """One node after the other, under load: every send succeeds after a retry, nobody is sent away for good."""
    front = cluster.front()
    seed = int(os.environ["CHAT_API_SEED"]) if "CHAT_API_SEED" in os.environ else None
    talk = Traffic(Api(front.base_url), admin(cluster["b"]), seed, artifacts.FOLDER / "rolling-restart-history.jsonl")
    failed: list[str] = []
    sent: list[tuple[str, float]] = []  # each message's id, and the seconds until it was confirmed
    refusals: Counter[int] = Counter()

    async def over_http(token: str, room: str):
        """Each message is tried until it is confirmed, under one id, as the contract says."""
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=front.base_url, trust_env=False, timeout=10, headers=headers) as client:
            number = 0
            while not talk.quiet:
                number += 1
                began = time.monotonic()
                body = {"content": f"over HTTP {number}", "client_message_id": f"http-{number}"}
                for _ in range(50):
                    try:
                        answer = await client.post(f"/api/v1/chat/conversations/{room}/messages", json=body)
                    except httpx.TransportError as error:
                        failed.append(f"{body['client_message_id']}: nginx itself failed with {error!r}")
                        continue
                    if answer.status_code in (200, 201):
                        sent.append((answer.json()["id"], time.monotonic() - began))
                        break
                    refusals[answer.status_code] += 1
                    if answer.status_code not in (429, 503):
                        failed.append(f"{answer.status_code} {answer.text[:200]}")
                        break
                    await asyncio.sleep(0.1)
                else:
                    failed.append(f"{body['client_message_id']} never succeeded")
                await asyncio.sleep(0.05)

    async def story():
        await talk.hire(front)
        for number in range(4):
            await talk.customer(f"customer{number}", front)
        visit = await asyncio.to_thread(talk.public.visit, locale="en")
        await asyncio.to_thread(talk.public.caller(visit.token).switch, visit.conversation_id, "human")
        posting = asyncio.create_task(over_http(visit.token, visit.conversation_id))
        asker = await talk.customer("asker", front, human=False)
        talk.start(asker)
        (room,) = asker.readings
        await talk.until_acknowledged(30)
        for name in ("a", "b"):
            await asker.send(room, ENGLISH.question)  # A reply runs while its node may be the one to go.
            await talk.until(lambda: asker.readings[room].streaming, "a reply that runs")
            node = cluster[name]
            node.process.send_signal(signal.SIGTERM)
            await talk.until(lambda node=node: node.process.poll() is not None, f"the end of {name}", 32)
            assert node.process.returncode == 0, node.log_tail()
            await talk.until_acknowledged(30)
            node.spawn()
            await becomes(node, "healthy", 30)
            await talk.until_acknowledged(60)
        await talk.settle()
        await posting
        told = await asyncio.to_thread(talk.staff.messages, visit.conversation_id)
        assert [m["id"] for m in told if m["sender"]["kind"] == "contact"] == [message for message, _ in sent]

    asyncio.run(story())
    codes = Counter(code for code in talk.close_codes if code is not None)
    print(
        f"closed with {dict(codes)}; {talk.acknowledged} sends over sockets, {len(sent)} over HTTP,"
        f" the slowest in {max(took for _, took in sent):.2f} s; refusals {dict(refusals)}"
    )
    assert not failed, failed[:5]
    assert max(took for _, took in sent) < 5, "a send took long in spite of a node that was there"
    # 1000 would tell a client to stay away; 1006 is a connection that broke instead of being closed.
    assert set(codes) <= {1012}, codes
    verdict(talk, cluster)


# Networks


@pytest.mark.slow
def test_one_node_alone_loses_redis_and_mariadb(template, upstream):
    """The network fails for node a only, so that node b has no reason to doubt what it hears, or does not hear."""
    with Cluster(template, **upstream.environment("slow")) as cluster:
        cluster.start_servers()
        with Proxy(cluster.redis.port) as to_redis, Proxy(cluster.mariadb.port) as to_mariadb:
            a = {
                "REDIS_URL": cluster.redis.url().replace(f":{cluster.redis.port}", f":{to_redis.port}"),
                "DATABASE_URL": cluster.database_url.replace(f":{cluster.mariadb.port}", f":{to_mariadb.port}"),
            }
            cluster.start(a=a)
            talk = traffic(cluster, "network")

            async def lose(proxy: Proxy, how, status: str, lasts: float):
                since = time.monotonic()
                how()
                await becomes(cluster["a"], status, 12)
                assert cluster["b"].health()["status"] == "healthy"
                await asyncio.sleep(lasts)  # How long the network is gone is what is tested.
                until = time.monotonic()
                proxy.mend()
                await becomes(cluster["a"], "healthy")
                await talk.until_acknowledged(40)
                late = talk.deliveries(talk.agent, since, until)
                print(f"{status}: delivered {_summary(late)}, slowest answer {talk.slowest_answer(since, until):.2f} s")
                assert talk.slowest_answer(since, until) <= ANSWER_SECONDS
                return late

            async def story():
                await people(talk, cluster)
                for how in (to_redis.cut, to_redis.silence):
                    late = await lose(to_redis, how, "degraded", 6)
                    # Node b hears its own beats, and looks into the feed once a second all the same.
                    assert late and late[-1] <= UNHEARD_SECONDS, late[-5:]
                for how in (to_mariadb.cut, to_mariadb.silence):
                    await lose(to_mariadb, how, "unhealthy", 6)
                await talk.settle()

            asyncio.run(story())
            verdict(talk, cluster)


@pytest.mark.slow
def test_a_node_waits_for_no_lock_of_a_dead_one(cluster):
    """Somebody holds a conversation's row and says nothing more: sends to it are refused in time, others go on."""
    talk = traffic(cluster, "lock")

    async def story():
        await people(talk, cluster, customers=2)
        holder = cluster.mariadb.connect("chat")
        try:
            with holder.cursor() as cursor:
                cursor.execute("BEGIN")
                cursor.execute("SELECT * FROM conversations ORDER BY id LIMIT 1 FOR UPDATE")
                cursor.execute("SELECT * FROM conversation_heads ORDER BY conversation_id LIMIT 1 FOR UPDATE")
            since = time.monotonic()
            await asyncio.sleep(6)  # Two lock waits.
            holder.rollback()
            assert talk.slowest_answer(since, time.monotonic()) <= ANSWER_SECONDS
        finally:
            holder.close()
        await talk.until_acknowledged(60)
        await talk.settle()

    asyncio.run(story())
    verdict(talk, cluster)
