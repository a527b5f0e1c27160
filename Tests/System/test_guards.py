"""What holds for all routes: fields that nobody may set, hostile filters, cursors of others, heaps of labels,
and requests that are repeated while the process dies."""

import base64
import json
import threading
import time
from pathlib import Path

import httpx
import pytest
from api import Api, admin, expect
from world import UNKNOWN_ID, World

DOCUMENT = json.loads((Path(__file__).parents[2] / "docs/openapi.json").read_text())
# What a row holds and a request must not.
OTHERS = ["id", "workspace_id", "role", "permissions", "created_at", "access_version", "is_admin", "__proto__"]


def resolved(value: dict) -> dict:
    while "$ref" in value:
        place = DOCUMENT
        for step in value["$ref"].removeprefix("#/").split("/"):
            place = place[step.replace("~1", "/").replace("~0", "~")]
        value = place
    return value


def operations(*methods: str):
    for path, item in DOCUMENT["paths"].items():
        for method in methods:
            if method in item:
                yield method, path, item[method]


def bodies():
    """Every operation with a JSON body, with its example."""
    for method, path, operation in operations("post", "put", "patch"):
        content = resolved(operation.get("requestBody", {})).get("content", {}).get("application/json")
        if content:
            (example,) = [resolved(each)["value"] for each in content["examples"].values()]
            schema = resolved(content["schema"])
            yield pytest.param(method, path, example, schema, id=f"{method} {path}")


def parameters(operation: dict) -> list[dict]:
    return [resolved(each) for each in operation.get("parameters", [])]


def lists():
    """Every GET with parameters in its query."""
    for _, path, operation in operations("get"):
        names = [each["name"] for each in parameters(operation) if each["in"] == "query"]
        if names and operation.get("security"):
            yield pytest.param(path, names, id=path)


def pages():
    """Every list with a cursor."""
    for _, path, operation in operations("get"):
        found = parameters(operation)
        # Those by seq have no ids in their cursors.
        if {"cursor"} <= {each["name"] for each in found} and "after" not in {each["name"] for each in found}:
            yield pytest.param(path, id=path)


def filled(path: str, world: World) -> str:
    """A path about rows that are there, as far as the world has them."""
    names = {"contacts": "contact_id", "conversations": "id"}
    segments = path.split("/")
    for index, segment in enumerate(segments):
        if not segment.startswith("{"):
            continue
        kind = segments[index - 1]
        if kind == "conversations":
            segments[index] = world.visit.conversation_id
        elif kind == "sessions":
            segments[index] = world.visit.id
        elif kind == "contacts":
            segments[index] = world.visit.session[names["contacts"]]
        elif kind == "users":
            segments[index] = expect(world.staff.get("users/me"), 200)["id"]
        else:
            segments[index] = UNKNOWN_ID
    return "/".join(segments)


# Fields that are not the caller's


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize(("method", "path", "example", "schema"), list(bodies()))
def test_a_field_that_is_not_the_callers_to_set(world: World, method, path, example, schema):
    place = filled(path, world)
    for name in OTHERS:
        if name in schema.get("properties", {}):
            continue
        answer = world.staff.request(method.upper(), place, json={**example, name: "admin"})
        problem = expect(answer, 422, "unknown_field")
        assert [error["field"] for error in problem["errors"]] == [name]
    # Nor inside of what it may set.
    for name, value in example.items():
        inner = resolved(schema["properties"].get(name, {}))
        if isinstance(value, dict) and inner.get("additionalProperties") is False:
            answer = world.staff.request(method.upper(), place, json={**example, name: {**value, "role": "admin"}})
            expect(answer, 422, "unknown_field")


# Filters


HOSTILE = [
    "x" * 10_000,
    "\x00",
    "' OR 1=1 --",
    '"; DROP TABLE users; --',
    "%%%%%%%%",
    "_" * 200,
    "!" * 200,
    '{"$gt":""}',
    "*" * 200,
    'a" OR "b',
    "NEAR(a b)",
    "-" * 200,
    "(((((((((((((((((((((((((((((",
    "\u202e\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "-1",
    "99999999999999999999",
    "1e309",
    "NaN",
    "../../etc/passwd",
    "2026-02-30T25:61:61Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999Z",
]


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize(("path", "names"), list(lists()))
def test_hostile_filters(world: World, path, names):
    place = filled(path, world)
    for name in names:
        for value in HOSTILE:
            began = time.monotonic()
            answer = world.staff.request("GET", place, params={name: value})
            assert answer.status_code in (200, 404, 422), f"{name}={value[:40]!r}: {answer.text[:300]}"
            assert time.monotonic() - began < 5, f"{name}={value[:40]!r}"
    # All at once, the same ones again, and more than anybody reads.
    everything = [(name, value) for name in names for value in HOSTILE[1:]]
    answer = world.staff.request("GET", place, params=everything)
    assert answer.status_code in (200, 404, 422), answer.text[:300]
    many = [(f"p{number}", "1") for number in range(2_000)]
    assert world.staff.request("GET", place, params=many).status_code in (200, 404, 422)
    for escape in ["%", "%zz", "%00", "%ff%fe", "%c0%af"]:
        answer = world.staff.http.get(f"{place}?{names[0]}={escape}")
        assert answer.status_code in (200, 400, 404, 422), answer.text[:300]


