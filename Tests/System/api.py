"""HTTP as a client of the contract sees it. Every answer, whatever the test is about, is held to the common rules."""

import re
from dataclasses import dataclass

import httpx

from described import check_described
from server import ADMIN_EMAIL, ADMIN_PASSWORD, Server

API = "/api/v1"
TIMEOUT_SECONDS = 60

# Contract, "Errors": which codes may stand beside which status.
PROBLEM_CODES = {
    400: {"malformed_json"},
    401: {"unauthenticated", "invalid_credentials", "token_expired", "token_revoked"},
    403: {"forbidden"},
    404: {"not_found"},
    405: {"method_not_allowed"},
    409: {
        "conflict",
        "email_taken",
        "invalid_transition",
        "idempotency_conflict",
        "stale_owner",
        "conversation_closed",
    },
    412: {"precondition_failed"},
    413: {"too_large"},
    415: {"unsupported_media_type"},
    422: {"validation_failed", "unknown_field"},
    429: {"rate_limited", "locked_out"},
    503: {"unavailable"},
}
SANE_REQUEST_ID = re.compile(r"^[\x21-\x7e]{1,128}$")
# What would betray the inside of the server in a problem.
INTERNALS = re.compile(r"sqlite|grdb|swift|/work/|/tmp/|fatal|stack", re.IGNORECASE)


def check_response(response: httpx.Response):
    """The rules that hold for every answer: request id, node id, problem details, no internals."""
    where = f"{response.request.method} {response.request.url.path} → {response.status_code}"
    assert SANE_REQUEST_ID.match(response.headers.get("x-request-id", "")), f"{where}: no X-Request-ID"
    assert response.headers.get("x-node-id"), f"{where}: no X-Node-ID"
    if response.status_code < 400 or response.request.url.path.startswith("/health"):
        return
    response.read()
    kind = response.headers.get("content-type", "")
    assert kind.startswith("application/problem+json"), f"{where}: content type {kind!r}, body {response.text[:200]!r}"
    problem = response.json()
    assert problem["status"] == response.status_code, f"{where}: {problem}"
    assert problem["type"] == "about:blank" and problem["title"], f"{where}: {problem}"
    assert problem["request_id"] == response.headers["x-request-id"], f"{where}: {problem}"
    allowed = PROBLEM_CODES.get(response.status_code)
    assert allowed is not None, f"{where}: a status the contract does not name: {problem}"
    assert problem["code"] in allowed, f"{where}: code {problem['code']!r}"
    for error in problem.get("errors") or []:
        assert error.get("field") is not None and error.get("code") and error.get("message"), f"{where}: {problem}"
    assert not INTERNALS.search(problem.get("detail") or ""), f"{where}: internals in {problem}"
    if response.status_code == 429:
        assert int(response.headers["retry-after"]) >= 0, f"{where}: no Retry-After"
    if response.status_code == 405:
        assert response.headers.get("allow"), f"{where}: no Allow"
    if response.status_code >= 500:
        assert not problem.get("errors"), f"{where}: a server's fault blames fields: {problem}"


@dataclass
class Visit:
    """A contact's session as `POST /chat/sessions` returned it."""

    session: dict
    token: str
    websocket_url: str

    @property
    def id(self) -> str:
        return self.session["id"]

    @property
    def conversation_id(self) -> str:
        return self.session["conversation_id"]


