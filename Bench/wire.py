"""A WebSocket client that does no more than a measurement needs."""

import json
import socket
import time

LARGEST_READ = 262_144


def frame(payload: bytes, opcode: int = 1) -> bytes:
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return bytes([0x80 | opcode]) + length + b"\0\0\0\0" + payload


class Socket:
    """A WebSocket that does no more than the measurement needs."""

    def __init__(self, port: int, path: str, token: str | None = None):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""
        self.pings: list[int] = []  # When the server's heartbeats came, in nanoseconds.
        bearer = f"Authorization: Bearer {token}\r\n" if token else ""
        self.socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{bearer}"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = self.socket.recv(1)
            if not byte:
                raise RuntimeError(f"the handshake was refused: {head!r}")
            head += byte
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise RuntimeError(f"the handshake was refused: {head!r}")

    def send(self, value: dict):
        self.socket.sendall(frame(json.dumps(value).encode()))

    def payloads(self) -> list[bytes]:
        """Text frames of one read."""
        data = self.socket.recv(LARGEST_READ)
        if not data:
            raise RuntimeError("the server closed a socket")
        data = self.rest + data
        found, at, size = [], 0, len(data)
        while size - at >= 2:
            opcode, length, start = data[at] & 15, data[at + 1], at + 2
            if length > 125:
                wide = 2 if length == 126 else 8
                if size - start < wide:
                    break
                length, start = int.from_bytes(data[start : start + wide], "big"), start + wide
            if start + length > size:
                break
            at = start + length
            if opcode == 1:
                found.append(data[start:at])
            elif opcode == 9:
                self.pings.append(time.monotonic_ns())
                self.socket.sendall(frame(data[start:at], 10))
            elif opcode == 8:
                raise RuntimeError(f"the server closed a socket: {data[start:at]!r}")
        self.rest = data[at:]
        return found

    def wait_for(self, kind: str, count: int = 1):
        mark = f'"type":"{kind}"'.encode()
        while count > 0:
            count -= sum(mark in payload for payload in self.payloads())
