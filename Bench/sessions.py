"""Visits, made as fast as the server lets them be: over a few kept connections, one request under way on each."""

import json
import socket

CONNECTIONS = 16


class Visit:
    """A session of a new visitor: its conversation, and the credential of its socket."""

    def __init__(self, made: dict):
        self.id = made["session"]["id"]
        self.conversation = made["session"]["conversation_id"]
        self.token = made["session_token"]


def make(port: int, count: int) -> list[Visit]:
    request = (
        b"POST /api/v1/chat/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Content-Length: 2\r\n\r\n{}")
    return [Visit(json.loads(body)) for body in exchange(port, [request] * count, 201)]


def exchange(port: int, requests: list[bytes], status: int) -> list[bytes]:
    """The bodies of the answers, in order."""
    connections = [socket.create_connection(("127.0.0.1", port), 30) for _ in range(min(CONNECTIONS, len(requests)))]
    readers = [each.makefile("rb") for each in connections]
    try:
        bodies = []
        for begin in range(0, len(requests), len(connections) or 1):
            batch = requests[begin : begin + len(connections)]
            for connection, request in zip(connections, batch, strict=False):
                connection.sendall(request)
            bodies += [_body(reader, status) for reader, _ in zip(readers, batch, strict=False)]
        return bodies
    finally:
        for each in (*readers, *connections):
            each.close()


def _body(reader, status: int) -> bytes:
    line, length = reader.readline(), 0
    while (head := reader.readline().lower()) not in (b"\r\n", b""):
        if head.startswith(b"content-length:"):
            length = int(head[15:])
    body = reader.read(length)
    if line[9:12] != b"%d" % status:
        raise RuntimeError(f"{line!r}: {body[:500]!r}")
    return body
