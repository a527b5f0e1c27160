"""What processes use, from /proc."""

import contextlib
import os
import re
import time
from pathlib import Path

from setups import busy_seconds, cpu_seconds


def family(pid: int) -> list[int]:
    """The process and everything below it: workers are children of what was started."""
    found, at = [pid], 0
    while at < len(found):
        with contextlib.suppress(OSError):
            for task in os.listdir(f"/proc/{found[at]}/task"):
                found += map(int, Path(f"/proc/{found[at]}/task/{task}/children").read_text().split())
        at += 1
    return found


def families(pids) -> list[int]:
    return [each for pid in pids for each in family(pid)]


def seconds_of(pids) -> float:
    """Of a core."""
    used = 0.0
    for pid in pids:
        with contextlib.suppress(OSError):
            used += cpu_seconds(pid)
    return used


def _kibibytes(pid: int, field: str) -> int:
    found = re.search(rf"^{field}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) if found else 0


def resident(pids, highest: bool = False) -> int:
    """Bytes in memory now, or the most there ever were. Pages that workers share count for each of them."""
    return sum(_kibibytes(pid, "VmHWM" if highest else "VmRSS") * 1024 for pid in families(pids))


def open_files(pids) -> int:
    return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in families(pids))


class Window:
    """What was used while its `with` ran: seconds of the system, of the load, and cores that others took."""

    def __init__(self, system, load):
        self.pids = list(system), [*load, os.getpid()]

    def _used(self) -> tuple[float, float]:
        system, load = map(families, self.pids)
        # The runner has started everything: what is below it includes the system and, once more, the load.
        return seconds_of(set(system)), seconds_of(set(load) - set(system))

    def __enter__(self) -> "Window":
        self._before = self._used()
        self._busy, self._began = busy_seconds(), time.monotonic()
        return self

    def __exit__(self, *_):
        self.seconds = time.monotonic() - self._began
        self.system, self.load = (now - before for now, before in zip(self._used(), self._before, strict=True))
        self.others = max(0.0, busy_seconds() - self._busy - self.system - self.load) / self.seconds
