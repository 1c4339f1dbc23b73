"""`make bench`: measures everything in less than five minutes, prints it, and keeps it as JSON.

Sections can be named to measure only these; the tables in docs/benchmarks.md want all of them.
"""

import argparse
import os
import time
from pathlib import Path

from tests.bench.aims import aims_tables
from tests.bench.libraries import installed, missing
from tests.bench.machine import circumstances
from tests.bench.method import Plan, pin
from tests.bench.record import Run, Section, save
from tests.bench.report import circumstances_note
from tests.bench.sections import SECTIONS
from tests.bench.worker import links, pairs

__all__ = ["RESULTS", "main"]

RESULTS = Path(__file__).resolve().parent.parent.parent / "build" / "bench.json"


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("section", nargs="*", help=f"of: {', '.join(SECTIONS)}")
    parser.add_argument("--scale", type=float, default=1.0, help="of the time that it may take")
    parser.add_argument("--output", type=Path, default=RESULTS, help="the JSON file")
    arguments = parser.parse_args()
    wanted: list[str] = arguments.section or list(SECTIONS)
    if unknown := set(wanted) - set(SECTIONS):
        parser.error(f"there is no section {', '.join(sorted(unknown))}")

    begin, load = time.monotonic(), os.getloadavg()[0]
    placement = pin()
    print(f"The floor is the row `raw`. Not installed: {', '.join(missing()) or 'nobody'}.")
    sections = _measure(wanted, arguments.scale)
    run = Run(circumstances(placement, load, time.monotonic() - begin), sections)
    print(f"\naims\n\n{aims_tables(run)}\n\n{circumstances_note(run.circumstances)}")
    save(run, arguments.output)


def _measure(wanted: list[str], scale: float) -> dict[str, Section]:
    sections: dict[str, Section] = {}
    linked = any(SECTIONS[name].linked for name in wanted)
    with links(pairs(installed()) if linked else []) as connected:
        for name in wanted:
            kind = SECTIONS[name]
            sections[name] = kind.measure(connected, Plan(kind.seconds * scale))
            print(f"\n{name}\n\n{kind.tell(sections[name])}", flush=True)
    return sections
