"""The page about the design has the states and the modules that the source has."""

import re

from beastly.websocket import Status
from beastly.websocket._status import TRANSITIONS, Event
from tests.docs.pages import ROOT

LINES = (ROOT / "docs" / "design.md").read_text(encoding="utf-8").splitlines()


def table(head: str) -> list[list[str]]:
    """The rows of the table that begins with the line `head`, as cells without backticks."""
    start = LINES.index(head) + 2
    rows: list[list[str]] = []
    for line in LINES[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().strip("`") for cell in line[1:-1].split("|")])
    return rows


def test_statuses() -> None:
    assert table("| status | meaning |") == [[status.name, status.meaning] for status in Status]


def test_transitions() -> None:
    """RFC 6455 section 7.1: what may follow what."""
    head = "| | " + " | ".join(f"`{event.name}`" for event in Event) + " |"
    documented = {
        (Status[status], event): Status[after]
        for status, *cells in table(head)
        for event, after in zip(Event, cells, strict=True)
        if after
    }
    assert documented == TRANSITIONS


def test_modules() -> None:
    """Each module of the three packages is in the table of its floor."""
    documented = [
        match[1] for line in LINES if (match := re.match(r"\| `(\w+/\w+\.(?:py|c))` \| \S", line))
    ]
    assert sorted(documented) == sorted(
        path.relative_to(ROOT / "beastly").as_posix()
        for folder in ("core", "http", "websocket")
        for path in (ROOT / "beastly" / folder).iterdir()
        if path.suffix in (".py", ".c") and path.stem != "__init__"
    )
