"""Users, roles, teams and the audit log, as an admin uses them; and what ends on every node at once."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from api import Api, admin, expect
from client import Socket
from cluster import Cluster
from telling import arrive

A_SECOND = 1.0  # Contract: tokens and sockets end within a second on every node.
PASSWORD = "tall ships need wind"


def add(staff: Api, name: str, role: str = "agent") -> dict:
    return expect(
        staff.post("admin/users", {"email": f"{name}@example.com", "name": name, "password": PASSWORD, "role": role}),
        201,
    )


def signed_in(base: Api, name: str) -> dict:
    return base.login(f"{name}@example.com", PASSWORD)


def actions(staff: Api, **query) -> list[str]:
    return [line["action"] for line in staff.listed("admin/audit-log", **query)]


def test_a_user_lives_from_the_first_day_to_the_last(staff, public):
    user = add(staff, "lena")
    path = f"admin/users/{user['id']}"
    login = signed_in(public, "lena")
    assert user["id"] in [each["id"] for each in staff.listed("admin/users", role="agent", q="LENA")]
    (session,) = staff.listed(f"{path}/sessions")
    assert session["address"] == "127.0.0.1" and "httpx" in session["user_agent"] and not session["current"]
    expect(staff.delete(f"{path}/sessions/{session['id']}"), 204)
    expect(public.caller(login["access_token"]).get("users/me"), 401, "token_revoked")
    expect(staff.post(f"{path}/password", {"password": PASSWORD + "!"}), 204)
    expect(public.post("auth/login", {"email": "lena@example.com", "password": PASSWORD}), 401, "invalid_credentials")
    public.login("lena@example.com", PASSWORD + "!")
    changed = expect(staff.patch(path, {"name": "Lena K", "role": "supervisor"}), 200)
    assert (changed["name"], changed["role"]) == ("Lena K", "supervisor")
    expect(staff.delete(path), 204)
    expect(staff.get(path), 404)
    expect(public.post("auth/login", {"email": "lena@example.com", "password": PASSWORD + "!"}), 401)
    told = ["user.deleted", "user.updated", "login.failed", "password.changed", "user.created"]
    assert actions(staff, target_id=user["id"]) == told
    # The address is free again.
    assert add(staff, "lena")["id"] != user["id"]


def test_the_command_line_gives_roles_of_the_workspace(server, staff, public):
    expect(staff.post("admin/roles", {"name": "Night shift", "permissions": ["conversations:read:team"]}), 201)
    person = ["--email", "nora@example.com", "--name", "Nora", "--password-stdin"]
    refused = server.run("user", "create", "--role", "Day shift", *person, input=PASSWORD + "\n")
    assert refused.returncode != 0 and "Night shift" in refused.stderr
    made = server.run("user", "create", "--role", "Night shift", *person, input=PASSWORD + "\n")
    assert made.returncode == 0, made.stderr
    user = signed_in(public, "nora")["user"]
    assert (user["role"], user["permissions"]) == ("Night shift", ["conversations:read:team"])
    (line,) = staff.listed("admin/audit-log", target_id=user["id"], action="user.created")
    assert line["actor"] == {"kind": "system", "id": None, "name": None} and line["address"] is None


def test_the_audit_log_cannot_be_written_to(staff):
    (line, *_) = staff.listed("admin/audit-log")
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        expect(staff.request(method, "admin/audit-log", json={}), 405)
        expect(staff.request(method, f"admin/audit-log/{line['id']}", json={}), 404)


async def test_a_suspended_agent_leaves_the_customers_to_the_queue(server, staff, public):
    user = await asyncio.to_thread(add, staff, "omar")
    omar = public.caller((await asyncio.to_thread(signed_in, public, "omar"))["access_token"])
    visit = await arrive(public)
    await asyncio.to_thread(omar.switch, visit.conversation_id, "human", agent_id="me")
    async with await Socket.visit(server, visit) as customer:
        await customer.expect("synced")
        await asyncio.to_thread(staff.patch, f"admin/users/{user['id']}", {"status": "suspended"})
        event = await customer.expect("conversation.updated")
        assert event["data"]["changes"]["owner"]["kind"] == "none"
    assert (await asyncio.to_thread(staff.conversation, visit.conversation_id))["owner"]["kind"] == "none"


# Two nodes


@pytest.fixture(scope="module")
def cluster(template):
    with Cluster(template) as made:
        yield made.start()


@pytest.fixture(scope="module")
def boss(cluster) -> Api:
    return admin(cluster["a"])


@pytest.fixture(scope="module")
def nodes(cluster) -> list[Api]:
    return [Api(cluster[name].base_url) for name in ("a", "b")]


async def on_both(cluster, nodes: list[Api], name: str) -> tuple[dict, list[Socket]]:
    """Somebody with a socket on either node, whom both nodes know from a request."""
    login = await asyncio.to_thread(signed_in, nodes[0], name)
    sockets = [await Socket.agent(cluster[each], login["access_token"]) for each in ("a", "b")]
    for socket in sockets:
        await socket.expect("synced")
    for node in nodes:
        expect(await asyncio.to_thread(node.caller(login["access_token"]).get, "users/me"), 200)
    return login, sockets


async def all_end(nodes: list[Api], login: dict, sockets: list[Socket], since: float):
    """Tokens are refused and sockets closed on both nodes, within a second of the change's answer."""
    for socket in sockets:
        assert await socket.expect_close(5) == 4503
    took = time.monotonic() - since
    assert took < A_SECOND, f"{took:.2f} s"
    for node in nodes:
        refused = await asyncio.to_thread(node.caller(login["access_token"]).get, "users/me")
        expect(refused, 401, "token_revoked")
    took = time.monotonic() - since
    assert took < A_SECOND, f"{took:.2f} s"


