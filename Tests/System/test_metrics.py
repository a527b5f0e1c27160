"""What the process counts and measures: clean for Prometheus, true, guarded, and not to be blown up from outside."""

import asyncio
import json
import os
import time
from pathlib import Path

import httpx
import pytest

from api import Api, expect
from client import Socket
from cluster import COMPONENTS, Cluster
from processes import REPOSITORY, poll
from prometheus import Page, Prometheus, faults, scrape
from telling import answered, arrive
from words import ENGLISH

TOKEN = "a-scraper-token-of-some-length"
DEADLINE_SECONDS = 10

FAMILIES = {
    "ai_breaker_state": "gauge",
    "ai_failovers_total": "counter",
    "ai_request_duration_seconds": "histogram",
    "ai_requests_total": "counter",
    "ai_resets_total": "counter",
    "ai_tokens_total": "counter",
    "ai_ttft_seconds": "histogram",
    "chat_build_info": "gauge",
    "chat_commit_batch_size": "histogram",
    "chat_commit_duration_seconds": "histogram",
    "chat_commit_failures_total": "counter",
    "chat_connections": "gauge",
    "chat_delivery_duration_seconds": "histogram",
    "chat_messages_total": "counter",
    "http_server_request_duration_seconds": "histogram",
    "process_cpu_seconds_total": "counter",
    "process_max_fds": "gauge",
    "process_open_fds": "gauge",
    "process_resident_memory_bytes": "gauge",
    "process_start_time_seconds": "gauge",
    "process_threads": "gauge",
    "process_virtual_memory_bytes": "gauge",
}


def requests(page: Page, **labels: str) -> float:
    return page("http_server_request_duration_seconds_count", **labels)


async def test_a_used_servers_page_is_without_fault(server, public, staff):
    visit = await arrive(public)
    async with await Socket.visit(server, visit) as socket:
        await socket.say(ENGLISH.question, "q-1")
        await answered(socket)
        page = await asyncio.to_thread(scrape, server)
    documentation = (REPOSITORY / "docs/metrics.md").read_text()
    assert faults(page.text) == ""
    assert FAMILIES.items() <= page.types.items()
    assert list(page.types) == sorted(page.types)
    for name, help_text in page.helps.items():
        assert help_text[0].isupper() and help_text.endswith("."), f"{name} is not described: {help_text}"
        assert f"`{name}`" in documentation, f"{name} is not in docs/metrics.md"
    for name in ("chat_commit_duration_seconds", "chat_delivery_duration_seconds", "chat_commit_batch_size"):
        assert page(f"{name}_bucket", le="+Inf") == page(f"{name}_count") > 0
        assert 0 < page(f"{name}_sum")


async def test_messages_commits_deliveries_and_sockets_move_the_figures(server, public, staff):
    visit = await arrive(public)
    before = await asyncio.to_thread(scrape, server)
    sockets = before("chat_connections")
    async with await Socket.visit(server, visit) as socket:
        await socket.expect("synced")
        assert (await asyncio.to_thread(scrape, server))("chat_connections") == sockets + 1
        for number in range(3):
            await socket.say(f"Message {number}", f"m-{number}")
        # Said again, it is the same message.
        assert (await socket.ask("message.send", {"content": "Message 2", "client_message_id": "m-2"}))["type"] == "ack"
        await asyncio.to_thread(staff.switch, visit.conversation_id, "human", agent_id="me")
        await asyncio.to_thread(staff.say, visit.conversation_id, "From the desk")
        await socket.expect("message.created", lambda frame: frame["data"]["message"]["sender"]["kind"] == "agent")
        after = await asyncio.to_thread(scrape, server)

    def growth(name: str, **labels: str) -> float:
        return after(name, **labels) - before(name, **labels)

    assert growth("chat_messages_total", sender="contact") == 3
    assert growth("chat_messages_total", sender="agent") == 1
    assert growth("chat_commit_duration_seconds_count") >= 5
    assert growth("chat_commit_batch_size_sum") >= growth("chat_commit_batch_size_count") >= 5
    assert growth("chat_delivery_duration_seconds_count") >= 5
    assert growth("chat_delivery_duration_seconds_sum") < growth("chat_commit_duration_seconds_sum") + 1
    assert growth("chat_commit_failures_total") == 0
    poll(lambda: scrape(server)("chat_connections") == sockets, DEADLINE_SECONDS, "the closed socket is not counted")


