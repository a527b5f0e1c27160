"""Nothing of another workspace, nor of another customer, is ever visible: it does not exist."""

import pytest

from api import expect
from client import Socket
from world import UNKNOWN_ID, World

pytestmark = pytest.mark.usefixtures("nothing_changes")


def foreign_paths(world: World) -> list[tuple[str, str, dict | None]]:
    room = f"chat/conversations/{world.foreign_conversation}"
    return [
        ("GET", room, None),
        ("PATCH", room, {"priority": "high"}),
        ("GET", f"{room}/messages", None),
        ("POST", f"{room}/messages", {"content": "intruder"}),
        ("GET", f"{room}/events", None),
        ("POST", f"{room}/switch", {"to": "human"}),
        ("POST", f"{room}/read", {"seq": 1}),
        ("GET", f"contacts/{world.foreign_contact_id}", None),
        ("POST", "chat/conversations", {"contact_id": world.foreign_contact_id}),
    ]


@pytest.mark.parametrize("index", range(9))
def test_another_workspaces_things_do_not_exist(world, index):
    method, path, body = foreign_paths(world)[index]
    answer = world.staff.request(method, path, json=body) if body else world.staff.request(method, path)
    assert answer.status_code == (422 if path == "chat/conversations" and answer.status_code == 422 else 404), (
        answer.text
    )
    # The same words as for what never was: nothing tells that it exists.
    never = path.replace(world.foreign_conversation, UNKNOWN_ID).replace(world.foreign_contact_id, UNKNOWN_ID)
    unknown_body = {**body, "contact_id": UNKNOWN_ID} if body and "contact_id" in body else body
    unknown = world.staff.request(method, never, json=unknown_body) if body else world.staff.request(method, never)
    assert {**answer.json(), "request_id": ""} == {**unknown.json(), "request_id": ""}


def test_lists_show_ones_own_workspace_alone(world):
    assert world.foreign_conversation not in [each["id"] for each in world.staff.listed("chat/conversations")]
    assert world.foreign_contact_id not in [each["id"] for each in world.staff.listed("contacts")]
    mine = [each["id"] for each in world.foreign_staff.listed("chat/conversations")]
    assert mine == [world.foreign_conversation]


def test_a_login_does_not_cross_workspaces(world):
    expect(world.public.post("auth/login", {"email": "boss@other.example", "password": "a-long-password"}), 401)
    expect(
        world.public.post(
            "auth/login", {"email": "admin@chatapi.com", "password": "admin123456", "workspace": "other"}
        ),
        401,
    )
    expect(
        world.public.post(
            "auth/login", {"email": "admin@chatapi.com", "password": "admin123456", "workspace": "nowhere"}
        ),
        401,
        "invalid_credentials",
    )


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "{room}", None),
        ("GET", "{room}/messages", None),
        ("GET", "{room}/events", None),
        ("POST", "{room}/messages", {"content": "intruder"}),
        ("POST", "{room}/switch", {"to": "human"}),
        ("POST", "{room}/read", {"seq": 1}),
        ("GET", "{session}", None),
        ("PATCH", "{session}", {"locale": "zh"}),
        ("POST", "{session}/ticket", None),
        ("DELETE", "{session}", None),
    ],
)
def test_another_customers_things_do_not_exist(world, method, path, body):
    room, session = f"chat/conversations/{world.stranger.conversation_id}", f"chat/sessions/{world.stranger.id}"
    path = path.format(room=room, session=session)
    answer = world.contact.request(method, path, json=body) if body else world.contact.request(method, path)
    expect(answer, 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "users/me", None),
        ("GET", "contacts", None),
        ("POST", "contacts", {"name": "x"}),
        ("GET", "chat/sessions", None),
        ("PATCH", "{room}", {"priority": "high"}),
        ("POST", "chat/conversations", {"contact_id": UNKNOWN_ID}),
        ("POST", "auth/ticket", None),
    ],
)
def test_staff_routes_are_not_for_customers(world, method, path, body):
    path = path.format(room=f"chat/conversations/{world.visit.conversation_id}")
    answer = world.contact.request(method, path, json=body) if body else world.contact.request(method, path)
    assert answer.status_code in (401, 403, 404), answer.text


def test_a_contact_does_not_see_what_is_for_staff(world):
    conversation = world.contact.conversation(world.visit.conversation_id)
    assert not {"priority", "labels", "inbox_id", "contact"} & set(conversation)
    assert "id" not in conversation["owner"]


async def test_typing_does_not_cross_workspaces(world):
    """The one frame that writes nothing must not be the one that is let through."""
    async with (
        await Socket.agent(world.server, world.foreign_staff.token) as foreign,
        await Socket.agent(world.server, world.staff.token) as agent,
    ):
        await foreign.expect("ready")
        await agent.expect("ready")
        await foreign.subscribe(world.foreign_conversation)
        answer = await agent.ask("typing", conversation_id=world.foreign_conversation)
        never = await agent.ask("typing", conversation_id=UNKNOWN_ID)
        await foreign.flush()
        assert not foreign.all("typing"), "somebody of another workspace is seen typing"
        assert (answer["type"], never["type"]) == ("error", "error"), answer
        assert answer["data"]["code"] == never["data"]["code"] == "not_found"
