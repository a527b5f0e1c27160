"""The description of the API, judged by tools that others wrote: is it OpenAPI, and does the server do what it says?"""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import openapi_spec_validator
import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

import artifacts
from api import Api, admin, expect
from browser import SHOW_SECONDS, Browser
from processes import REPOSITORY, poll
from server import Server

# Longer runs, with every phase for everybody, by this variable (`make soak`); seconds for each caller.
FUZZ_SECONDS = int(os.environ.get("CHAT_API_FUZZ_SECONDS") or 0)
# The same requests each time, so that a failure is a change of the code; a long run looks for new ones.
SEED = "20261123"

# Signing out is the one call that ends the run's own credentials whatever its parameters are. Others that could (an
# admin who deletes its own account, a contact that closes its own session) are kept, but are not given the caller's
# own ids: see `schemathesis_hooks.py`.
EXCLUDED = ["authLogout"]

# Where a request may be all that its schema says and be refused for what the schema cannot say. Elsewhere a 422 for a
# request that is valid by the schema fails the test.
JUDGED_BY_STATE = {
    "times that must lie in the future, or near each other": [
        "createApiKey", "updateConversation", "getStatsAi", "getStatsConversations", "getStatsOverview",
        "getStatsUsers",
    ],
    "names of what must exist: roles, members, time zones, invitations, files, other messages": [
        "createAuthRegister", "createInvitation", "createConversationMessage", "createTeam", "createUser", "updateTeam",
        "updateUser", "updateSettings", "createAttachment", "createConversation", "updateInbox", "createInbox",
    ],
    "passwords, which must not be well-known ones": ["userPassword", "usersMePassword"],
    "fields that do not go together": ["conversationSwitch", "contactMerge", "updateConversationMessage"],
}  # fmt: skip
ACCEPTED = ["2xx", "3xx", "401", "403", "404", "409", "412", "413", "415", "429", "503"]
REFUSED = ["400", "401", "403", "404", "405", "406", "409", "412", "413", "415", "422", "428", "429", "503"]


@dataclass
class Caller:
    """Somebody for whom requests are made up."""

    name: str
    token: str
    # Ids that stand for the caller itself.
    own: list[str]
    # Runs of a bounded test: phases, and further options.
    runs: list[list[str]] = field(default_factory=list)


@pytest.fixture(scope="module")
def described(server) -> dict:
    return expect(httpx.get(f"{server.base_url}/openapi.json", timeout=30), 200)


def test_it_is_openapi(described):
    openapi_spec_validator.validate(described)
    assert described["openapi"].startswith("3.1")


def test_the_verb_prints_what_the_server_hands_out(server, described):
    printed = server.run("openapi")
    assert printed.returncode == 0, printed.stderr
    assert json.loads(printed.stdout) == described


def test_examples_validate(described):
    registry = Registry().with_resource("urn:d", Resource(contents=described, specification=DRAFT202012))
    for name, example in described["components"]["examples"].items():
        validator = Draft202012Validator({"$ref": f"urn:d#/components/schemas/{name}"}, registry=registry)
        errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(example["value"])]
        assert not errors, f"{name}: {errors}"


def test_every_operation_says_who_may_call_it(described):
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            where = f"{method.upper()} {path}"
            assert operation["description"] and operation["summary"] and operation["tags"], where
            assert "security" in operation, where
            if path.startswith("/api/v1/admin/"):
                assert operation.get("x-permission"), f"{where}: no permission"
            if operation["security"] and {} not in operation["security"]:
                assert {"401", "403", "429"} <= set(operation["responses"]), where


# The pages


def policy(response: httpx.Response) -> dict[str, list[str]]:
    parts = [part.split() for part in response.headers["content-security-policy"].split(";")]
    return {part[0]: part[1:] for part in parts if part}


def check_page(response: httpx.Response) -> str:
    """A page of the documentation: nothing inline, no framing, nothing sniffed."""
    assert response.status_code == 200
    text = response.text
    assert "unsafe-inline" not in response.headers["content-security-policy"]
    assert response.headers["x-frame-options"] == "DENY"
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|style=", text), "something inline"
    return text


def test_the_page_takes_swagger_ui_from_a_pinned_cdn(server):
    page = httpx.get(f"{server.base_url}/docs", timeout=30)
    text = check_page(page)
    allowed = policy(page)
    assert allowed["script-src"] == ["'self'", "https://cdn.jsdelivr.net"]
    tags = re.findall(r'(?:src|href)="(https://[^"]+)"([^>]*)', text)
    assert len(tags) == 2
    for address, attributes in tags:
        assert re.search(r"@\d+\.\d+\.\d+/", address), f"{address} has no version"
        assert 'integrity="sha384-' in attributes and 'crossorigin="anonymous"' in attributes


def test_the_page_needs_no_other_origin_where_swagger_ui_is_installed(serve):
    server = serve(start=False)
    folder = server.data / "docs-assets"
    folder.mkdir()
    (folder / "swagger-ui.css").write_text("body {}")
    (folder / "swagger-ui-bundle.js").write_text("window.SwaggerUIBundle = () => {}")
    server.start()
    page = httpx.get(f"{server.base_url}/docs", timeout=30)
    text = check_page(page)
    assert policy(page)["script-src"] == ["'self'"] and "https://" not in text
    for name, kind in (("swagger-ui.css", "text/css"), ("swagger-ui-bundle.js", "text/javascript")):
        file = httpx.get(f"{server.base_url}/docs/assets/{name}", timeout=30)
        assert file.status_code == 200 and file.headers["content-type"].startswith(kind)
        assert file.text == (folder / name).read_text()
    for name in ("LICENSE", "..%2Fchat.db", "%2e%2e%2fjwt-secret", "jwt-secret"):
        assert httpx.get(f"{server.base_url}/docs/assets/{name}", timeout=30).status_code == 404


