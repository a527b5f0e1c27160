"""API keys: what a program may do with one, over HTTP and on the staff socket, and how fast it ends on every node."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from api import Api, admin, expect
from client import Refused, Socket
from cluster import Cluster
from processes import poll
from telling import arrive

A_SECOND = 1.0  # Contract: what ends on one node ends within a second on every other.
PASSWORD = "tall ships need wind"


def make(staff: Api, *permissions: str, **fields) -> tuple[dict, Api]:
    """A key, and who comes with it."""
    made = expect(staff.post("admin/api-keys", {"name": "Exports", "permissions": list(permissions), **fields}), 201)
    return made, staff.caller(made["key"])


def keeper(staff: Api, name: str, *permissions: str) -> tuple[dict, Api]:
    """Somebody with a role of these permissions, signed in."""
    expect(staff.post("admin/roles", {"name": f"role of {name}", "permissions": list(permissions)}), 201)
    body = {"email": f"{name}@example.com", "name": name, "password": PASSWORD, "role": f"role of {name}"}
    user = expect(staff.post("admin/users", body), 201)
    return user, staff.caller(staff.login(f"{name}@example.com", PASSWORD)["access_token"])


def test_a_key_is_shown_once_and_does_what_it_was_made_for(server, staff):
    made, program = make(staff, "conversations:read", "events:read")
    assert made["key"].startswith("ck_") and len(made["key"]) == 46
    shown = expect(staff.get(f"admin/api-keys/{made['id']}"), 200)
    assert "key" not in shown and shown["permissions"] == ["conversations:read", "events:read"]
    assert made["id"] in [each["id"] for each in staff.listed("admin/api-keys")]
    expect(program.get("chat/conversations"), 200)
    expect(program.get("events"), 200)
    expect(program.get("contacts"), 403, "forbidden")
    expect(program.post("auth/ticket"), 403, "forbidden")
    expect(program.post("auth/logout"), 403, "forbidden")
    expect(program.patch("users/me", {"name": "Mallory"}), 403, "forbidden")
    assert made["key"] not in server.logs()
    poll(lambda: expect(staff.get(f"admin/api-keys/{made['id']}"), 200)["last_used_at"], 5, "the last use")


def test_a_key_speaks_for_who_made_it(staff, public):
    visit = public.visit()
    _, program = make(staff, "conversations:read", "conversations:write", "messages:write")
    program.switch(visit.conversation_id, "human", agent_id="me")
    program.say(visit.conversation_id, "from a program")
    last = staff.messages(visit.conversation_id)[-1]
    assert last["sender"]["name"] == expect(staff.get("users/me"), 200)["name"]


def test_nobody_makes_a_key_that_does_more_than_they_may(staff):
    _, limited = keeper(staff, "kim", "api_keys:read", "api_keys:write", "conversations:read:team")
    for permission in ("users:write", "conversations:read", "messages:write:own"):
        expect(limited.post("admin/api-keys", {"name": "k", "permissions": [permission]}), 403, "forbidden")
    made, program = make(limited, "conversations:read:own", "api_keys:write")
    assert made["permissions"] == ["api_keys:write", "conversations:read:own"]
    expect(program.post("admin/api-keys", {"name": "k", "permissions": ["conversations:read:team"]}), 403, "forbidden")


def test_a_key_ends_at_its_time(staff):
    end = datetime.now(UTC) + timedelta(seconds=2)
    _, program = make(staff, "contacts:read", expires_at=end.isoformat(timespec="milliseconds").replace("+00:00", "Z"))
    expect(program.get("contacts"), 200)
    poll(lambda: program.get("contacts").status_code == 401, 10, "the end of the key")
    expect(program.get("contacts"), 401, "token_expired")


async def test_a_key_opens_the_staff_socket_and_its_end_closes_it(server, staff, public):
    made, program = await asyncio.to_thread(make, staff, "conversations:read", "messages:write")
    visit = await arrive(public)
    async with await Socket.agent(server, made["key"]) as socket:
        ready = (await socket.expect("ready"))["data"]
        assert ready["user"]["permissions"] == ["conversations:read", "messages:write"]
        await socket.expect("synced")
        await socket.subscribe(visit.conversation_id)
        answer = await socket.ask("handoff", {"to": "human"}, conversation_id=visit.conversation_id)
        assert answer["data"]["code"] == "forbidden"
        await socket.say("said by a program", "k-1", visit.conversation_id)
        answer = await socket.ask("token.refresh", {"token": made["key"]})
        assert answer["type"] == "ack", answer
        began = time.monotonic()
        expect(await asyncio.to_thread(staff.delete, f"admin/api-keys/{made['id']}"), 204)
        assert await socket.expect_close(5) == 4503 and time.monotonic() - began < A_SECOND
    with pytest.raises(Refused) as refused:
        await Socket.agent(server, made["key"])
    assert refused.value.status == 401 and refused.value.problem["code"] == "token_revoked"


# On several nodes


@pytest.fixture(scope="module")
def cluster(template):
    with Cluster(template) as made:
        yield made.start()


@pytest.fixture(scope="module")
def lonely(template):
    """Two nodes that cannot tell each other anything: no Redis."""
    with Cluster(template, redis=False) as made:
        yield made.start()


def on(node, token: str) -> Api:
    return Api(node.base_url, token)


async def ends_everywhere(made: Cluster, end, expected: str):
    """Within a second of `end` on one node, the other one refuses the key, and has closed its socket."""
    staff = await asyncio.to_thread(admin, made["a"])
    key, _ = await asyncio.to_thread(make, staff, "contacts:read", "conversations:read")
    there = on(made["b"], key["key"])
    async with await Socket.agent(made["b"], key["key"]) as socket:
        await socket.expect("synced")
        # Known there from now on.
        expect(await asyncio.to_thread(there.get, "contacts"), 200)
        await asyncio.to_thread(end, staff, key)
        began = time.monotonic()
        closing = asyncio.create_task(socket.expect_close(10))

        def refused():
            return there.get("contacts").status_code == 401

        await asyncio.to_thread(poll, refused, 10, "the key refused on the other node")
        took = time.monotonic() - began
        assert await closing == 4503
        assert took < A_SECOND * 2, f"{took:.2f} s"
        expect(await asyncio.to_thread(there.get, "contacts"), 401, expected)
    return took


def revoke(staff: Api, key: dict):
    expect(staff.delete(f"admin/api-keys/{key['id']}"), 204)


async def test_a_revoked_key_is_dead_on_the_other_node_within_a_second(cluster):
    took = await ends_everywhere(cluster, revoke, "token_revoked")
    assert took < A_SECOND, f"{took:.2f} s"


async def test_without_redis_too(lonely):
    """By polling alone: looked at once a second or more often."""
    await ends_everywhere(lonely, revoke, "token_revoked")


def changed_role(cluster_or_lonely: Cluster) -> float:
    """How long a changed role needs to the other node: the token is refused, the socket closed, the key narrowed."""
    made = cluster_or_lonely
    staff = admin(made["a"])
    name = f"lou{time.monotonic_ns()}"
    user, lou = keeper(staff, name, "api_keys:write", "contacts:read", "sessions:read")
    key, _ = make(lou, "contacts:read", "sessions:read")
    there, program = on(made["b"], lou.token), on(made["b"], key["key"])

    async def watched() -> float:
        async with (
            await Socket.agent(made["b"], lou.token) as socket,
            await Socket.agent(made["b"], key["key"]) as programs,
        ):
            for each in (socket, programs):
                await each.expect("synced")
            for caller in (there, program):
                expect(await asyncio.to_thread(caller.get, "contacts"), 200)
            await asyncio.to_thread(lambda: expect(staff.patch(f"admin/users/{user['id']}", {"role": "agent"}), 200))
            began = time.monotonic()
            with ThreadPoolExecutor(2) as pool:
                dead = pool.submit(poll, lambda: there.get("contacts").status_code == 401, 10, "the token refused")
                narrow = pool.submit(
                    poll, lambda: program.get("admin/api-keys").status_code == 403, 10, "the key narrowed"
                )
                assert await socket.expect_close(10) == 4503
                await asyncio.to_thread(lambda: (dead.result(), narrow.result()))
            took = time.monotonic() - began
            expect(await asyncio.to_thread(there.get, "contacts"), 401, "token_revoked")
            # The key goes on with what its user still may.
            expect(await asyncio.to_thread(program.get, "contacts"), 200)
            assert (await programs.ask("ping"))["type"] == "pong"
            return took

    return asyncio.run(watched())


def test_a_changed_role_is_in_force_on_the_other_node_within_a_second(cluster):
    assert changed_role(cluster) < A_SECOND


def test_a_changed_role_is_in_force_without_redis(lonely):
    assert changed_role(lonely) < A_SECOND * 2


async def test_a_suspended_user_takes_its_keys_along(cluster):
    staff = await asyncio.to_thread(admin, cluster["a"])
    user, pat = await asyncio.to_thread(keeper, staff, "pat", "api_keys:write", "contacts:read")
    key, _ = await asyncio.to_thread(make, pat, "contacts:read")
    program = on(cluster["b"], key["key"])
    async with await Socket.agent(cluster["b"], key["key"]) as socket:
        await socket.expect("synced")
        expect(await asyncio.to_thread(program.get, "contacts"), 200)
        began = time.monotonic()
        body = {"status": "suspended"}
        expect(await asyncio.to_thread(staff.patch, f"admin/users/{user['id']}", body), 200)
        assert await socket.expect_close(5) == 4503
        await asyncio.to_thread(poll, lambda: program.get("contacts").status_code == 401, 5, "the key refused")
        assert time.monotonic() - began < A_SECOND
