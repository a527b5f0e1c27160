"""Databases with a past, made once in a run by `chat-api generate` and used by several of its parts."""

import os
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chat import OFF
from options import Options

MESSAGES_OF_A_CONVERSATION = 3.94  # About as many as `generate` makes.
LARGEST_WORKSPACE = 2_000_000  # Conversations that `generate` makes in one.
SPAN = timedelta(days=200)  # More than it spreads them over.
SMALL = 10_000


class Installations:
    """In a temporary folder, or in the one that BENCH_DATA names, where they stay for the next run."""

    def __init__(self, options: Options, say):
        self.options, self.say = options, say
        self.kept = os.environ.get("BENCH_DATA")
        self.folder = Path(self.kept or tempfile.mkdtemp(prefix="chat-bench-"))

    def remove(self):
        if not self.kept:
            shutil.rmtree(self.folder, ignore_errors=True)

    def with_messages(self, messages: int, is_copy: bool = True) -> Path:
        """The data folder of an installation with about so many messages: a copy, which a load may fill up without
        changing what the next one finds, or the original, for those who only read."""
        data = self.folder / str(messages)
        if not (data / "filled").exists():
            shutil.rmtree(data, ignore_errors=True)
            data.mkdir(parents=True)
            self.say(f"making {messages:,} messages")
            self._fill(data, round(messages / MESSAGES_OF_A_CONVERSATION))
            self._run(data, "stats", "rebuild")
            (data / "filled").touch()
        if not is_copy:
            return data
        copy = self.folder / f"copy-{messages}"
        shutil.rmtree(copy, ignore_errors=True)
        return shutil.copytree(data, copy)

    def _fill(self, data: Path, conversations: int):
        """What one workspace cannot hold stands in others of the same database, each from before the last one's time."""
        end = datetime.now(UTC)
        for number in range(-(-conversations // LARGEST_WORKSPACE)):
            slug = "default" if number == 0 else f"archive-{number}"
            if number:
                self._run(data, "workspace", "create", "--slug", slug, "--name", f"Archive {number}")
            size = min(LARGEST_WORKSPACE, conversations - number * LARGEST_WORKSPACE)
            self._run(
                data, "generate", "--workspace", slug, "--conversations", str(size), "--end",
                (end - number * SPAN).strftime("%Y-%m-%dT%H:%M:%SZ"))

    def _run(self, data: Path, *arguments: str):
        environment = {
            "DATA_DIR": str(data), "DATABASE_URL": f"sqlite:{data}/chat.db", "AI_PROVIDERS": "builtin",
            "LOG_LEVEL": "warning", **OFF,
        }
        subprocess.run(
            [self.options.server, *arguments], env=environment, check=True, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, cwd=data)
