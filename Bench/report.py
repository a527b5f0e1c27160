"""How results are written: tables, and their place between two marks in a document."""

import re
from pathlib import Path

from figures import table
from results import Results

BEGIN = "<!-- Written by `make bench` from here. -->"
END = "<!-- To here. -->"
OWN = "Chat API, SQLite"


def by_system(results: Results, columns: list[tuple[str, str]]) -> list[str]:
    """A line for each system with its figures. Behind a rate, a second, stands how many times as much Chat API has."""
    heads, rows = ["system"], [[system] for system in results.systems]
    for head, what in columns:
        heads.append(head)
        for row, system in zip(rows, results.systems, strict=True):
            row.append(results.text(what, system))
        if what.endswith("/s"):
            heads.append("Chat API / this")
            for row, system in zip(rows, results.systems, strict=True):
                row.append(ratio(results.times_better(what, OWN, system)))
    return [table(heads, rows), "", *(f"- {note}" for note in [*results.notes(), *disturbance(results)])]


def compared(found: list[Results]) -> list[str]:
    """What each system leaves out that Chat API does."""
    lacks = {name: lacks for results in found for name, lacks in results.lacks.items() if lacks}
    return [f"- **{name}**: {text}" for name, text in lacks.items()]


def disturbance(results: Results) -> list[str]:
    values = results.values.get(("others", ""))
    if not values:
        return []
    return [f"Others used {results.median('others', ''):.2f} cores meanwhile, {max(values):.2f} at most."]


def ratio(value: float) -> str:
    if value != value:
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def write(document: Path, text: str):
    """Replaces what stands between the marks, and nothing else."""
    whole = document.read_text()
    begin, end = whole.find(BEGIN), whole.find(END)
    if begin < 0 or end < begin:
        raise ValueError(f"{document} lacks the lines {BEGIN} and {END}")
    text = re.sub(r"\n{3,}", "\n\n", text.strip())
    document.write_text(f"{whole[: begin + len(BEGIN)]}\n\n{text}\n\n{whole[end:]}")