class Api:
    """One caller: a base URL and perhaps a token. May be used from any thread."""

    def __init__(self, base_url: str, token: str | None = None):
        self.base_url = base_url
        self.token = token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.http = httpx.Client(
            base_url=base_url,
            headers=headers,
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
            event_hooks={"response": [check_response, check_described]},
            limits=httpx.Limits(max_connections=50, max_keepalive_connections=10),
        )

    def caller(self, token: str | None) -> "Api":
        return Api(self.base_url, token)

    def request(self, method: str, path: str, **options) -> httpx.Response:
        return self.http.request(method, path if path.startswith("/") else f"{API}/{path}", **options)

    def get(self, path: str, **query) -> httpx.Response:
        return self.request("GET", path, params={key: value for key, value in query.items() if value is not None})

    def post(self, path: str, body=None, **options) -> httpx.Response:
        return (
            self.request("POST", path, json=body, **options)
            if body is not None
            else self.request("POST", path, **options)
        )

    def patch(self, path: str, body, **options) -> httpx.Response:
        return self.request("PATCH", path, json=body, **options)

    def delete(self, path: str, **options) -> httpx.Response:
        return self.request("DELETE", path, **options)

    # The verbs that nearly every test needs.

    def login(self, email: str = ADMIN_EMAIL, password: str = ADMIN_PASSWORD, workspace: str | None = None) -> dict:
        body = {"email": email, "password": password}
        if workspace:
            body["workspace"] = workspace
        return expect(self.post("auth/login", body), 200)

    def visit(self, token: str | None = None, **body) -> Visit:
        """Opens a chat session as a visitor, or as the contact whose token is given."""
        caller = self.caller(token) if token else self
        made = expect(caller.post("chat/sessions", body), 201)
        return Visit(made["session"], made["session_token"], made["websocket_url"])

    def ticket(self, visit: Visit) -> str:
        return expect(self.caller(visit.token).post(f"chat/sessions/{visit.id}/ticket"), 201)["ticket"]

    def conversation(self, conversation_id: str) -> dict:
        return expect(self.get(f"chat/conversations/{conversation_id}"), 200)

    def say(self, conversation_id: str, content: str, **fields) -> dict:
        return expect(
            self.post(f"chat/conversations/{conversation_id}/messages", {"content": content, **fields}), (200, 201)
        )

    def switch(self, conversation_id: str, to: str, **fields) -> dict:
        return expect(self.post(f"chat/conversations/{conversation_id}/switch", {"to": to, **fields}), 200)

    def messages(self, conversation_id: str) -> list[dict]:
        return self.by_seq(f"chat/conversations/{conversation_id}/messages")[0]

    def events(self, conversation_id: str) -> list[dict]:
        return self.by_seq(f"chat/conversations/{conversation_id}/events")[0]

    def by_seq(self, path: str) -> tuple[list[dict], int]:
        """All pages of a list by seq, ascending, and the last page's head."""
        items, after = [], 0
        while True:
            page = expect(self.get(path, after=after, limit=200), 200)
            assert len(page["items"]) <= 200
            seqs = [item["seq"] for item in page["items"]]
            assert seqs == sorted(seqs) and len(set(seqs)) == len(seqs), f"not ascending: {seqs}"
            assert not seqs or seqs[0] > after, f"after={after} gave {seqs[0]}"
            items += page["items"]
            if not page["items"]:
                return items, page["head_seq"]
            after = seqs[-1]

    def listed(self, path: str, **query) -> list[dict]:
        """All pages of a list with a cursor."""
        items, cursor = [], None
        while True:
            page = expect(self.get(path, limit=100, cursor=cursor, **query), 200)
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return items


def expect(response: httpx.Response, status: int | tuple[int, ...], code: str | None = None):
    """The body of an answer that must have this status (and, for a problem, this code)."""
    statuses = status if isinstance(status, tuple) else (status,)
    shown = f"{response.request.method} {response.request.url.path} → {response.status_code} {response.text[:400]}"
    assert response.status_code in statuses, f"wanted {status}: {shown}"
    if not response.content:
        assert code is None, f"wanted {code}: {shown}"
        return None
    body = response.json()
    if code is not None:
        assert body["code"] == code, f"wanted {code}: {shown}"
    return body


def admin(server: Server) -> Api:
    """The seeded administrator, signed in."""
    visitor = Api(server.base_url)
    return visitor.caller(visitor.login()["access_token"])
