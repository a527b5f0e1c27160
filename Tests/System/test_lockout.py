"""Lock-out after failed sign-ins, on one node and on two."""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from api import Api, admin, expect
from cluster import Cluster

WRONG = {"email": "admin@chatapi.com", "password": "not the password"}
RIGHT = {"email": "admin@chatapi.com", "password": "admin123456"}
UNKNOWN = {"email": "nobody@chatapi.com", "password": "not the password"}


def test_failures_lock_out_and_a_success_forgets_them(serve):
    public = Api(serve(LOCKOUT_FAILURES="3").base_url)
    for _ in range(2):
        for _ in range(2):
            expect(public.post("auth/login", WRONG), 401, "invalid_credentials")
        expect(public.post("auth/login", RIGHT), 200)
    for _ in range(3):
        expect(public.post("auth/login", WRONG), 401, "invalid_credentials")
    refused = public.post("auth/login", RIGHT)
    expect(refused, 429, "locked_out")
    assert 890 <= int(refused.headers["retry-after"]) <= 900


def test_an_account_that_does_not_exist_is_locked_out_alike(serve):
    public = Api(serve(LOCKOUT_FAILURES="4").base_url)
    answers = []
    for body in (WRONG, UNKNOWN):
        codes = [public.post("auth/login", body) for _ in range(6)]
        answers.append([(each.status_code, {**each.json(), "request_id": ""}) for each in codes])
    assert answers[0] == answers[1]
    assert [status for status, _ in answers[0]] == [401] * 4 + [429] * 2


def test_failures_at_once_are_counted_exactly(serve):
    public = Api(serve(LOCKOUT_FAILURES="5").base_url)
    with ThreadPoolExecutor(10) as pool:
        answers = [each.status_code for each in pool.map(lambda _: public.post("auth/login", WRONG), range(20))]
    assert sorted(answers) == [401] * 5 + [429] * 15, answers


def test_a_lockout_is_of_one_address_and_ends_with_an_admins_reset(serve):
    server = serve(LOCKOUT_FAILURES="2", TRUSTED_PROXIES="127.0.0.1")
    public, staff = Api(server.base_url), admin(server)
    person = {"email": "ann@example.com", "password": "a long sentence", "name": "Ann"}
    ann = expect(public.post("auth/register", person), 201)["user"]
    wrong = {"email": "ann@example.com", "password": "wrong"}
    right = {"email": "ann@example.com", "password": "a long sentence"}
    near, far = ({"X-Forwarded-For": address} for address in ("192.0.2.1", "192.0.2.2"))
    for _ in range(2):
        expect(public.post("auth/login", wrong, headers=near), 401)
    expect(public.post("auth/login", right, headers=near), 429, "locked_out")
    expect(public.post("auth/login", right, headers=far), 200)
    reset = staff.post(f"admin/users/{ann['id']}/password", {"password": "another sentence"})
    assert reset.status_code in (200, 204), reset.text
    expect(public.post("auth/login", {**right, "password": "another sentence"}, headers=near), 200)
    actions = [each["action"] for each in staff.listed("admin/audit-log")]
    assert actions.count("login.failed") == 2 and actions.count("login.locked_out") == 1


def test_an_unknown_account_takes_as_long_as_a_wrong_password(serve):
    """Medians, because the machine does other things; the work is the same, so they are close."""
    public = Api(serve(LOCKOUT_FAILURES="1000").base_url)
    times = {"known": [], "unknown": []}
    for _ in range(15):
        for name, body in (("known", WRONG), ("unknown", UNKNOWN)):
            start = time.perf_counter()
            expect(public.post("auth/login", body), 401)
            times[name].append(time.perf_counter() - start)
    known, unknown = (statistics.median(each) for each in times.values())
    assert 0.5 < known / unknown < 2, f"known {known * 1000:.1f} ms, unknown {unknown * 1000:.1f} ms"


@pytest.fixture
def nodes(template) -> list[Api]:
    with Cluster(template, LOCKOUT_FAILURES="4") as cluster:
        yield [Api(node.base_url) for node in cluster.start().nodes]


def test_nodes_count_together(nodes):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda turn: nodes[turn % 2].post("auth/login", WRONG).status_code, range(12)))
    assert sorted(answers) == [401] * 4 + [429] * 8, answers
    for node in nodes:
        expect(node.post("auth/login", RIGHT), 429, "locked_out")