async def test_an_answer_of_the_ai_is_one_message(server, public):
    visit = await arrive(public)
    before = await asyncio.to_thread(scrape, server)
    async with await Socket.visit(server, visit) as socket:
        await socket.say(ENGLISH.question, "q-1")
        await answered(socket)
    after = await asyncio.to_thread(scrape, server)
    assert after("chat_messages_total", sender="ai") - before("chat_messages_total", sender="ai") == 1

    def growth(name: str, **labels: str) -> float:
        return after(name, provider="builtin", **labels) - before(name, provider="builtin", **labels)

    # And one call of the provider that gave it, which was there to be counted from the start.
    assert growth("ai_requests_total", outcome="ok", error_class="none") >= 1
    assert growth("ai_requests_total", outcome="failed", error_class="server") == 0
    assert growth("ai_ttft_seconds_count") == growth("ai_request_duration_seconds_count") >= 1
    assert growth("ai_tokens_total", direction="output", estimated="true") > 0
    assert after("ai_breaker_state", provider="builtin") == 0


def test_requests_are_told_apart_by_route_and_not_by_path(server, public, staff):
    before = scrape(server)
    contacts = [expect(staff.post("contacts", {"name": f"Contact {number}"}), 201) for number in range(3)]
    for contact in contacts:
        expect(staff.get(f"contacts/{contact['id']}"), 200)
    expect(public.get("contacts"), 401)
    strange = ["/admin.php", "/../../etc/passwd", "/%00", "/%22%5C%0A", "/api/v1/none?a=b", "/" + "x" * 2000]
    for path in strange:
        httpx.get(server.base_url + path, timeout=5, trust_env=False)
    for method in ("PUT", "PROPFIND", "SEARCH"):
        httpx.request(method, f"{server.base_url}/health", timeout=5, trust_env=False)
    after = scrape(server)

    def growth(**labels: str) -> float:
        return requests(after, **labels) - requests(before, **labels)

    assert growth(method="POST", route="/api/v1/contacts", status="2xx") == 3
    assert growth(method="GET", route="/api/v1/contacts/{id}", status="2xx") == 3
    assert growth(method="GET", route="/api/v1/contacts", status="4xx") == 1
    assert growth(method="GET", route="unmatched", status="4xx") == len(strange)
    assert growth(method="PUT", route="unmatched", status="4xx") == 1
    assert growth(method="other", route="unmatched", status="4xx") == 2
    # Each scrape stands in the next one.
    assert growth(method="GET", route="/metrics", status="2xx") == 1
    routes = {series["route"] for series in after.series("http_server_request_duration_seconds_count")}
    assert all(route == "unmatched" or route.startswith("/") for route in routes)
    assert not any(contact["id"] in after.text for contact in contacts) and "admin.php" not in after.text
    assert faults(after.text) == ""


def test_made_up_requests_make_no_series(server):
    scrape(server)
    before = len(scrape(server).samples)
    with httpx.Client(base_url=server.base_url, trust_env=False) as client:
        for number in range(300):
            client.get(f"/made/up/{number}", headers={"X-Request-ID": f"id-{number}"})
            client.get(f"/api/v1/contacts/{number}", headers={"Authorization": f"Bearer {number}"})
    # Buckets, sum and count of the two that the requests may have been the first of.
    assert len(scrape(server).samples) <= before + 2 * 16


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no procfs")
def test_the_process_is_shown_as_the_system_sees_it(server, public):
    page = scrape(server)
    process = Path(f"/proc/{server.pid}")
    status = dict(
        line.split(":", 1) for line in process.joinpath("status").read_text().splitlines() if line.startswith("VmRSS")
    )
    resident = int(status["VmRSS"].split()[0]) * 1024
    assert resident / 2 < page("process_resident_memory_bytes") < resident * 2
    assert abs(page("process_open_fds") - len(os.listdir(process / "fd"))) <= 5
    assert page("process_max_fds") > page("process_open_fds")
    assert 0 < page("process_cpu_seconds_total") < 600
    assert time.time() - 3600 < page("process_start_time_seconds") <= time.time() + 1
    health = expect(public.get("/health"), 200)
    assert page("chat_build_info", version=health["version"], node_id=health["node_id"]) == 1


