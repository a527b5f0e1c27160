"""What is asked of a run, by the environment."""

import os
import resource
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("start", "desk", "fanout", "idle", "http", "streams", "growth")
REPORT = "report"  # Instead of parts: measures nothing, and writes what the last run of each found.


def _built(path: str, name: str) -> Path:
    return Path(os.environ.get(name, ROOT / path)).absolute()


@dataclass(frozen=True)
class Options:
    parts: tuple[str, ...]
    rounds: int
    quick: bool
    largest: int  # Messages of the largest database.
    systems: str  # A regular expression: systems with other names are left out.
    files: int  # Descriptors that a process may have.
    server: Path = field(default_factory=lambda: _built(".build/release/chat-api", "CHAT_API_BINARY"))
    model: Path = field(default_factory=lambda: _built(".build/release/model-upstream", "MODEL_BINARY"))
    load: Path = field(default_factory=lambda: _built("Bench/Load/.build/release/bench-load", "LOAD_BINARY"))

    @property
    def is_kept(self) -> bool:
        """Whether what is found may stand in the document one day."""
        return not self.quick and not self.systems

    @property
    def writes(self) -> bool:
        """Some parts alone are tried while something is changed; the document is for whole runs, or when asked for."""
        return self.parts in (PARTS, ()) and self.is_kept

    def seconds(self, wanted: float, quick: float = 1.0) -> float:
        """Of one measurement; `QUICK=1` only tries whether it works."""
        return quick if self.quick else wanted


def read() -> Options:
    parts = tuple(filter(None, os.environ.get("MEASURE", ",".join(PARTS)).split(",")))
    if parts == (REPORT,):
        parts = ()
    if unknown := set(parts) - set(PARTS):
        raise SystemExit(f"bench: MEASURE knows {', '.join((*PARTS, REPORT))}, and not {', '.join(sorted(unknown))}")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    quick = os.environ.get("QUICK", "") not in ("", "0")
    return Options(
        parts=parts,
        rounds=int(os.environ.get("REPEAT", "1" if quick else "3")),
        quick=quick,
        largest=int(os.environ.get("LARGEST", "1000000")),
        systems=os.environ.get("SYSTEMS", ""),
        files=hard,
    )
