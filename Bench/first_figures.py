#!/usr/bin/env python3
"""Measures the first figures of a release build and prints them as a Markdown table.

    make bench            (or: python3 Bench/first_figures.py .build/release/chat-api)

What is measured: cold start to the first healthy answer, resident memory after it, one `message.send` to its `ack` on an
idle server (durable: SQLite with FULL sync), and the server's memory per idle socket. Python's standard library only; the
load shares the machine with the server, so the figures are upper bounds.
"""
import asyncio
import base64
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

SOCKETS = int(os.environ.get("BENCH_SOCKETS", "10000"))
ROUND_TRIPS = 1000


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def resident_kib(pid: int) -> int:
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise RuntimeError("no VmRSS")


class Server:
    def __init__(self, binary: str, data: str):
        self.port = free_port()
        self.environment = {
            "PATH": os.environ["PATH"], "PORT": str(self.port), "DATA_DIR": data, "DATABASE_URL": f"sqlite:{data}/chat.db",
            "LOG_FORMAT": "json", "LOG_LEVEL": "warning", "AI_BURST_MILLISECONDS": "0",
            **{key: "0" for key in (
                "RATE_CONTACT_FRAMES_PER_SECOND", "RATE_CONTACT_MESSAGES_PER_MINUTE", "RATE_SESSIONS_PER_MINUTE",
                "RATE_REQUESTS_PER_SECOND", "RATE_LOGIN_PER_MINUTE", "MAX_SOCKETS_PER_PRINCIPAL",
                "MAX_SOCKETS_PER_ADDRESS")},
        }
        self.binary = binary

    def start(self) -> float:
        """Starts the process; returns the seconds to the first healthy answer."""
        begun = time.perf_counter()
        self.process = subprocess.Popen([self.binary, "serve"], env=self.environment, stdout=subprocess.DEVNULL)
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5) as answer:
                    if answer.status == 200:
                        return time.perf_counter() - begun
            except OSError:
                if self.process.poll() is not None or time.perf_counter() - begun > 30:
                    raise RuntimeError("the server did not start")
                time.sleep(0.002)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


class Socket:
    """A WebSocket client that does no more than the measurement needs."""

    async def open(self, port: int, path: str) -> "Socket":
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port, limit=70_000)
        self.writer.write(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        head = await self.reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise RuntimeError(head.decode())
        return self

    def send(self, value: dict) -> None:
        payload = json.dumps(value).encode()
        mask = os.urandom(4)
        length = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2, "big")
        self.writer.write(b"\x81" + length + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload)))

    async def receive(self) -> dict:
        while True:
            head = await self.reader.readexactly(2)
            length = head[1] & 127
            if length == 126:
                length = int.from_bytes(await self.reader.readexactly(2), "big")
            elif length == 127:
                length = int.from_bytes(await self.reader.readexactly(8), "big")
            payload = await self.reader.readexactly(length)
            if head[0] & 15 == 1:
                return json.loads(payload)

    async def receive_until(self, kind: str) -> dict:
        while (frame := await self.receive())["type"] != kind:
            pass
        return frame


class Sessions:
    """Opens chat sessions over a few kept connections."""

    def __init__(self, port: int):
        self.port = port

    async def open(self, count: int) -> list[str]:
        paths: list[str] = []
        todo = iter(range(count))

        async def work() -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            for _ in todo:
                writer.write(
                    b"POST /api/v1/chat/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                    b"Content-Length: 2\r\n\r\n{}")
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                length = int(head.split("content-length: ")[1].split("\r\n")[0])
                body = json.loads(await reader.readexactly(length))
                paths.append(body["websocket_url"].split("127.0.0.1", 1)[1].split("/", 1)[1])
            writer.close()

        await asyncio.gather(*(work() for _ in range(16)))
        return ["/" + path for path in paths]


async def round_trips(server: Server) -> list[float]:
    [path] = await Sessions(server.port).open(1)
    client = await Socket().open(server.port, path)
    await client.receive_until("synced")
    # A human is asked for first, so that the assistant's answers are not part of the figure.
    client.send({"type": "handoff", "request_id": "h", "data": {"to": "human"}})
    await client.receive_until("ack")
    times = []
    for index in range(ROUND_TRIPS):
        begun = time.perf_counter()
        client.send({
            "type": "message.send", "request_id": str(index),
            "data": {"content": "How long does a refund take?", "client_message_id": f"m{index}"}})
        await client.receive_until("ack")
        times.append(time.perf_counter() - begun)
    return times


async def idle_sockets(server: Server, count: int) -> tuple[float, float]:
    """KiB per idle socket, and sockets opened per second."""
    # The sessions' own rows and caches are not the sockets': they are made before the first reading.
    paths, clients = [], []
    before = resident_kib(server.process.pid)
    begun_total = 0.0
    for _ in range(0, count, 500):
        paths = await Sessions(server.port).open(500)
        begun = time.perf_counter()
        opened = await asyncio.gather(*(Socket().open(server.port, path) for path in paths))
        for client in opened:
            await client.receive_until("synced")
        begun_total += time.perf_counter() - begun
        clients += opened
    await asyncio.sleep(1)
    after = resident_kib(server.process.pid)
    for client in clients:
        client.writer.close()
    return (after - before) / count, count / begun_total


def main() -> None:
    binary = sys.argv[1]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        starts = []
        for index in range(5):
            server = Server(binary, f"{folder}/new{index}")
            starts.append(server.start())
            memory = resident_kib(server.process.pid)
            server.stop()
        rows.append(("first start to healthy (new database)", f"{statistics.median(starts) * 1000:.0f} ms", "< 500 ms"))
        again = []
        for _ in range(5):
            again.append(server.start())
            memory = resident_kib(server.process.pid)
            server.stop()
        rows.append(("start to healthy (database exists)", f"{statistics.median(again) * 1000:.0f} ms", "< 500 ms"))
        rows.append(("resident memory after start", f"{memory / 1024:.0f} MiB", "< 60 MB"))
        server.start()
        times = sorted(asyncio.run(round_trips(server)))
        rows.append((
            "message.send to ack, idle server, FULL sync: median · p99",
            f"{times[len(times) // 2] * 1000:.2f} ms · {times[len(times) * 99 // 100] * 1000:.2f} ms", "median < 5 ms"))
        per_socket, rate = asyncio.run(idle_sockets(server, SOCKETS))
        rows.append((f"server memory per idle socket at {SOCKETS:,}", f"{per_socket:.1f} KiB", "< 20 KB"))
        rows.append(("sockets opened per second (by this one client)", f"{rate:,.0f}", ""))
        server.stop()
    print("| what | measured | goal |\n| --- | --- | --- |")
    for row in rows:
        print(f"| {row[0]} | {row[1]} | {row[2]} |")


if __name__ == "__main__":
    main()