def test_a_token_guards_the_page_and_nothing_else(serve):
    server = serve(METRICS_TOKEN=TOKEN)
    public = Api(server.base_url)
    for wrong in (None, "x", TOKEN[:-1], TOKEN + "x", TOKEN.upper()):
        refused = public.caller(wrong).get("/metrics")
        assert refused.headers["www-authenticate"] == "Bearer"
        expect(refused, 401, "unauthenticated")
    admin = public.caller(public.login()["access_token"])
    expect(admin.get("/metrics"), 401, "unauthenticated")
    expect(public.caller(TOKEN).get("users/me"), 401)
    expect(public.get("/health"), 200)
    page = scrape(server, TOKEN)
    assert requests(page, route="/metrics", status="4xx") == 6
    assert TOKEN not in page.text and TOKEN not in server.logs()


def test_scrapes_are_not_logged_and_refused_ones_are(serve):
    server = serve(METRICS_TOKEN=TOKEN)
    for _ in range(5):
        scrape(server, TOKEN)
    expect(Api(server.base_url).get("/metrics"), 401)

    def lines() -> list[dict]:
        records = [json.loads(line) for line in server.logs().splitlines() if line.startswith("{")]
        return [record for record in records if record.get("route") == "/metrics"]

    assert [line["status"] for line in poll(lines, DEADLINE_SECONDS, "the refused scrape in the log")] == [401]


def test_prometheus_itself_scrapes_and_finds_the_figures(serve):
    server = serve(METRICS_TOKEN=TOKEN)
    public = Api(server.base_url)
    with Prometheus(server, TOKEN) as prometheus, Prometheus(server) as stranger:
        prometheus.start()
        stranger.start()
        poll(lambda: prometheus.value("up") == 1, DEADLINE_SECONDS, "a scrape", every=0.2)
        visit = public.visit()
        contact = public.caller(visit.token)
        contact.switch(visit.conversation_id, "human")
        for number in range(4):
            contact.say(visit.conversation_id, f"Message {number}")
        poll(
            lambda: prometheus.value('chat_messages_total{sender="contact"}') == 4,
            DEADLINE_SECONDS,
            "the messages in Prometheus",
            every=0.2,
        )
        assert prometheus.target()["lastError"] == ""
        # What a dashboard asks.
        quantile = "histogram_quantile(0.99, sum by (le) (chat_commit_duration_seconds_bucket))"
        assert 0 < prometheus.value(quantile) < 2.5
        slowest = "histogram_quantile(0.99, sum by (le, route) (http_server_request_duration_seconds_bucket))"
        assert {"/api/v1/chat/sessions", "/health"} <= {each["metric"]["route"] for each in prometheus.query(slowest)}
        assert prometheus.value("process_resident_memory_bytes") > 1 << 20
        # One that does not know the token learns nothing.
        target = poll(lambda: _scraped(stranger), DEADLINE_SECONDS, "a refused scrape", every=0.2)
        assert target["health"] == "down" and "401" in target["lastError"]
        assert stranger.value("chat_messages_total") is None


def test_every_process_of_a_cluster_has_figures_of_its_own(template):
    with Cluster(template, METRICS_TOKEN=TOKEN) as cluster:
        cluster.start_components()
        before = {node.node_id: scrape(node, TOKEN) for node in cluster.nodes}
        assert sorted(before) == sorted(COMPONENTS)
        for name, page in before.items():
            assert page("chat_build_info", node_id=name) == 1 and len(page.series("chat_build_info")) == 1
            assert FAMILIES.items() <= page.types.items() and faults(page.text) == ""
        expect(Api(cluster["scheduler"].base_url).get("/metrics"), 401, "unauthenticated")
        public = Api(cluster["api"].base_url)
        visit = public.visit()
        contact = public.caller(visit.token)
        contact.switch(visit.conversation_id, "human")
        for number in range(5):
            contact.say(visit.conversation_id, f"Message {number}")
        # Others hear of it and deliver it; only the one that committed it counts it.
        sent = {
            node.node_id: scrape(node, TOKEN)("chat_messages_total", sender="contact")
            - before[node.node_id]("chat_messages_total", sender="contact")
            for node in cluster.nodes
        }
        assert sent == {**dict.fromkeys(COMPONENTS, 0), "api": 5}


def _scraped(prometheus: Prometheus) -> dict | None:
    target = prometheus.target()
    return target if target["health"] != "unknown" else None