@pytest.mark.browser
def test_a_browser_shows_the_description(serve):
    """Swagger UI itself, under the page's own policy."""
    assets = artifacts.FOLDER / "docs-assets"
    if not (assets / "LICENSE").exists():
        script = [sys.executable, str(REPOSITORY / "Scripts/fetch-docs-assets"), str(assets)]
        fetched = subprocess.run(script, capture_output=True, text=True, timeout=300)
        if fetched.returncode != 0:
            pytest.skip(f"Swagger UI cannot be had here: {fetched.stderr[-200:]}")
    server = serve(start=False)
    shutil.copytree(assets, server.data / "docs-assets")
    server.start()
    document = httpx.get(f"{server.base_url}/openapi.json", timeout=30).json()
    operations = sum(len(methods) for methods in document["paths"].values())
    browser = Browser(artifacts.FOLDER)
    try:
        browser.driver.get(f"{server.base_url}/docs")
        shown = "return document.querySelectorAll('.opblock').length"
        poll(lambda: browser.run(shown) == operations, SHOW_SECONDS, "every operation on the page")
        browser.driver.get(f"{server.base_url}/docs/events")
        assert not browser.overflows()
        assert browser.complaints() == []
    finally:
        browser.driver.quit()


def test_the_page_of_the_sockets_names_every_frame(server):
    text = check_page(httpx.get(f"{server.base_url}/docs/events", timeout=30))
    for name in ("message.send", "message.created", "event.hidden", "reply.delta", "view.row", "drain", "4505"):
        assert f"<code>{name}</code>" in text or f">{name}<" in text, name


# Made-up requests


def caller(name: str, server: Server) -> Caller:
    """One of those for whom requests are made up, on a server that nobody else uses."""
    boss = admin(server)
    stateful = ["--phases", "stateful", "--max-examples", "12"]
    if name == "admin":
        return Caller(name, boss.token, own_ids(boss), [["--phases", "examples,coverage"], stateful])
    some = ["--phases", "examples,fuzzing", "--max-examples", "2"]
    if name == "agent":
        account = {"email": "fuzz@example.com", "password": "a pass phrase of some length"}
        expect(boss.post("admin/users", {**account, "name": "Fuzz", "role": "agent"}), 201)
        agent = boss.caller(boss.login(account["email"], account["password"])["access_token"])
        return Caller(name, agent.token, own_ids(agent), [some, stateful])
    visit = boss.caller(None).visit(contact={"name": "Visitor"})
    return Caller(name, visit.token, [visit.id, visit.session["contact_id"]], [some, stateful])


def own_ids(user: Api) -> list[str]:
    return [expect(user.get("users/me"), 200)["id"]] + [each["id"] for each in user.listed("users/me/sessions")]


@pytest.mark.timeout(600 + 3 * FUZZ_SECONDS)
@pytest.mark.parametrize("name", ["admin", "agent", "visitor"])
def test_no_made_up_request_finds_a_fault(serve, name: str, tmp_path: Path):
    """No 5xx, no status, type or body that is not described, nothing invalid accepted and nothing valid refused."""
    server = serve()
    who = caller(name, server)
    configuration = tmp_path / "schemathesis.toml"
    configuration.write_text(configuration_text())
    runs = who.runs
    if FUZZ_SECONDS:
        runs = [["--phases", "examples,coverage,fuzzing,stateful", "--max-time", str(FUZZ_SECONDS)]]
    for number, options in enumerate(runs):
        outcome = run(server, who, configuration, options + ([] if FUZZ_SECONDS else ["--seed", SEED]))
        log = artifacts.FOLDER / f"schemathesis-{name}-{number}.log"
        log.write_text(outcome.stdout + outcome.stderr)
        assert outcome.returncode == 0, f"{' '.join(options)}, see {log}:\n{outcome.stdout[-6000:]}"
    assert server.running
    alive = Api(server.base_url, who.token).get("users/me" if name != "visitor" else f"chat/sessions/{who.own[0]}")
    assert alive.status_code == 200, "the run has ended its own credentials, so it has tested nothing after that"


def run(server: Server, who: Caller, configuration: Path, options: list[str]) -> subprocess.CompletedProcess:
    command = [str(Path(sys.executable).with_name("st")), "--config-file", str(configuration), "run"]
    command += [f"{server.base_url}/openapi.json", "-H", f"Authorization: Bearer {who.token}"]
    for operation in EXCLUDED:
        command += ["--exclude-operation-id", operation]
    command += ["--checks", "all", "--generation-database", "none", "--no-color", "--warnings", "off", *options]
    environment = {**os.environ, "CHAT_API_OWN_IDS": " ".join(who.own), "PYTHONPATH": str(Path(__file__).parent)}
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=configuration.parent)


def configuration_text() -> str:
    """A precondition, and a few rules, speak of the state and not of the request."""
    judged = [operation for operations in JUDGED_BY_STATE.values() for operation in operations]
    return f"""
hooks = "schemathesis_hooks"
[checks]
positive_data_acceptance.expected-statuses = {json.dumps(ACCEPTED)}
negative_data_rejection.expected-statuses = {json.dumps(REFUSED)}
[[operations]]
include-operation-id = {json.dumps(judged)}
checks.positive_data_acceptance.expected-statuses = {json.dumps([*ACCEPTED, "422"])}
# A cursor is good for the list that gave it, and an id for what it was given to.
[[operations]]
include-method = "GET"
include-path-regex = "^/api/v1/"
checks.positive_data_acceptance.expected-statuses = {json.dumps([*ACCEPTED, "422"])}
"""
