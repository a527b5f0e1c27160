"""Registering, invitations, one's own password and sign-ins, and the contact of a registered customer."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from api import Api, admin, expect
from client import Socket
from shapes import LOGIN, check

MODEL = "ok"
PASSWORD = "a long enough sentence"


def person(email: str, **fields) -> dict:
    return {"email": email, "password": PASSWORD, "name": "Ann", **fields}


def register(public: Api, email: str, **fields) -> Api:
    made = check(expect(public.post("auth/register", person(email, **fields)), 201), LOGIN)
    return public.caller(made["access_token"])


def test_whoever_registers_is_a_customer(public):
    ann = register(public, "ann@example.com")
    me = expect(ann.get("users/me"), 200)
    assert me["role"] == "customer" and me["permissions"] == [] and me["email"] == "ann@example.com"
    expect(public.post("auth/register", person("ANN@example.com")), 409, "email_taken")
    expect(ann.get("admin/users"), 403, "forbidden")


def test_of_many_who_register_the_same_address_one_does(public):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: public.post("auth/register", person("race@example.com")), range(8)))
    assert sorted(each.status_code for each in answers) == [201] + [409] * 7


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"email": "nobody"}, ("email", "invalid_email")),
        ({"password": "short"}, ("password", "too_short")),
        ({"password": "password123"}, ("password", "too_guessable")),
        ({"password": "rules@example.com"}, ("password", "too_guessable")),
        ({"invitation": "iv_made-up"}, ("invitation", "invalid_invitation")),
    ],
)
def test_rules_are_told(public, fields, problem):
    refused = expect(public.post("auth/register", {**person("rules@example.com"), **fields}), 422, "validation_failed")
    assert [(each["field"], each["code"]) for each in refused["errors"]] == [problem]


def test_closed_and_invited(serve):
    closed = Api(serve(REGISTRATION="closed").base_url)
    expect(closed.post("auth/register", person("ann@example.com")), 403, "forbidden")

    server = serve(REGISTRATION="invite")
    public, staff = Api(server.base_url), admin(server)
    expect(public.post("auth/register", person("ann@example.com")), 422, "validation_failed")
    invitation = expect(staff.post("admin/invitations", {"email": "ann@example.com", "role": "agent"}), 201)
    assert invitation["token"] not in server.logs()
    eve = person("eve@example.com", invitation=invitation["token"])
    expect(public.post("auth/register", eve), 422, "validation_failed")
    with ThreadPoolExecutor(4) as pool:
        body = person("ann@example.com", invitation=invitation["token"])
        answers = list(pool.map(lambda _: public.post("auth/register", body), range(4)))
    made = [each.json() for each in answers if each.status_code == 201]
    assert len(made) == 1 and made[0]["user"]["role"] == "agent"
    ann = public.caller(made[0]["access_token"])
    expect(ann.get("chat/conversations"), 200)
    expect(ann.post("admin/invitations", {}), 403, "forbidden")
    used = expect(staff.get("admin/invitations"), 200)["items"]
    assert [each["used_at"] is not None for each in used] == [True] and "token" not in used[0]


async def test_a_new_password_ends_the_other_sign_ins_and_their_sockets(server, public, staff):
    invitation = expect(staff.post("admin/invitations", {"role": "agent"}), 201)["token"]
    own = await asyncio.to_thread(register, public, "bea@example.com", invitation=invitation)
    other = await asyncio.to_thread(public.login, "bea@example.com", PASSWORD)
    mine, theirs = await Socket.agent(server, own.token), await Socket.agent(server, other["access_token"])
    await mine.expect("ready")
    await theirs.expect("ready")
    change = {"current_password": PASSWORD, "new_password": "another long sentence"}
    answer = await asyncio.to_thread(own.post, "users/me/password", change)
    assert answer.status_code == 204
    assert await theirs.expect_close(5) == 4503
    expect(await asyncio.to_thread(public.caller(other["access_token"]).get, "users/me"), 401, "token_revoked")
    refresh = {"refresh_token": other["refresh_token"]}
    expect(await asyncio.to_thread(public.post, "auth/refresh", refresh), 401, "token_revoked")
    await mine.send("ping")
    await mine.expect("pong")
    await mine.close()
    expect(await asyncio.to_thread(own.get, "users/me"), 200)
    wrong = expect(await asyncio.to_thread(own.post, "users/me/password", change), 422, "validation_failed")
    assert [(each["field"], each["code"]) for each in wrong["errors"]] == [("current_password", "wrong_password")]


def test_no_sign_in_with_the_old_password_survives_its_change(public):
    """Sign-ins under way while the password changes are either refused or ended with the others."""
    own = register(public, "race2@example.com")
    old = PASSWORD
    for turn in range(4):
        new = f"the sentence number {turn}"
        with ThreadPoolExecutor(7) as pool:
            body = {"email": "race2@example.com", "password": old}
            logins = [pool.submit(public.post, "auth/login", body) for _ in range(6)]
            change = pool.submit(own.post, "users/me/password", {"current_password": old, "new_password": new})
            assert change.result().status_code == 204
            answers = [each.result() for each in logins]
        for each in answers:
            if each.status_code == 200:
                expect(public.caller(each.json()["access_token"]).get("users/me"), 401, "token_revoked")
            else:
                expect(each, 401, "invalid_credentials")
        old = new


def test_one_sees_and_ends_ones_own_sign_ins(public):
    own = register(public, "cid@example.com")
    other = public.caller(public.login("cid@example.com", PASSWORD)["access_token"])
    sessions = expect(own.get("users/me/sessions"), 200)["items"]
    assert [each["current"] for each in sessions] == [False, True]
    assert all(each["address"] == "127.0.0.1" and each["user_agent"].startswith("python-httpx") for each in sessions)
    stranger = register(public, "dan@example.com")
    expect(stranger.delete(f"users/me/sessions/{sessions[0]['id']}"), 404, "not_found")
    assert own.delete(f"users/me/sessions/{sessions[0]['id']}").status_code == 204
    expect(other.get("users/me"), 401, "token_revoked")
    assert len(expect(own.get("users/me/sessions"), 200)["items"]) == 1


def test_a_customer_keeps_one_contact(public, staff):
    ann = register(public, "eva@example.com")
    with ThreadPoolExecutor(6) as pool:
        visits = list(pool.map(lambda _: ann.visit(), range(6)))
    assert len({each.session["contact_id"] for each in visits}) == 1
    contact = expect(staff.get(f"contacts/{visits[0].session['contact_id']}"), 200)
    assert contact["email"] is None and contact["claimed_email"] == "eva@example.com" and contact["name"] == "Ann"
    # A visit of the session's own is the same contact's as well.
    again = public.caller(visits[0].token).visit()
    assert again.session["contact_id"] == contact["id"]
    public.caller(visits[0].token).say(visits[0].conversation_id, "hello", client_message_id="1")
    expect(staff.post("chat/sessions"), 403, "forbidden")


def test_a_refresh_whose_answer_was_lost_is_given_again(public):
    own = expect(public.post("auth/register", person("fay@example.com")), 201)
    first = {"refresh_token": own["refresh_token"]}
    lost = expect(public.post("auth/refresh", first), 200)
    kept = expect(public.post("auth/refresh", first), 200)
    expect(public.caller(kept["access_token"]).get("users/me"), 200)
    # The one that was lost is nobody's: who has it has stolen it.
    expect(public.post("auth/refresh", {"refresh_token": lost["refresh_token"]}), 401, "token_revoked")
    expect(public.caller(kept["access_token"]).get("users/me"), 401, "token_revoked")
