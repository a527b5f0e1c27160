"""What was measured, by what it is and of which setup, and how it is written."""

import os
import platform
import re
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from measure import percentile
from processes import program  # Found by `setups`.

FSYNCS = 200


class Figures:
    """A value of each round for each figure of each setup."""

    def __init__(self):
        self.values: dict[tuple[str, str], list[float]] = {}

    def add(self, what: str, setup: str, value: float):
        self.values.setdefault((what, setup), []).append(value)

    def times(self, what: str, setup: str, milliseconds: list[float]):
        self.add(f"{what}, p50", setup, percentile(milliseconds, 0.5))
        self.add(f"{what}, p99", setup, percentile(milliseconds, 0.99))

    def median(self, what: str, setup: str) -> float:
        """Not a number when it was not measured there."""
        return statistics.median(self.values.get((what, setup), [float("nan")]))

    def text(self, what: str, setup: str) -> str:
        """The median, with the lowest and the highest of the rounds."""
        values = self.values.get((what, setup))
        if not values:
            return "–"
        low, middle, high = (_rounded(value) for value in (min(values), statistics.median(values), max(values)))
        return middle if low == high else f"{middle} ({low}–{high})"

    def ratio(self, what: str, setup: str, base: str) -> str:
        value = self.median(what, setup) / (self.median(what, base) or float("nan"))
        return f"{value:.2f}" if value == value else "–"


def _rounded(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.3f}"


def table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _version(name: str) -> str:
    """Its first number of the form 1.2.3."""
    text = subprocess.run([program(name), "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"\d+\.\d+\.\d+", text)
    return found[0] if found else text.strip()


def _disk() -> str:
    """What a commit waits for at least, in the folder that databases are made in."""
    took = []
    with tempfile.TemporaryFile(buffering=0) as file:
        for _ in range(FSYNCS):
            file.write(b"x" * 4096)
            begun = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append((time.perf_counter() - begun) * 1e3)
    return f"fdatasync {percentile(took, 0.5):.2f} ms p50, {percentile(took, 0.99):.2f} ms p99"


def machine(binary: Path) -> list[str]:
    """Lines that tell where it was measured, and with what."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    server = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return [
        f"{cpu[1] if cpu else platform.machine()}, {os.cpu_count()} cores for servers, databases and load together;"
        f" {platform.system()} {platform.release()}; {_disk()}.",
        f"{server} (release), MariaDB {_version('mariadbd')}, Redis {_version('redis-server')},"
        f" Python {platform.python_version()}.",
        "SQLite: WAL, synchronous=FULL. MariaDB: innodb_flush_log_at_trx_commit=1, binary log off, redo log 512 MiB."
        " Redis keeps nothing.",
    ]
