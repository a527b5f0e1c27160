#!/usr/bin/env python3
"""Measures lists, searches, a page of history and the statistics overview over few and over many conversations.

    python3 Bench/lists.py .build/release/chat-api [--database mysql]

Two installations are filled by `chat-api generate`, with the same seed; of each question the median of its answers'
times is taken, over HTTP on a kept connection, and the two are compared. Python's standard library only. `BENCH_FEW`
and `BENCH_MANY` are the sizes (10 000 and 1 000 000), `BENCH_DATA` a folder in which installations are kept for the
next run. For MySQL, `CHAT_API_TEST_MYSQL` names a server (see Scripts/with-servers).
"""
import argparse
import http.client
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.dont_write_bytecode = True

from questions import questions  # noqa: E402
from setups import Node  # noqa: E402

FEW = int(os.environ.get("BENCH_FEW", "10000"))
MANY = int(os.environ.get("BENCH_MANY", "1000000"))
TIMES = int(os.environ.get("BENCH_TIMES", "101"))
# Contract: within this of the time over few.
GOAL = 1.5
PASSWORD = "a-measured-installation"


class Installation:
    def __init__(self, binary: str, data: pathlib.Path, size: int, database: str):
        self.size, self.data, self.binary = size, data.absolute(), os.path.abspath(binary)
        url = f"sqlite:{self.data}/chat.db"
        if database == "mysql":
            server = urllib.parse.urlsplit(os.environ["CHAT_API_TEST_MYSQL"])
            url = f"{server.scheme}://{server.netloc}/chat_bench_{size}"
        self.server = Node(
            pathlib.Path(self.binary), "A", DATA_DIR=str(self.data), DATABASE_URL=url, ADMIN_PASSWORD=PASSWORD,
            JWT_SECRET="j" * 48, ENCRYPTION_KEY="e" * 48, LD_LIBRARY_PATH=os.environ.get("LD_LIBRARY_PATH", ""))

    def run(self, *arguments: str) -> None:
        subprocess.run(
            [self.binary, *arguments], env=self.server.environment, check=True, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)

    def fill(self) -> None:
        mark = self.data / "filled"
        if mark.exists():
            return
        self.data.mkdir(parents=True, exist_ok=True)
        begun = time.perf_counter()
        self.run("generate", "--conversations", str(self.size))
        filled = time.perf_counter()
        self.run("stats", "rebuild")
        counted = time.perf_counter()
        print(f"{self.size} conversations: made in {filled - begun:.0f} s, counted in {counted - filled:.0f} s",
              file=sys.stderr)
        mark.touch()

    def __enter__(self) -> "Installation":
        self.fill()
        self.server.start()
        self.connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        self.token = None
        login = {"email": "admin@chatapi.com", "password": PASSWORD}
        self.token = self.ask("POST", "auth/login", login)["access_token"]
        return self

    def __exit__(self, *_) -> None:
        self.connection.close()
        self.server.stop()
        self.server.remove()

    def ask(self, method: str, path: str, body=None, token: str | None = None) -> dict:
        headers = {"Content-Type": "application/json"}
        if token or self.token:
            headers["Authorization"] = f"Bearer {token or self.token}"
        self.connection.request(method, f"/api/v1/{path}", body and json.dumps(body), headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text.decode()}")
        return json.loads(text)

    def median(self, path: str, token: str | None = None) -> tuple[float, int]:
        """Milliseconds, and the items of the answer."""
        items = len(self.ask("GET", path, token=token).get("items", [None]))
        times = []
        for _ in range(TIMES):
            begun = time.perf_counter()
            self.ask("GET", path, token=token)
            times.append(time.perf_counter() - begun)
        return statistics.median(times) * 1000, items


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--database", choices=["sqlite", "mysql"], default="sqlite")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chat-bench-") as temporary:
        folder = pathlib.Path(os.environ.get("BENCH_DATA", temporary))
        figures: dict[str, list[tuple[float, int]]] = {}
        for size in (FEW, MANY):
            data = folder / f"{arguments.database}-{size}"
            with Installation(arguments.binary, data, size, arguments.database) as installation:
                for name, path, token in questions(installation.ask):
                    figures.setdefault(name, []).append(installation.median(path, token))
    print(f"| {arguments.database}, median of {TIMES} | {FEW} | {MANY} | ratio | items |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, ((few, some), (many, items)) in figures.items():
        ratio = many / few
        mark = "" if ratio <= GOAL else " **"
        print(f"| {name} | {few:.2f} ms | {many:.2f} ms | {ratio:.2f}{mark} | {some}, {items} |")


if __name__ == "__main__":
    main()
