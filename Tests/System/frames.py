"""WebSocket by hand (RFC 6455): every byte under the test's control, and every byte of the server's looked at."""

import base64
import contextlib
import hashlib
import json
import os
import socket
import struct
import time
from dataclasses import dataclass

from server import Server

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
DEADLINE_SECONDS = 10


@dataclass(frozen=True)
class Frame:
    opcode: int
    payload: bytes
    fin: bool = True

    @property
    def close_code(self) -> int | None:
        return struct.unpack(">H", self.payload[:2])[0] if len(self.payload) >= 2 else None


def encode(
    payload: bytes,
    opcode: int = TEXT,
    fin: bool = True,
    rsv: int = 0,
    masked: bool = True,
    mask: bytes | None = None,
    length: int | None = None,
    form: int | None = None,
) -> bytes:
    """One client frame. `length` lies about the size; `form` forces the 7 (0), 16 (126) or 64 (127) bit form."""
    size = len(payload) if length is None else length
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    flag = 0x80 if masked else 0
    if form is None:
        form = 0 if size < 126 else 126 if size < 65536 else 127
    if form == 0:
        head = struct.pack(">BB", first, flag | size)
    elif form == 126:
        head = struct.pack(">BBH", first, flag | 126, size)
    else:
        head = struct.pack(">BBQ", first, flag | 127, size)
    if not masked:
        return head + payload
    key = os.urandom(4) if mask is None else mask
    return head + key + bytes(byte ^ key[index % 4] for index, byte in enumerate(payload))


def close(code: int | None = None, reason: bytes = b"") -> bytes:
    return encode(b"" if code is None else struct.pack(">H", code) + reason, CLOSE)


def envelope(kind: str, data: dict | None = None, **fields) -> bytes:
    return json.dumps({"type": kind, **fields, "data": data or {}}, ensure_ascii=False).encode()


class Violation(AssertionError):
    """The server broke RFC 6455."""


