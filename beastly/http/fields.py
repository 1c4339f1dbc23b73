"""`Fields`: the field lines of a message, in their order on the wire.

Knows names and values as text. What a field means, and whether a value is legal, is known
elsewhere: the parsers and the serialisation check that.
"""

from collections.abc import Iterable, Iterator, Mapping, MutableMapping

__all__ = ["Fields"]


class Fields(MutableMapping[str, str]):
    """An ordered multimap of field lines whose names compare without regard to case.

    As a mapping it has one entry for each distinct name, with the value of its first line. All
    lines of a name are in `get_all`, all lines at all in `lines`. Values lose the white space around
    them (RFC 9110 section 5.5), names keep their spelling.

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

    __slots__ = ("_lines",)

    def __init__(self, lines: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        # Each line with its name in lower case before it: comparing is what is done most.
        self._lines: list[tuple[str, str, str]] = []
        if isinstance(lines, Fields):
            self._lines.extend(lines._lines)
            return
        for name, value in lines.items() if isinstance(lines, Mapping) else lines:
            self.insert(name, value)

    def insert(self, name: str, value: str) -> None:
        """Add one more line behind all others.

        Raises:
            TypeError: `name` or `value` is not a `str`.
        """
        self._lines.append(_line(name, value))

    def get_all(self, name: str) -> list[str]:
        """Return the values of all lines with that name in their order, an empty list if none."""
        key = name.lower()
        return [value for line_key, _, value in self._lines if line_key == key]

    def lines(self) -> Iterator[tuple[str, str]]:
        """Iterate over all lines in their order, as names and values."""
        for _, name, value in self._lines:
            yield name, value

    def copy(self) -> "Fields":
        """Return an independent copy."""
        return Fields(self)

    def clear(self) -> None:
        """Remove all lines."""
        self._lines.clear()

    def __getitem__(self, name: str) -> str:
        """Return the value of the first line with that name."""
        key = name.lower()
        for line_key, _, value in self._lines:
            if line_key == key:
                return value
        raise KeyError(name)

    def __setitem__(self, name: str, value: str) -> None:
        """Replace all lines of that name by one in the place of the first, or add a line."""
        line = _line(name, value)
        for index, old in enumerate(self._lines):
            if old[0] == line[0]:
                rest = [other for other in self._lines[index + 1 :] if other[0] != line[0]]
                self._lines[index:] = [line, *rest]
                return
        self._lines.append(line)

    def __delitem__(self, name: str) -> None:
        """Remove all lines of that name."""
        key = name.lower()
        kept = [line for line in self._lines if line[0] != key]
        if len(kept) == len(self._lines):
            raise KeyError(name)
        self._lines = kept

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        key = name.lower()
        return any(line[0] == key for line in self._lines)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the distinct names, each as it is spelled where it comes first."""
        first: dict[str, str] = {}
        for key, name, _ in self._lines:
            first.setdefault(key, name)
        return iter(first.values())

    def __len__(self) -> int:
        """Return the number of distinct names."""
        return len({line[0] for line in self._lines})

    def __eq__(self, other: object) -> bool:
        """Compare all lines in their order, names without regard to case."""
        if isinstance(other, Fields):
            return [line[::2] for line in self._lines] == [line[::2] for line in other._lines]
        return NotImplemented

    def __repr__(self) -> str:
        return f"Fields({list(self.lines())!r})"


def _line(name: object, value: object) -> tuple[str, str, str]:
    if not isinstance(name, str) or not isinstance(value, str):
        raise TypeError(f"a field is a str name and a str value, not {name!r}: {value!r}")
    return name.lower(), name, value.strip(" \t")
