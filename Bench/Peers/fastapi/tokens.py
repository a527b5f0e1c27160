"""Who somebody is: a signed token, checked on each request and at each handshake."""

import os
from dataclasses import dataclass

import jwt

SECRET = os.environ["JWT_SECRET"]


@dataclass(slots=True)
class Principal:
    kind: str  # "contact" or "agent"
    id: str
    name: str | None
    conversation_id: str | None  # A contact's only one.


def principal(token: str) -> Principal | None:
    """None when the token was not signed by us, or is no longer valid."""
    try:
        claims = jwt.decode(token, SECRET, algorithms=["HS256"], options={"require": ["exp", "sub"]})
    except jwt.InvalidTokenError:
        return None
    return Principal(claims.get("kind", ""), claims["sub"], claims.get("name"), claims.get("conversation_id"))
