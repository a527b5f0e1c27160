"""Where it was measured, and with what."""

import re
import subprocess

import figures
import setups  # noqa: F401  Finds what the tests have.
from options import ROOT, Options
from processes import program

PINNED = ("fastapi", "uvicorn", "SQLAlchemy", "socketify")  # Of the peers' requirements: what people choose.


def _peers() -> list[str]:
    pins = dict(
        line.split("==") for line in (ROOT / "Bench/Peers/requirements.txt").read_text().split() if "==" in line)
    return [f"{name} {pins[name]}" for name in PINNED if name in pins] + [f"nginx {_nginx()}"]


def _nginx() -> str:
    told = subprocess.run([program("nginx"), "-v"], capture_output=True, text=True).stderr
    found = re.search(r"nginx/(\S+)", told)
    return found[1] if found else "unknown"


def commit() -> str:
    """Of the sources, as far as Git knows."""
    command = ["git", "-C", ROOT, "describe", "--always", "--dirty", "--abbrev=10"]
    return subprocess.run(command, capture_output=True, text=True).stdout.strip() or "unknown"


def described(options: Options) -> list[str]:
    """Sentences for above the tables."""
    swift = subprocess.run(["swift", "--version"], capture_output=True, text=True).stdout
    found = re.search(r"Swift version (\S+)", swift)
    lines = figures.machine(options.server)
    return [
        *lines,
        f"Swift {found[1] if found else 'unknown'}.",
        f"Peers: {', '.join(_peers())}.",
        "What is measured has one core, with its databases; the load has the other."
        " Medians of the rounds (lowest–highest).",
    ]
