"""`Fields`: the field lines of a message, in their order on the wire.

Knows names and values as text. What a field means, and whether a value is legal, is known
elsewhere: the parsers and the serialisation check that.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import TypeIs

__all__ = ["Fields"]


class Fields(MutableMapping[str, str]):
    """An ordered multimap of field lines whose names compare without regard to case.

    As a mapping it has one entry for each distinct name, with the value of its first line. All
    lines of a name are in `get_all`, all lines at all in `lines`. Values lose the white space
    around them (RFC 9110 section 5.5), names keep their spelling. Looking up a name takes no longer
    for many lines; changing one does.

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

    __slots__ = ("_by_name", "_lines")

    def __init__(self, lines: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        self._lines: list[tuple[str, str]] = []
        # The values by name in lower case; `None` until somebody asks.
        self._by_name: dict[str, list[str]] | None = None
        if not lines:
            return  # The usual case, and finding out what an empty thing is takes time.
        if isinstance(lines, Fields):
            self._lines += lines._lines
        elif _is_mapping(lines):
            self.extend(lines.items())
        else:
            self.extend(lines)

    @classmethod
    def of_clean(cls, lines: list[tuple[str, str]]) -> "Fields":
        """Return fields that take over `lines` as they are: no white space is around the values."""
        fields = cls()
        fields._lines = lines
        return fields

    def insert(self, name: str, value: str) -> None:
        """Add one more line behind all others.

        Raises:
            TypeError: `name` or `value` is not a `str`.
        """
        self.extend(((name, value),))

    def extend(self, lines: Iterable[tuple[str, str]]) -> None:
        """Add lines behind all others, in their order.

        Raises:
            TypeError: a name or a value is not a `str`; nothing was added.
        """
        self._lines += [_clean(name, value) for name, value in lines]
        self._by_name = None

    def get_all(self, name: str) -> list[str]:
        """Return the values of all lines with that name in their order, an empty list if none."""
        values = (self._by_name or self._index()).get(name.lower())
        return values.copy() if values else []

    def has_any(self, names: Collection[str]) -> bool:
        """Tell whether a line has one of these names, which are in lower case."""
        return not (self._by_name or self._index()).keys().isdisjoint(names)

    def lines(self) -> Iterator[tuple[str, str]]:
        """Iterate over all lines in their order, as names and values."""
        return iter(self._lines.copy())

    def copy(self) -> "Fields":
        """Return an independent copy."""
        return Fields(self)

    def clear(self) -> None:
        """Remove all lines."""
        self._lines.clear()
        self._by_name = None

    def trim(self, usual: Mapping[str, str] | None = None) -> None:
        """Give back the memory that looking up names has taken; the next time takes it again.

        A name or a value that is in `usual` becomes the one there, which many messages can share.
        """
        self._by_name = None
        if usual is not None:
            get = usual.get
            self._lines = [(get(name, name), get(value, value)) for name, value in self._lines]

    def __getitem__(self, name: str) -> str:
        """Return the value of the first line with that name."""
        values = self.get_all(name)
        if not values:
            raise KeyError(name)
        return values[0]

    def __setitem__(self, name: str, value: str) -> None:
        """Replace all lines of that name by one in the place of the first, or add a line."""
        line = _clean(name, value)
        key = name.lower()
        places = [place for place, (other, _) in enumerate(self._lines) if other.lower() == key]
        if places:
            self._lines[places[0]] = line
            for place in reversed(places[1:]):
                del self._lines[place]
        else:
            self._lines.append(line)
        self._by_name = None

    def __delitem__(self, name: str) -> None:
        """Remove all lines of that name."""
        key = name.lower()
        kept = [line for line in self._lines if line[0].lower() != key]
        if len(kept) == len(self._lines):
            raise KeyError(name)
        self._lines = kept
        self._by_name = None

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._index()

    def __iter__(self) -> Iterator[str]:
        """Iterate over the distinct names, each as it is spelled where it comes first."""
        seen: dict[str, str] = {}
        for name, _ in self._lines:
            seen.setdefault(name.lower(), name)
        return iter(seen.values())

    def __len__(self) -> int:
        """Return the number of distinct names."""
        return len(self._index())

    def __eq__(self, other: object) -> bool:
        """Compare all lines in their order, names without regard to case."""
        if isinstance(other, Fields):
            return self._comparable() == other._comparable()
        return NotImplemented

    def __repr__(self) -> str:
        return f"Fields({self._lines!r})"

    def _index(self) -> dict[str, list[str]]:
        """Return the values by name in lower case."""
        if self._by_name is None:
            index = {name.lower(): [value] for name, value in self._lines}
            if len(index) < len(self._lines):
                # Seldom: a name comes more than once.
                index.clear()
                for name, value in self._lines:
                    index.setdefault(name.lower(), []).append(value)
            self._by_name = index
        return self._by_name

    def _comparable(self) -> list[tuple[str, str]]:
        return [(name.lower(), value) for name, value in self._lines]


def _is_mapping(
    lines: Mapping[str, str] | Iterable[tuple[str, str]],
) -> "TypeIs[Mapping[str, str]]":
    return isinstance(lines, Mapping)


def _clean(name: str, value: str) -> tuple[str, str]:
    try:
        # As methods of str they refuse everything else, bytes too.
        return str.__str__(name), str.strip(value, " \t")
    except TypeError:
        raise TypeError(
            f"a field is a str name and a str value, not {name!r}: {value!r}"
        ) from None
