"""`make bench-docs`: puts a run of the benchmarks into docs/benchmarks.md, and draws its chart.

The words of the page stay; the tables between its markers are replaced.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.bench.aims import REASONS, aims_tables, missed_list, read_reasons
from tests.bench.chart import line_chart
from tests.bench.comparison import FLOOR
from tests.bench.libraries import ORDER, RAW
from tests.bench.record import Run, Section, load
from tests.bench.report import circumstances_note, replace_sections
from tests.bench.run import RESULTS
from tests.bench.sections import ECHO, SECTIONS
from tests.bench.worker import Pair

__all__ = ["PAGE", "echo_chart", "main", "page_sections"]

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "benchmarks.md"


def page_sections(run: Run, reasons: Mapping[str, str]) -> dict[str, str]:
    """Return what stands between the markers of the page, by their names.

    Raises:
        ValueError: the run has not measured everything.
    """
    if absent := [name for name in SECTIONS if name not in run.sections]:
        raise ValueError(f"the page needs a whole run; this one has no {', '.join(absent)}")
    return {
        "machine": circumstances_note(run.circumstances),
        "aims": aims_tables(run),
        "missed": missed_list(run, reasons),
        **{name: kind.tell(run.sections[name]) for name, kind in SECTIONS.items()},
    }


def echo_chart(section: Section) -> str:
    """Return an SVG document: the echo with a library on both sides, by size."""
    lines: dict[str, list[float]] = {}
    for name in ORDER:
        pair = str(Pair(name, name))
        if name != RAW and all(pair in samples.costs for samples in section.columns.values()):
            lines[name] = [samples.ratio(pair, FLOOR) for samples in section.columns.values()]
    title = "CPU time of an echo, both sides, in multiples of raw sockets"
    return line_chart(title, list(section.columns), lines, RAW)


def main() -> None:
    """Render the page and the chart."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.page", description=__doc__)
    parser.add_argument("results", nargs="?", type=Path, default=RESULTS, help="the JSON file")
    parser.add_argument("--page", type=Path, default=PAGE, help="the Markdown file")
    arguments = parser.parse_args()
    try:
        run = load(arguments.results)
    except FileNotFoundError:
        sys.exit(f"There is no {arguments.results}: make bench first.")
    try:
        sections = page_sections(run, read_reasons(REASONS.read_text(encoding="utf-8")))
    except ValueError as error:
        sys.exit(f"{arguments.results}: {error}.")
    page: Path = arguments.page
    page.write_text(replace_sections(page.read_text("utf-8"), sections), encoding="utf-8")
    page.with_suffix(".svg").write_text(echo_chart(run.sections[ECHO]), encoding="utf-8")


if __name__ == "__main__":
    main()
