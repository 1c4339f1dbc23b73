"""What was to be reached, what of it was, and why not the rest.

The aims are cells of tables. The reasons are words that outlive a run: they are kept in
reasons.toml, by cell, and told of those cells that a run has missed.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict

from tests.bench.bench_deflate import PEER, with_backend
from tests.bench.bench_echo import SIZES, WAYS
from tests.bench.bench_idle import SERVER_MEMORY
from tests.bench.bench_import import BARE, COLUMN
from tests.bench.comparison import FLOOR
from tests.bench.libraries import ACCELERATED, BACKENDS, PURE, RAW
from tests.bench.method import Samples
from tests.bench.record import Run
from tests.bench.report import table
from tests.bench.sections import DEFLATE, ECHO, HANDSHAKE, IDLE, IMPORT, STREAM
from tests.bench.worker import Pair

__all__ = ["AIMS", "REASONS", "Aim", "aims_tables", "missed_list", "read_reasons", "reached"]

REASONS: Final = Path(__file__).with_name("reasons.toml")

_NO_REASON: Final = "No reason given yet."


@dataclass(frozen=True)
class Aim:
    """A cell: whose it is, where it stands, what it may be at most."""

    row: str
    section: str
    column: str
    at_most: float

    def __str__(self) -> str:
        return f"{self.row}: {self.section}, {self.column}"


_ECHO: Final[Mapping[str, Sequence[float]]] = {
    ACCELERATED: (1.2, 1.2, 1.25, 1.3, 1.6, 1.5),
    PURE: (1.3, 1.3, 1.6, 3.5, 5, 3),
}
_STREAM: Final[Mapping[str, Sequence[float]]] = {ACCELERATED: (1.5, 1.2), PURE: (2, 1.2)}
_DEFLATED: Final = "64 KiB"

AIMS: Final[Sequence[Aim]] = (
    *(
        Aim(row, ECHO, size, most)
        for row, cells in _ECHO.items()
        for size, most in zip(SIZES, cells, strict=True)
    ),
    *(
        Aim(row, STREAM, way, most)
        for row, cells in _STREAM.items()
        for way, most in zip(WAYS, cells, strict=True)
    ),
    Aim("beastly", HANDSHAKE, "times the floor", 2.4),
    Aim("beastly", IDLE, "kB of a server above the floor", 3),
    Aim("beastly", IMPORT, "ms above bare Python", 30),
    *(
        Aim(f"beastly by {name}", DEFLATE, f"{_DEFLATED}, of websockets", 0.5)
        for name in BACKENDS
    ),
)


def reached(run: Run, aim: Aim) -> float | None:
    """Return what a run has measured for a cell, as it is shown; None if it has not."""
    if aim.section not in run.sections:
        return None
    try:
        return round(_READERS[aim.section](run, aim), 2)
    except KeyError:
        return None


def _exchange(run: Run, aim: Aim) -> float:
    return run.sections[aim.section].columns[aim.column].ratio(str(Pair(aim.row, aim.row)), FLOOR)


def _handshake(run: Run, aim: Aim) -> float:
    [samples] = run.sections[aim.section].columns.values()
    name = _own(samples.costs, lambda name: str(Pair(name, name)))
    return samples.ratio(name, FLOOR)


def _idle(run: Run, aim: Aim) -> float:
    memory = run.sections[aim.section].values[SERVER_MEMORY]
    return memory[_own(memory)] - memory[RAW]


def _import(run: Run, aim: Aim) -> float:
    samples = run.sections[aim.section].columns[COLUMN]
    return samples.excess(_own(samples.costs), BARE) / 1000


def _deflate(run: Run, aim: Aim) -> float:
    samples: Samples = run.sections[aim.section].columns[_DEFLATED]
    return samples.ratio(with_backend(aim.row.removeprefix("beastly by ")), PEER)


def _own(known: Mapping[str, object], key: Callable[[str], str] = str) -> str:
    """Return the key of beastly as a program gets it where the run was made."""
    return key(ACCELERATED) if key(ACCELERATED) in known else key(PURE)


_READERS: Final[Mapping[str, Callable[[Run, Aim], float]]] = {
    ECHO: _exchange,
    STREAM: _exchange,
    HANDSHAKE: _handshake,
    IDLE: _idle,
    IMPORT: _import,
    DEFLATE: _deflate,
}


def aims_tables(run: Run) -> str:
    """Return all aims with what was reached beside each; what was missed is bold."""
    wide: dict[str, list[str]] = {row: [row] for row in _ECHO}
    long: list[list[str]] = []
    measured = met = 0
    for aim in AIMS:
        value = reached(run, aim)
        measured += value is not None
        met += value is not None and value <= aim.at_most
        if aim.section in (ECHO, STREAM):
            wide[aim.row].append(_cell(value, aim))
        else:
            long.append([str(aim), _cell(value, aim)])
    return (
        f"{table(['both sides, times the floor', *SIZES, *WAYS], wide.values())}\n\n"
        f"{table(['', 'reached, aim'], long)}\n\n"
        f"Reached are {met} of {measured} cells that were measured. What was missed is bold; after"
        " it stands the aim."
    )


def _cell(value: float | None, aim: Aim) -> str:
    if value is None:
        return f"not measured, {aim.at_most:g}"
    shown = f"{value:.2f}" if value <= aim.at_most else f"**{value:.2f}**"
    return f"{shown}, {aim.at_most:g}"


def missed_list(run: Run, reasons: Mapping[str, str]) -> str:
    """Return a list of the cells that a run has missed, with the reason of each."""
    by_reason: dict[str, dict[str, list[str]]] = {}
    for aim in AIMS:
        value = reached(run, aim)
        if value is not None and value > aim.at_most:
            rows = by_reason.setdefault(reasons.get(str(aim), _NO_REASON), {})
            cells = rows.setdefault(f"{aim.row}: {aim.section}", [])
            cells.append(f"{aim.column} ({value:.2f}, aim {aim.at_most:g})")
    if not by_reason:
        return "Nothing was missed."
    return "\n".join(
        f"- {'; '.join(f'**{row}**, ' + ', '.join(cells) for row, cells in rows.items())}. {reason}"
        for reason, rows in by_reason.items()
    )


class _Reason(TypedDict):
    cells: list[str]
    text: str


def read_reasons(text: str) -> dict[str, str]:
    """Return the reason of each cell that has one.

    Raises:
        ValueError: a cell has two, or is none of the aims.
    """
    entries: list[_Reason] = tomllib.loads(text).get("reason", [])
    known = {str(aim) for aim in AIMS}
    reasons: dict[str, str] = {}
    for entry in entries:
        for cell in entry["cells"]:
            if cell not in known:
                raise ValueError(f"there is no aim {cell!r}")
            if cell in reasons:
                raise ValueError(f"{cell!r} has two reasons")
            reasons[cell] = " ".join(entry["text"].split())
    return reasons
