"""What the benchmarks print: Markdown tables, the machine, and their place in a page."""

import statistics
from collections.abc import Iterable, Mapping, Sequence

from tests.bench.record import Circumstances

__all__ = ["circumstances_note", "replace_sections", "spread_note", "table"]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table: the first column is text, the others are numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def spread_note(spreads: Iterable[float]) -> str:
    """Say how far to trust the cells of a table whose `Samples.spread` these are."""
    known = sorted(spreads)
    return (
        f"Between the quartiles of a cell lie {statistics.median(known):.0%} of it as a rule,"
        f" {known[-1]:.0%} at most."
    )


def circumstances_note(of: Circumstances) -> str:
    """Say where, when and of what a run was."""
    versions = ", ".join(f"{name} {version}" for name, version in of.versions.items())
    missing = f" Not installed there: {', '.join(of.missing)}." if of.missing else ""
    return (
        f"{of.date}. {of.processor}, {of.cores} cores, load {of.load:.1f} before; {of.system};"
        f" {of.python}; {of.placement}. {versions}.{missing} The run took {of.seconds:.0f} seconds."
    )


def replace_sections(page: str, sections: Mapping[str, str]) -> str:
    """Return the text of `page` with each of the sections between its two markers.

    Section `echo` stands between the lines `<!-- echo -->` and `<!-- end of echo -->`.

    Raises:
        ValueError: the page has no such markers, or has them twice.
    """
    for name, text in sections.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
        if page.count(begin) != 1 or page.count(end) != 1:
            raise ValueError(f"the page must have the lines {begin!r} and {end!r} once")
        before, _, rest = page.partition(begin)
        _, _, after = rest.partition(end)
        page = f"{before}{begin}\n{text}\n\n{end}{after}"
    return page