class Wire:
    """One TCP connection. Before the upgrade it speaks HTTP, after it frames."""

    def __init__(self, server: Server):
        self.server = server
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_):
        self.socket.close()

    # Bytes

    def send(self, data: bytes):
        self.socket.sendall(data)

    def send_slowly(self, data: bytes):
        """One byte per segment: the next goes out only after the peer's kernel has the last."""
        for index in range(len(data)):
            self.socket.sendall(data[index : index + 1])
            self.settle()

    def settle(self):
        """Waits until the peer's TCP has acknowledged everything sent (SIOCOUTQ is 0)."""
        import fcntl

        end = time.monotonic() + DEADLINE_SECONDS
        while struct.unpack("i", fcntl.ioctl(self.socket, 0x5411, b"\0" * 4))[0]:
            assert time.monotonic() < end, "the peer does not take the bytes"
            time.sleep(0)

    def _fill(self, deadline: float) -> bool:
        """Reads some more; False at the end of the stream."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"nothing for {DEADLINE_SECONDS} s; so far {self.buffer[:200]!r}")
        self.socket.settimeout(left)
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self.buffer += data
        return bool(data)

    def _take(self, count: int, deadline: float) -> bytes:
        while len(self.buffer) < count:
            if not self._fill(deadline):
                raise EOFError(f"the server ended the connection, left over {self.buffer!r}")
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def ended(self, seconds: float = DEADLINE_SECONDS) -> bool:
        """Whether the server ends the TCP connection in time, whatever it still sends before."""
        deadline = time.monotonic() + seconds
        try:
            while self._fill(deadline):
                pass
        except TimeoutError:
            return False
        return True

    # HTTP

    def request(self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> bytes:
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.server.port}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body

    def status(self) -> int:
        """The status of an HTTP answer whose rest does not matter."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while b"\r\n" not in self.buffer:
            if not self._fill(deadline):
                raise EOFError(f"the server ended the connection, left over {self.buffer!r}")
        return int(self.buffer.split(b" ", 2)[1])

    def answer(self, seconds: float = DEADLINE_SECONDS) -> tuple[int, dict[str, str], bytes]:
        """One HTTP answer; its body too, except of a 101."""
        deadline = time.monotonic() + seconds
        while b"\r\n\r\n" not in self.buffer:
            if not self._fill(deadline):
                raise EOFError(f"the server ended the connection, left over {self.buffer!r}")
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        status = int(first.split(" ")[1])
        headers = {name.lower().strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if status == 101 or status == 204:
            return status, headers, b""
        if headers.get("transfer-encoding") == "chunked":
            return status, headers, self._chunks(deadline)
        return status, headers, self._take(int(headers.get("content-length", 0)), deadline)

    def _chunks(self, deadline: float) -> bytes:
        body = b""
        while True:
            while b"\r\n" not in self.buffer:
                if not self._fill(deadline):
                    raise EOFError("the server ended the connection within a body")
            line, self.buffer = self.buffer.split(b"\r\n", 1)
            size = int(line, 16)
            body += self._take(size, deadline)
            self._take(2, deadline)
            if size == 0:
                return body

    def upgrade_headers(self, token: str | None = None, **changes: str | None) -> dict[str, str]:
        self.key = base64.b64encode(os.urandom(16)).decode()
        headers = {
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": self.key,
            "Sec-WebSocket-Version": "13",
        }
        if token:
            headers["Authorization"] = f"Bearer {token}"
        for name, value in changes.items():
            header = name.replace("_", "-")
            headers.pop(header, None)
            if value is not None:
                headers[header] = value
        return headers

    def upgrade(self, path: str, token: str | None = None) -> dict[str, str]:
        """The handshake; fails unless it succeeds in the form of the RFC."""
        self.send(self.request("GET", path, self.upgrade_headers(token)))
        return self.upgraded()

    def upgraded(self) -> dict[str, str]:
        status, headers, body = self.answer()
        assert status == 101, f"{status} {body!r}"
        wanted = base64.b64encode(hashlib.sha1((self.key + GUID).encode()).digest()).decode()
        assert headers["sec-websocket-accept"] == wanted
        assert headers["upgrade"].lower() == "websocket" and headers["connection"].lower() == "upgrade"
        return headers

    # Frames

    def frame(self, seconds: float = DEADLINE_SECONDS) -> Frame:
        """The server's next frame, held to the rules for servers: unmasked, whole, shortest length, no extension."""
        deadline = time.monotonic() + seconds
        first, second = self._take(2, deadline)
        if first & 0x70:
            raise Violation(f"RSV bits in {first:#x}")
        if second & 0x80:
            raise Violation("a masked frame from the server")
        size = second & 0x7F
        if size == 126:
            size = struct.unpack(">H", self._take(2, deadline))[0]
            if size < 126:
                raise Violation(f"{size} bytes in the 16 bit form")
        elif size == 127:
            size = struct.unpack(">Q", self._take(8, deadline))[0]
            if size < 65536:
                raise Violation(f"{size} bytes in the 64 bit form")
        opcode, fin = first & 0x0F, bool(first & 0x80)
        if opcode >= 8 and (size > 125 or not fin):
            raise Violation("a control frame that is long or in fragments")
        if opcode not in (CONTINUATION, TEXT, CLOSE, PING, PONG):
            raise Violation(f"opcode {opcode:#x} from the server")
        payload = self._take(size, deadline)
        if opcode == TEXT and fin:
            payload.decode()
        return Frame(opcode, payload, fin)

    def message(self, where, seconds: float = DEADLINE_SECONDS) -> dict:
        """The next JSON message that fits; anything before it is skipped."""
        deadline = time.monotonic() + seconds
        while True:
            frame = self.frame(deadline - time.monotonic())
            if frame.opcode == CLOSE:
                raise EOFError(f"closed with {frame.close_code} {frame.payload[2:]!r}")
            if frame.opcode == TEXT:
                value = json.loads(frame.payload)
                if where(value):
                    return value

    def of_type(self, kind: str) -> dict:
        return self.message(lambda value: value["type"] == kind)

    def answer_to(self, request_id: str) -> dict:
        return self.message(lambda value: value.get("request_id") == request_id)

    def control(self, opcode: int) -> Frame:
        """The next control frame of this kind; messages before it are skipped."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            frame = self.frame(deadline - time.monotonic())
            if frame.opcode == opcode:
                return frame
            if frame.opcode == CLOSE:
                raise EOFError(f"closed with {frame.close_code} {frame.payload[2:]!r}")

    def closing(self) -> int | None:
        """The code of the server's close frame, after which it must end the connection too."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            frame = self.frame(deadline - time.monotonic())
            if frame.opcode == CLOSE:
                if len(frame.payload) > 2:
                    frame.payload[2:].decode()
                with contextlib.suppress(OSError):
                    self.send(close(frame.close_code if frame.payload else None))
                assert self.ended(), "the connection stays open after the close frames"
                return frame.close_code