# Cursors


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def two_of_each(api: Api):
    """Rows enough for a second page of most lists."""
    for number in range(2):
        contact = expect(api.post("contacts", {"name": f"Cursor {number}"}), 201)
        expect(api.post("chat/conversations", {"contact_id": contact["id"], "message": "hello"}), 201)
        expect(
            api.post("admin/knowledge/articles", {"title": f"Cursor {number}", "content": "text", "locale": "en"}), 201
        )
        expect(api.post("admin/teams", {"name": f"cursor-{number}-{time.monotonic_ns()}"}), 201)
        person = {"email": f"cursor-{time.monotonic_ns()}@example.com", "name": "Lee", "role": "customer"}
        expect(api.post("admin/users", {**person, "password": "correct horse battery"}), 201)


@pytest.fixture(scope="module")
def cursors(serve_module):
    """A server with two workspaces, and of each list of each the cursor of its second page, as far as it has one."""
    server = serve_module
    made = server.run("workspace", "create", "--slug", "other", "--name", "Other")
    assert made.returncode == 0, made.stderr
    person = ["--email", "boss@other.example", "--name", "Boss", "--role", "admin", "--workspace", "other"]
    made = server.run("user", "create", *person, "--password-stdin", input="a-long-password\n")
    assert made.returncode == 0, made.stderr
    public = Api(server.base_url)
    ours = admin(server)
    theirs = public.caller(public.login("boss@other.example", "a-long-password", "other")["access_token"])
    found = {}
    for name, api in (("ours", ours), ("theirs", theirs)):
        two_of_each(api)
        found[name] = {}
        for parameter in pages():
            (path,) = parameter.values
            if "{" in path:
                continue
            page = expect(api.request("GET", path, params={"limit": 1}), 200)
            if page["next_cursor"]:
                found[name][path] = page["next_cursor"]
    assert len(found["ours"]) >= 5, found
    return ours, theirs, found


@pytest.fixture(scope="module")
def serve_module():
    from server import Server

    with Server() as running:
        yield running.start()


@pytest.mark.parametrize("path", [each for each in pages() if "{" not in each.values[0]])
def test_a_cursor_that_is_not_the_lists_own(cursors, path):
    ours, _, found = cursors

    def ask(cursor: str) -> httpx.Response:
        return ours.request("GET", path, params={"cursor": cursor})

    own = found["ours"].get(path)
    nonsense = ["", " ", "x", "x" * 10_240, "=" * 100, "null", "../..", "%00", "\x00", "\U0001f600"]
    nonsense += [encoded(text) for text in ("", "a b c", "conversations 1 x")]
    if own:
        # One letter more or less, another, upside down.
        nonsense += [own + "A", own[:-2], own[::-1], own.swapcase()]
        decoded = base64.urlsafe_b64decode(own + "=" * (-len(own) % 4)).decode(errors="replace")
        parts = decoded.split(" ")
        for place in range(len(parts)):
            for other in ("", "0", "-1", "9" * 40, "x" * 90):
                text = " ".join(other if index == place else part for index, part in enumerate(parts))
                answer = ask(encoded(text))
                # A sort key of somebody's making is only another place of the same list.
                assert answer.status_code in (200, 422), answer.text
    for cursor in nonsense:
        answer = ask(cursor)
        expect(answer, 422, "validation_failed")
    for other, cursor in found["ours"].items():
        if other != path:
            expect(ask(cursor), 422, "validation_failed")


@pytest.mark.parametrize("path", [each for each in pages() if "{" not in each.values[0]])
def test_a_cursor_of_another_workspace_shows_nothing_of_it(cursors, path):
    ours, theirs, found = cursors
    cursor = found["theirs"].get(path)
    if cursor is None:
        pytest.skip("this list has one page")
    own = {json.dumps(each, sort_keys=True) for each in ours.listed(path)}
    answer = ours.request("GET", path, params={"cursor": cursor, "limit": 100})
    if answer.status_code == 422:
        return
    for item in expect(answer, 200)["items"]:
        assert json.dumps(item, sort_keys=True) in own


