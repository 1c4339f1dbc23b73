"""The Markdown pages of the project: their fenced blocks, headings and links."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ROOT", "Block", "Page", "pages"]

ROOT = Path(__file__).resolve().parent.parent.parent

_FENCE = re.compile(r"(?P<indent> *)(?P<fence>`{3,}|~{3,}) *(?P<language>[^`]*?) *")
_HEADING = re.compile(r"#{1,6} +(?P<title>.*?) *#*")
_LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A fenced block: what its fence names it, the number of its first line, and its lines."""

    language: str
    first_line: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Page:
    """A Markdown page, split into fenced blocks and prose."""

    path: Path
    blocks: tuple[Block, ...]
    prose: tuple[tuple[int, str], ...]
    """The lines outside of blocks, with their numbers."""

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def python(self) -> str:
        """All Python blocks as one module, in which each line has the number it has in the page."""
        module: list[str] = []
        for block in self.blocks:
            if block.language == "python":
                module += [""] * (block.first_line - 1 - len(module))
                module += block.lines
        return "".join(f"{line}\n" for line in module)

    @property
    def anchors(self) -> set[str]:
        """What a link to this page may have behind its `#`."""
        headings = (_HEADING.fullmatch(line) for _, line in self.prose)
        return {_anchor(heading["title"]) for heading in headings if heading}

    def links(self) -> Iterator[tuple[int, str]]:
        """The number of the line and the target of each link that leads to another file here."""
        for number, line in self.prose:
            for link in _LINK.finditer(line):
                if not re.match(r"[a-z]+:", link["target"]):
                    yield number, link["target"]


def pages() -> list[Page]:
    """The README and all pages of the documentation."""
    return [read(path) for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]]


def read(path: Path) -> Page:
    """Read one page.

    Raises:
        ValueError: a block has no end.
    """
    return parse(path, path.read_text(encoding="utf-8"))


def parse(path: Path, text: str) -> Page:
    """Split the text of a page.

    Raises:
        ValueError: a block has no end.
    """
    blocks: list[Block] = []
    prose: list[tuple[int, str]] = []
    numbered = iter(enumerate(text.splitlines(), 1))
    for number, line in numbered:
        opening = _FENCE.fullmatch(line)
        if opening is None:
            prose.append((number, line))
            continue
        lines: list[str] = []
        for _, inner in numbered:
            if inner.strip() == opening["fence"]:
                break
            lines.append(inner.removeprefix(opening["indent"]))
        else:
            raise ValueError(f"{path}:{number}: the block has no end")
        blocks.append(Block(opening["language"], number + 1, tuple(lines)))
    return Page(path, tuple(blocks), tuple(prose))


def _anchor(title: str) -> str:
    """The anchor that a heading gets: lower case, hyphens for spaces, no punctuation."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
