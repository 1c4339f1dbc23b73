"""What a run of the benchmarks has measured, and how it is kept in a file: as JSON.

A section has columns that were measured round by round, with all samples of them, and values that
were measured once. Whoever reads the file gets the numbers, not the words about them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypedDict

from tests.bench.method import Samples

__all__ = ["Circumstances", "Run", "Section", "load", "save"]


@dataclass(frozen=True)
class Section:
    """The numbers of one section."""

    columns: Mapping[str, Samples] = field(default_factory=dict[str, Samples])
    values: Mapping[str, Mapping[str, float]] = field(
        default_factory=dict[str, Mapping[str, float]]
    )
    """By column, then by row."""


@dataclass(frozen=True)
class Circumstances:
    """Where, when and of what a run was."""

    date: str
    seconds: float
    processor: str
    cores: int
    load: float
    """How many processes wanted to run before it began, as an average over a minute."""

    system: str
    python: str
    placement: str
    versions: Mapping[str, str]
    missing: Sequence[str]
    """Who was not installed."""


@dataclass(frozen=True)
class Run:
    """All of it."""

    circumstances: Circumstances
    sections: Mapping[str, Section]


class _SamplesData(TypedDict):
    costs: dict[str, list[float]]
    walls: dict[str, list[float]]


class _SectionData(TypedDict):
    columns: dict[str, _SamplesData]
    values: dict[str, dict[str, float]]


class _CircumstancesData(TypedDict):
    date: str
    seconds: float
    processor: str
    cores: int
    load: float
    system: str
    python: str
    placement: str
    versions: dict[str, str]
    missing: list[str]


class _RunData(TypedDict):
    circumstances: _CircumstancesData
    sections: dict[str, _SectionData]


def save(run: Run, path: Path) -> None:
    """Write a run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = {"circumstances": asdict(run.circumstances), "sections": {}}
    data["sections"] = {name: _rounded(section) for name, section in run.sections.items()}
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _rounded(section: Section) -> _SectionData:
    """Return the data of a section; a thousandth of a microsecond says nothing any more."""
    return {
        "columns": {
            name: {"costs": _brief(samples.costs), "walls": _brief(samples.walls)}
            for name, samples in section.columns.items()
        },
        "values": {name: dict(values) for name, values in section.values.items()},
    }


def _brief(rounds: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    return {name: [round(value, 3) for value in values] for name, values in rounds.items()}


def load(path: Path) -> Run:
    """Read a run.

    Raises:
        FileNotFoundError: there is none.
    """
    data: _RunData = json.loads(path.read_text(encoding="utf-8"))
    sections = {
        name: Section(
            {column: Samples(**samples) for column, samples in section["columns"].items()},
            section["values"],
        )
        for name, section in data["sections"].items()
    }
    return Run(Circumstances(**data["circumstances"]), sections)
