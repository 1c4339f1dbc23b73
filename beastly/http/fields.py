"""`Fields`: the field lines of a message, in their order on the wire.

Knows names and values as text. What a field means, and whether a value is legal, is known
elsewhere: the parsers and the serialisation check that.
"""

from collections.abc import Iterable, Iterator, Mapping, MutableMapping

from typing_extensions import TypeIs

__all__ = ["Fields"]


class Fields(MutableMapping[str, str]):
    """An ordered multimap of field lines whose names compare without regard to case.

    As a mapping it has one entry for each distinct name, with the value of its first line. All
    lines of a name are in `get_all`, all lines at all in `lines`. Values lose the white space
    around them (RFC 9110 section 5.5), names keep their spelling.

    Names and values are not checked here but when a message is encoded, so that nothing invalid is
    sent however it came in. Not safe for concurrent changes.

    >>> fields = Fields({"Host": "www.example.com"})
    >>> fields.insert("Cookie", "a=1")
    >>> fields.insert("cookie", "b=2")
    >>> fields["COOKIE"], fields.get_all("Cookie"), len(fields)
    ('a=1', ['a=1', 'b=2'], 2)

    Raises:
        TypeError: a name or a value is not a `str`.
    """

    __slots__ = ("_count", "_entries")

    def __init__(self, lines: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        # By name in lower case: the place of each line among all lines, its name, its value.
        self._entries: dict[str, list[tuple[int, str, str]]] = {}
        self._count = 0
        if not lines:
            return  # The usual case, and finding out what an empty thing is takes time.
        if isinstance(lines, Fields):
            self.extend(lines.lines())
        elif _is_mapping(lines):
            self.extend(lines.items())
        else:
            self.extend(lines)

    def insert(self, name: str, value: str) -> None:
        """Add one more line behind all others.

        Raises:
            TypeError: `name` or `value` is not a `str`.
        """
        self.extend(((name, value),))

    def extend(self, lines: Iterable[tuple[str, str]]) -> None:
        """Add lines behind all others, in their order.

        Raises:
            TypeError: a name or a value is not a `str`; the lines before it were added.
        """
        entries = self._entries
        for name, value in lines:
            try:
                # As functions of str they refuse everything else, bytes too.
                key = str.lower(name)
                line = (self._count, name, str.strip(value, " \t"))
            except TypeError:
                raise _not_text(name, value) from None
            self._count += 1
            if key in entries:
                entries[key].append(line)
            else:
                entries[key] = [line]

    def get_all(self, name: str) -> list[str]:
        """Return the values of all lines with that name in their order, an empty list if none."""
        lines = self._entries.get(name.lower())
        return [value for _, _, value in lines] if lines else []

    def lines(self) -> Iterator[tuple[str, str]]:
        """Iterate over all lines in their order, as names and values."""
        places = [line for lines in self._entries.values() for line in lines]
        places.sort()
        return iter([(name, value) for _, name, value in places])

    def copy(self) -> "Fields":
        """Return an independent copy."""
        return Fields(self)

    def clear(self) -> None:
        """Remove all lines."""
        self._entries.clear()

    def __getitem__(self, name: str) -> str:
        """Return the value of the first line with that name."""
        lines = self._entries.get(name.lower())
        if lines is None:
            raise KeyError(name)
        return lines[0][2]

    def __setitem__(self, name: str, value: str) -> None:
        """Replace all lines of that name by one in the place of the first, or add a line."""
        self.insert(name, value)
        lines = self._entries[name.lower()]
        # The first line's place and the last one's text; of a new name they are the same line.
        lines[:] = [(lines[0][0], *lines[-1][1:])]

    def __delitem__(self, name: str) -> None:
        """Remove all lines of that name."""
        if self._entries.pop(name.lower(), None) is None:
            raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._entries

    def __iter__(self) -> Iterator[str]:
        """Iterate over the distinct names, each as it is spelled where it comes first."""
        for lines in self._entries.values():
            yield lines[0][1]

    def __len__(self) -> int:
        """Return the number of distinct names."""
        return len(self._entries)

    def __eq__(self, other: object) -> bool:
        """Compare all lines in their order, names without regard to case."""
        if isinstance(other, Fields):
            return self._comparable() == other._comparable()
        return NotImplemented

    def __repr__(self) -> str:
        return f"Fields({list(self.lines())!r})"

    def _comparable(self) -> list[tuple[str, str]]:
        return [(name.lower(), value) for name, value in self.lines()]


def _is_mapping(
    lines: Mapping[str, str] | Iterable[tuple[str, str]],
) -> TypeIs[Mapping[str, str]]:
    return isinstance(lines, Mapping)


def _not_text(name: object, value: object) -> TypeError:
    return TypeError(f"a field is a str name and a str value, not {name!r}: {value!r}")
