"""Private MariaDB and Redis instances on loopback: what a node depends on, made to fail by tests.

They never touch what the machine itself runs: own folder, own port, no defaults files."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from processes import Process, program

CONNECT_SECONDS = 5

# Durability as in production (a commit waits for the disk), everything else small: many of them run at once.
MARIADB_OPTIONS = [
    "--innodb-flush-log-at-trx-commit=1",
    "--innodb-buffer-pool-size=64M",
    "--innodb-log-file-size=16M",
    "--innodb-buffer-pool-dump-at-shutdown=OFF",
    "--innodb-buffer-pool-load-at-startup=OFF",
    "--aria-pagecache-buffer-size=4M",
    "--key-buffer-size=1M",
    "--performance-schema=OFF",
    "--skip-name-resolve",
    "--skip-log-bin",
    "--skip-slave-start",
]


def _as_root() -> list[str]:
    return ["--user=root"] if os.geteuid() == 0 else []


def install_mariadb(data: Path):
    """A new, empty database folder with an account `root` without a password."""
    made = subprocess.run(
        [
            program("mariadb-install-db"),
            "--no-defaults",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            f"--datadir={data}",
            *_as_root(),
            *MARIADB_OPTIONS[:3],
        ],
        capture_output=True,
        text=True,
        timeout=120,
        start_new_session=True,  # A Ctrl-C in the terminal does not leave it half done.
    )
    assert made.returncode == 0, f"mariadb-install-db ended with {made.returncode}:\n{made.stdout}\n{made.stderr}"


class MariaDB(Process):
    """One MariaDB server. `start` may be called again after `stop` or `kill`: same data, same port."""

    name = "mariadb"

    def __init__(self, template: Path | None = None, max_connections: int = 200, options: tuple[str, ...] = ()):
        """`template` is an installed folder to copy, which is faster than to install another."""
        super().__init__()
        self.data = self.directory / "data"
        self.max_connections = max_connections
        self.options = options
        if template:
            shutil.copytree(template, self.data)
        else:
            install_mariadb(self.data)

    def command(self) -> list[str]:
        return [
            program("mariadbd"),
            "--no-defaults",
            *_as_root(),
            f"--datadir={self.data}",
            f"--socket={self.directory}/socket",
            f"--pid-file={self.directory}/pid",
            f"--tmpdir={self.directory}",
            "--bind-address=127.0.0.1",
            f"--port={self.port}",
            f"--max-connections={self.max_connections}",
            *MARIADB_OPTIONS,
            *self.options,
        ]

    def ready(self) -> bool:
        """It greets: version 10 of the protocol stands in the fifth byte of the first packet."""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), CONNECT_SECONDS) as probe:
            greeting = probe.recv(5)
            return len(greeting) == 5 and greeting[4] == 10
        return False

    def url(self, name: str = "", user: str = "root", password: str = "") -> str:
        secret = f":{password}" if password else ""
        return f"mysql://{user}{secret}@127.0.0.1:{self.port}/{name}"

    def connect(self, name: str | None = None, user: str = "root", password: str = "", **options):
        """A connection of PyMySQL, committing each statement."""
        import pymysql

        return pymysql.connect(
            host="127.0.0.1",
            port=self.port,
            user=user,
            password=password,
            database=name,
            charset="utf8mb4",
            autocommit=True,
            connect_timeout=CONNECT_SECONDS,
            read_timeout=30,
            **options,
        )

    def execute(self, statement: str, *values, name: str | None = None) -> list[tuple]:
        """One statement on a connection of its own; its rows."""
        with contextlib.closing(self.connect(name)) as connection, connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall())

    def create_database(self, name: str) -> str:
        """A new, empty database; its URL."""
        self.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
        return self.url(name)


class Redis(Process):
    """One Redis server without persistence: started again, it is empty."""

    name = "redis"

    def __init__(self, options: tuple[str, ...] = ()):
        super().__init__()
        self.options = options

    def command(self) -> list[str]:
        return [
            program("redis-server"),
            *("--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.directory)),
            *("--save", "", "--appendonly", "no", "--daemonize", "no"),
            *self.options,
        ]

    def ready(self) -> bool:
        with contextlib.suppress(OSError):
            return self.ask("PING") in ("PONG", "NOAUTH")
        return False

    def url(self, database: int = 0, user: str = "", password: str = "") -> str:
        secret = f"{user}:{password}@" if user or password else ""
        return f"redis://{secret}127.0.0.1:{self.port}/{database}"

    def ask(self, *words: str) -> str:
        """One command in Redis' inline form, for tests that turn knobs; the first line of its answer."""
        with socket.create_connection(("127.0.0.1", self.port), CONNECT_SECONDS) as connection:
            quoted = " ".join('"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"' for word in words)
            connection.sendall(quoted.encode() + b"\r\n")
            answer = connection.makefile("rb").readline().decode().strip()
        return answer[1:].split(" ")[0] if answer[:1] == "-" and "NOAUTH" in answer else answer[1:]

    def limit_memory(self, size: int, policy: str = "noeviction"):
        """In bytes; 0 takes the limit away. Below what is in use, every write is refused."""
        assert self.ask("CONFIG", "SET", "maxmemory-policy", policy) == "OK"
        assert self.ask("CONFIG", "SET", "maxmemory", str(size)) == "OK"


class Template:
    """A MariaDB folder installed once and copied by each test module."""

    def __init__(self):
        self._folder: Path | None = None

    def folder(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="chat-mariadb-template-"))
            install_mariadb(self._folder / "data")
        return self._folder / "data"

    def remove(self):
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
