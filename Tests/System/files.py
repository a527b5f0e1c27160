"""Files as people send them: bytes of several kinds, and uploads whole and broken."""

import socket
import struct
import zlib

import httpx

from api import API, Api, expect


def png(width: int = 2, height: int = 2, noise: bytes = b"") -> bytes:
    """A real image; `noise` makes it any size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"\x2a\x9d\x8f" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    extra = chunk(b"tEXt", b"noise\0" + noise) if noise else b""
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )


def upload(caller: Api, content: bytes, name: str = "photo.png", kind: str = "image/png", **options) -> httpx.Response:
    return caller.post("chat/attachments", files={"file": (name, content, kind)}, **options)


def uploaded(caller: Api, content: bytes, name: str = "photo.png", kind: str = "image/png") -> dict:
    return expect(upload(caller, content, name, kind), 201)


def form(content: bytes, head: str = 'form-data; name="file"; filename="a.png"', boundary: str = "b") -> bytes:
    opening = f"--{boundary}\r\nContent-Disposition: {head}\r\n\r\n".encode()
    return opening + content + f"\r\n--{boundary}--\r\n".encode()


def begin_upload(caller: Api, length: int, first: bytes) -> socket.socket:
    """An upload that has announced `length` bytes and sent the first of them."""
    host, port = caller.base_url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=30)
    connection.sendall(
        f"POST {API}/chat/attachments HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {caller.token}\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {length}\r\n\r\n".encode()
        + first
    )
    return connection


def stored(server) -> list:
    """Every file that the server keeps."""
    return [path for path in (server.data / "attachments").rglob("*") if path.is_file()]
