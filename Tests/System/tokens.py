"""JWTs made by hand, for tests that forge them."""

import base64
import hashlib
import hmac
import json


def _part(value: dict | bytes) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def read(token: str) -> tuple[dict, dict]:
    """Header and claims, unverified."""
    header, claims, _ = token.split(".")
    return tuple(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in (header, claims))


def sign(header: dict, claims: dict, secret: str, algorithm=hashlib.sha256) -> str:
    body = f"{_part(header)}.{_part(claims)}"
    return f"{body}.{_part(hmac.new(secret.encode(), body.encode(), algorithm).digest())}"


def unsigned(header: dict, claims: dict) -> str:
    return f"{_part(header)}.{_part(claims)}."