# Heaps


def test_ten_thousand_labels(world: World):
    room = f"chat/conversations/{world.visit.conversation_id}"
    for labels in (
        [f"label {number}" for number in range(10_000)],
        ["same"] * 10_000,
        ["x" * 10_000],
        [""],
        ["a\x00b"],
    ):
        expect(world.staff.patch(room, {"labels": labels}), 422, "validation_failed")
    assert expect(world.staff.get(room), 200)["labels"] == []


def test_heaps_of_other_things(world: World):
    many = [f"{number}" for number in range(10_000)]
    article = {"title": "t", "content": "c", "locale": "en", "questions": many}
    expect(world.staff.post("admin/knowledge/articles", article), 422, "validation_failed")
    expect(world.staff.post("admin/roles", {"name": "heap", "permissions": many}), 422, "validation_failed")
    expect(world.staff.post("admin/teams", {"name": "heap", "members": many}), 422, "validation_failed")
    inbox = {"name": "heap", "allowed_origins": [f"https://{each}.example" for each in many]}
    expect(world.staff.post("admin/inboxes", inbox), 422, "validation_failed")
    expect(world.staff.post("contacts", {"attributes": {each: 1 for each in many}}), 422, "validation_failed")
    deep = '{"attributes":' + '{"a":' * 20_000 + "1" + "}" * 20_001
    answer = world.staff.request("POST", "contacts", content=deep, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422), answer.text[:200]


# Idempotency-Key


def contacts_named(api: Api, name: str) -> int:
    return sum(1 for each in api.listed("contacts") if each["name"] == name)


def test_a_request_that_is_repeated_is_done_once(cursors):
    api, _, _ = cursors
    key = {"Idempotency-Key": "once-1"}
    first = api.post("contacts", {"name": "Once"}, headers=key)
    expect(first, 201)
    again = api.post("contacts", {"name": "Once"}, headers=key)
    expect(again, 201)
    assert again.content == first.content and again.headers["idempotency-replayed"] == "true"
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    expect(api.post("contacts", {"name": "Twice"}, headers=key), 409, "idempotency_conflict")
    assert contacts_named(api, "Once") == 1 and contacts_named(api, "Twice") == 0


def test_what_is_shown_once_is_not_shown_again(cursors):
    api, _, _ = cursors
    key = {"Idempotency-Key": "secret-1"}
    inbox = {"name": "Shown once"}
    secret = expect(api.post("admin/inboxes", inbox, headers=key), 201)["secret"]
    refused = api.post("admin/inboxes", inbox, headers=key)
    expect(refused, 409, "conflict")
    assert secret not in refused.text
    assert sum(1 for each in api.listed("admin/inboxes") if each["name"] == "Shown once") == 1


def test_no_request_is_done_twice_when_the_process_dies_under_it(serve):
    """Each round kills the process with requests under way, and repeats every one of them under its key."""
    server = serve()
    done: dict[str, bytes] = {}  # key → what the client was answered
    asked: list[str] = []
    for round_number in range(3):
        api = admin(server)
        stop = threading.Event()

        def work(worker: int, number: int = round_number, caller: Api = api, stop: threading.Event = stop):
            step = 0
            while not stop.is_set():
                key = f"{number}-{worker}-{step}"
                asked.append(key)
                try:
                    answer = caller.post("contacts", {"name": key}, headers={"Idempotency-Key": key})
                except httpx.TransportError:
                    return
                expect(answer, 201)
                done[key] = answer.content
                step += 1

        workers = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for each in workers:
            each.start()
        deadline = time.monotonic() + 30
        while len(done) < (round_number + 1) * 40 and time.monotonic() < deadline:
            time.sleep(0.01)
        server.kill()
        stop.set()
        for each in workers:
            each.join(30)
        server.start()
        api = admin(server)
        for key in asked:
            answer = api.post("contacts", {"name": key}, headers={"Idempotency-Key": key})
            # The process died between the two commits: done, and what was answered is not known.
            if answer.status_code == 503:
                assert key not in done
                continue
            expect(answer, 201)
            assert done.setdefault(key, answer.content) == answer.content
    names = [each["name"] for each in admin(server).listed("contacts")]
    assert sorted(names) == sorted(asked), "each exactly once"
