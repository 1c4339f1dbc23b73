"""A chart as SVG: lines over named columns, with a logarithmic axis.

It has its own paper and two sets of colours, so that it can be read in a light page and in a dark
one. Nothing here knows what is measured.
"""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

__all__ = ["line_chart"]

_WIDTH: Final = 776
_HEIGHT: Final = 440
_LEFT: Final = 56
_RIGHT: Final = 166
_TOP: Final = 56
_BOTTOM: Final = 44
_LABEL: Final = 16
"""The least distance between two names at the ends of lines."""

_TICKS: Final = (0.5, 1, 1.5, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100)

# Told apart by people who see fewer colours as well: light, dark.
_COLOURS: Final = (
    ("#0b5fa5", "#6cb6ff"),
    ("#0b8fb8", "#39c5cf"),
    ("#117a4b", "#57d38c"),
    ("#a0447f", "#e88bc4"),
    ("#8a6d00", "#e3b341"),
    ("#b8420f", "#ff9a62"),
    ("#5b5b5b", "#b5b5b5"),
)

_STYLE: Final = """\
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.title { font-size: 15px; font-weight: 600; }
.paper { fill: #ffffff; }
.grid { stroke: #d0d7de; }
.floor { stroke: #1f2328; stroke-dasharray: 5 4; }
.line { fill: none; stroke-width: 2; }
.first { stroke-width: 4; }
"""
_DARK_STYLE: Final = """\
text { fill: #e6edf3; }
.paper { fill: #0d1117; }
.grid { stroke: #30363d; }
.floor { stroke: #e6edf3; }
"""


def line_chart(
    title: str, columns: Sequence[str], lines: Mapping[str, Sequence[float]], floor: str
) -> str:
    """Return an SVG document with a line for each of `lines`, the first of them bold.

    `floor` is the name of what all of them are multiples of.
    """
    scale = _Scale([value for line in lines.values() for value in line], len(columns))
    drawn = [_line(scale, number, line) for number, line in enumerate(lines.values())]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>\n{_style(len(lines))}</style>",
        f'<rect class="paper" width="{_WIDTH}" height="{_HEIGHT}" rx="6"/>',
        f'<text class="title" x="{_LEFT}" y="30">{escape(title)}</text>',
        *_axes(scale, columns),
        *(part for line in drawn for part in line),
        *_names(scale, lines, floor),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


class _Scale:
    """Where a value stands."""

    def __init__(self, values: Sequence[float], columns: int) -> None:
        self.low = max(tick for tick in _TICKS if tick <= min([1, *values]))
        self.high = min(tick for tick in _TICKS if tick >= max([2, *values]))
        self._columns = columns

    def x(self, column: int) -> float:
        """Return the place of a column from the left."""
        each = (_WIDTH - _LEFT - _RIGHT) / self._columns
        return round(_LEFT + each * (column + 0.5), 1)

    def y(self, value: float) -> float:
        """Return the place of a value from the top."""
        part = math.log(value / self.low) / math.log(self.high / self.low)
        return round(_HEIGHT - _BOTTOM - part * (_HEIGHT - _TOP - _BOTTOM), 1)


def _style(lines: int) -> str:
    light, dark = _STYLE, _DARK_STYLE
    for number in range(lines):
        bright, dim = _COLOURS[number % len(_COLOURS)]
        light += f".c{number} {{ stroke: {bright}; fill: {bright}; }}\n"
        dark += f".c{number} {{ stroke: {dim}; fill: {dim}; }}\n"
    return f"{light}@media (prefers-color-scheme: dark) {{\n{dark}}}\n"


def _axes(scale: _Scale, columns: Sequence[str]) -> list[str]:
    end = _WIDTH - _RIGHT
    parts: list[str] = []
    for tick in _TICKS:
        if scale.low <= tick <= scale.high:
            y = scale.y(tick)
            kind = "floor" if tick == 1 else "grid"
            parts.append(f'<line class="{kind}" x1="{_LEFT}" y1="{y}" x2="{end}" y2="{y}"/>')
            parts.append(
                f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tick:g}</text>'
            )
    for number, column in enumerate(columns):
        parts.append(
            f'<text x="{scale.x(number)}" y="{_HEIGHT - 16}" text-anchor="middle">'
            f"{escape(column)}</text>"
        )
    return parts


def _line(scale: _Scale, number: int, line: Sequence[float]) -> list[str]:
    points = [(scale.x(column), scale.y(value)) for column, value in enumerate(line)]
    kind = f"line c{number} first" if number == 0 else f"line c{number}"
    path = " ".join(f"{x},{y}" for x, y in points)
    dots = [f'<circle class="c{number}" cx="{x}" cy="{y}" r="3.5"/>' for x, y in points]
    return [f'<polyline class="{kind}" style="fill: none" points="{path}"/>', *dots]


def _names(scale: _Scale, lines: Mapping[str, Sequence[float]], floor: str) -> list[str]:
    """Return the names beside the ends of the lines, none above another."""
    ends = [(scale.y(line[-1]), number, name) for number, (name, line) in enumerate(lines.items())]
    ends.append((scale.y(1), len(ends), floor))
    parts: list[str] = []
    # From below, since the floor's name should stay at the floor.
    free = math.inf
    for y, number, name in sorted(ends, reverse=True):
        place = min(y, free - _LABEL)
        free = place
        x = _WIDTH - _RIGHT + 8
        if number < len(lines):
            parts.append(
                f'<line class="line c{number}" x1="{x}" y1="{place}" x2="{x + 14}" y2="{place}"/>'
            )
        parts.append(f'<text x="{x + 20}" y="{place + 4:.1f}">{escape(name)}</text>')
    return parts
