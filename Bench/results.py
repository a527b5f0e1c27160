"""What one part of a run found: a value of each round for each figure of each system, or why there is none."""

import json
import time
from pathlib import Path

from figures import Figures

NOTES = 3  # Of the faults of one figure that are shown.


class Results(Figures):
    def __init__(self, part: str):
        super().__init__()
        self.part = part
        self.when = time.strftime("%Y-%m-%d")
        self.lacks: dict[str, str] = {}  # What a system does not do, by its name, in the order of their columns.
        self.absent: dict[str, str] = {}  # Why a system has no figures.
        self.void: dict[str, list[str]] = {}  # Faults of a system; its figures are not to be used.

    def system(self, name: str, lacks: str):
        self.lacks.setdefault(name, lacks)

    @property
    def systems(self) -> list[str]:
        return list(self.lacks)

    def fail(self, system: str, reason: str):
        self.absent[system] = " ".join(reason.split())[:400]

    def spoil(self, system: str, faults: list[str]):
        """A lost, doubled or reordered message: what was measured meanwhile says nothing."""
        known = self.void.setdefault(system, [])
        known += [" ".join(str(each).split())[:400] for each in faults[: NOTES - len(known)]]

    def own_faults(self) -> list[str]:
        """Why Chat API's figures are void or missing; it is the one that lacks nothing."""
        return [each for each in (*self.void, *self.absent) if not self.lacks.get(each)]

    def text(self, what: str, setup: str) -> str:
        found = super().text(what, setup)
        return f"~~{found}~~ void" if setup in self.void and found != "–" else found

    def median(self, what: str, setup: str) -> float:
        return float("nan") if setup in self.void else super().median(what, setup)

    def times_better(self, what: str, system: str, peer: str) -> float:
        """How many times the peer's figure it is; not a number if one is missing."""
        return self.median(what, system) / (self.median(what, peer) or float("nan"))

    def notes(self) -> list[str]:
        """Lines for below the table."""
        return [
            *(f"**{system}: void.** {'; '.join(faults)}" for system, faults in self.void.items()),
            *(f"{system}: no figures. {reason}" for system, reason in self.absent.items()),
        ]

    # Kept between runs, so that parts can be measured one by one and reported together

    def save(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        values = [[*key, values] for key, values in self.values.items()]
        (folder / f"{self.part}.json").write_text(json.dumps({**vars(self), "values": values}, ensure_ascii=False))

    @classmethod
    def load(cls, folder: Path, part: str) -> "Results | None":
        path = folder / f"{part}.json"
        if not path.exists():
            return None
        made = cls(part)
        vars(made).update(json.loads(path.read_text()))
        made.values = {(what, system): values for what, system, values in made.values}
        return made