async def test_a_suspension_ends_tokens_and_sockets_on_every_node(cluster, boss, nodes):
    user = await asyncio.to_thread(add, boss, "pia")
    login, sockets = await on_both(cluster, nodes, "pia")
    at = time.monotonic()
    expect(await asyncio.to_thread(boss.patch, f"admin/users/{user['id']}", {"status": "suspended"}), 200)
    await all_end(nodes, login, sockets, at)
    for node in nodes:
        expect(node.post("auth/refresh", {"refresh_token": login["refresh_token"]}), 401, "token_revoked")
        expect(node.post("auth/login", {"email": "pia@example.com", "password": PASSWORD}), 401)


async def test_a_changed_role_ends_tokens_and_sockets_on_every_node(cluster, boss, nodes):
    role = expect(
        boss.post("admin/roles", {"name": "Lead", "permissions": ["conversations:read", "contacts:read"]}), 201
    )
    await asyncio.to_thread(add, boss, "quinn", "Lead")
    login, sockets = await on_both(cluster, nodes, "quinn")
    at = time.monotonic()
    expect(await asyncio.to_thread(boss.patch, f"admin/roles/{role['id']}", {"permissions": ["contacts:read"]}), 200)
    await all_end(nodes, login, sockets, at)
    # With a new token comes the new right.
    fresh = expect(nodes[1].post("auth/refresh", {"refresh_token": login["refresh_token"]}), 200)
    assert fresh["user"]["permissions"] == ["contacts:read"]
    for node in nodes:
        caller = node.caller(fresh["access_token"])
        expect(caller.get("contacts"), 200)
        expect(caller.get("chat/conversations"), 403)


async def test_another_role_ends_tokens_and_sockets_on_every_node(cluster, boss, nodes):
    user = await asyncio.to_thread(add, boss, "rosa")
    login, sockets = await on_both(cluster, nodes, "rosa")
    at = time.monotonic()
    expect(await asyncio.to_thread(boss.patch, f"admin/users/{user['id']}", {"role": "supervisor"}), 200)
    await all_end(nodes, login, sockets, at)


async def test_a_deletion_and_an_ended_session_reach_every_node(cluster, boss, nodes):
    user = await asyncio.to_thread(add, boss, "sven")
    path = f"admin/users/{user['id']}"
    login, sockets = await on_both(cluster, nodes, "sven")
    (session,) = await asyncio.to_thread(boss.listed, f"{path}/sessions")
    at = time.monotonic()
    expect(await asyncio.to_thread(boss.delete, f"{path}/sessions/{session['id']}"), 204)
    await all_end(nodes, login, sockets, at)
    login, sockets = await on_both(cluster, nodes, "sven")
    at = time.monotonic()
    expect(await asyncio.to_thread(boss.delete, path), 204)
    await all_end(nodes, login, sockets, at)


def test_of_admins_who_throw_each_other_out_one_stays(boss, nodes):
    """Over both nodes at once; the first admin, who is none of them, is out of it before."""
    names = [f"admin{number}" for number in range(6)]
    users = {name: add(boss, name, "admin") for name in names}
    callers = [
        nodes[number % 2].caller(signed_in(nodes[number % 2], name)["access_token"])
        for number, name in enumerate(names)
    ]
    first = expect(boss.get("users/me"), 200)
    expect(callers[0].patch(f"admin/users/{first['id']}", {"role": "agent"}), 200)

    def demote(caller: Api, user: dict) -> int:
        return caller.patch(f"admin/users/{user['id']}", {"role": "agent"}).status_code

    with ThreadPoolExecutor(12) as threads:
        tasks = [threads.submit(demote, caller, user) for caller in callers for user in users.values()]
        statuses = {task.result() for task in tasks}
    assert statuses <= {200, 401, 403, 409}, statuses
    left = [name for name in names if signed_in(nodes[0], name)["user"]["role"] == "admin"]
    assert len(left) == 1
    # And that one puts the others back.
    boss_now = nodes[1].caller(signed_in(nodes[1], left[0])["access_token"])
    expect(boss_now.patch(f"admin/users/{first['id']}", {"role": "admin"}), 200)
