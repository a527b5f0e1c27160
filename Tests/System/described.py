"""Every answer that a test gets, held against what the server says of itself in `/openapi.json`."""

import functools
import re

import httpx
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

URI = "urn:description"
JSON_TYPES = {"application/json", "application/problem+json"}


class Description:
    """The document as a judge of answers."""

    def __init__(self, document: dict):
        self.document = document
        self.registry = Registry().with_resource(URI, Resource(contents=document, specification=DRAFT202012))
        self.routes = [(self.pattern(path), path, methods) for path, methods in document["paths"].items()]
        # What is written out comes before what a parameter stands for.
        self.routes.sort(key=lambda route: route[1].count("{"))

    @staticmethod
    def pattern(path: str) -> re.Pattern:
        parts = re.split(r"\{([^}]+)\}", path)
        text = "".join(
            re.escape(part) if index % 2 == 0 else ".+" if part == "path" else "[^/]+"
            for index, part in enumerate(parts)
        )
        return re.compile(f"^{text}/?$")

    def resolve(self, pointer: str):
        """What stands at a place such as `/components/responses/404.not_found`."""
        value = self.document
        for step in pointer.split("/")[1:]:
            value = value[step.replace("~1", "/").replace("~0", "~")]
        return value

    @functools.lru_cache(maxsize=4096)  # noqa: B019, one description per process
    def validator(self, place: str, media: str) -> Draft202012Validator:
        pointer = f"{place}/content/{escaped(media)}/schema"
        return Draft202012Validator({"$ref": f"{URI}#{pointer}"}, registry=self.registry)

    def check(self, response: httpx.Response):
        """What the description says of this operation must cover the answer: status, type, body."""
        request = response.request
        shown = f"{request.method} {request.url.path} → {response.status_code}"
        found = [(path, methods) for pattern, path, methods in self.routes if pattern.match(request.url.path)]
        if not found:
            assert response.status_code >= 400, f"{shown}: a path that is not described"
            return
        method = "get" if request.method == "HEAD" else request.method.lower()
        described = [(path, methods[method]) for path, methods in found if method in methods]
        if not described:
            allowed = response.status_code in (405, 204, 200) if method == "options" else response.status_code == 405
            assert allowed, f"{shown}: a method that is not described"
            return
        path, operation = described[0]
        answer = operation["responses"].get(str(response.status_code))
        assert answer is not None, f"{shown}: a status that {operation['operationId']} does not have"
        place = f"/paths/{escaped(path)}/{method}/responses/{response.status_code}"
        if "$ref" in answer:
            place = answer["$ref"].removeprefix("#")
            answer = self.resolve(place)
        self.check_headers(answer, response, shown)
        if request.method == "HEAD":
            return
        media = response.headers.get("content-type", "").split(";")[0].strip()
        content = answer.get("content") or {}
        if not media and not content:
            return
        assert media in content, f"{shown}: {media!r} is none of {sorted(content)}"
        if media not in JSON_TYPES:
            return
        response.read()
        validator = self.validator(place, media)
        error = next(validator.iter_errors(response.json()), None)
        assert error is None, f"{shown}: {describe(error)}\n{response.text[:1000]}"

    def check_headers(self, answer: dict, response: httpx.Response, shown: str):
        for name in ("Retry-After", "WWW-Authenticate"):
            described = name in (answer.get("headers") or {})
            assert not (described and name not in response.headers), f"{shown}: no {name}"


def escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


def describe(error) -> str:
    """The deepest reason: of several forms that were possible, of the one that came closest."""
    while error.context:
        error = max(error.context, key=lambda inner: len(inner.absolute_path))
    return f"{error.json_path}: {error.message[:300]}"


_description: Description | None = None


def description(base_url: str) -> Description | None:
    """That of the program under test, from the first server that can be asked."""
    global _description
    if _description is None:
        try:
            answer = httpx.get(f"{base_url}/openapi.json", timeout=30, trust_env=False)
        except httpx.TransportError:
            return None
        if answer.status_code != 200:
            return None
        _description = Description(answer.json())
    return _description


def check_described(response: httpx.Response):
    url = response.request.url
    judge = description(f"{url.scheme}://{url.netloc.decode()}")
    if judge is not None:
        judge.check(response)
