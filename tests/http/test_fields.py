from collections.abc import Callable, Mapping, MutableMapping
from types import MappingProxyType

import pytest

from beastly.http import Fields


def lines(fields: Fields) -> list[tuple[str, str]]:
    return list(fields.lines())


def test_an_ordered_multimap() -> None:
    fields = Fields([("Host", "a"), ("Cookie", "1"), ("host", "b"), ("COOKIE", "2"), ("X", "")])
    assert lines(fields) == [
        ("Host", "a"),
        ("Cookie", "1"),
        ("host", "b"),
        ("COOKIE", "2"),
        ("X", ""),
    ]
    assert fields["HOST"] == "a"
    assert fields.get_all("hOsT") == ["a", "b"]
    assert fields.get_all("cookie") == ["1", "2"]
    assert fields.get_all("Y") == []
    assert list(fields) == ["Host", "Cookie", "X"]
    assert len(fields) == 3


def test_made_of_a_mapping_and_of_fields() -> None:
    assert lines(Fields()) == []
    assert lines(Fields({"A": "1", "B": "2"})) == [("A", "1"), ("B", "2")]
    assert lines(Fields(MappingProxyType({"A": "1"}))) == [("A", "1")]
    repeated = Fields([("A", "1"), ("B", "2"), ("a", "3")])
    assert lines(Fields(repeated)) == lines(repeated)
    assert lines(Fields(line for line in [("A", "1"), ("A", "2")])) == [("A", "1"), ("A", "2")]


def test_made_of_clean_lines() -> None:
    fields = Fields.of_clean([("A", "1"), ("B", "2"), ("a", "3")])
    assert fields == Fields([("A", "1"), ("B", "2"), ("a", "3")])
    assert fields.get_all("A") == ["1", "3"]
    assert fields.get_all("B") == ["2"]


def test_it_is_a_mutable_mapping() -> None:
    fields = Fields({"A": "1"})
    mapping: MutableMapping[str, str] = fields
    assert isinstance(fields, MutableMapping)
    assert mapping.get("a") == "1"
    assert mapping.get("b") is None
    assert mapping.setdefault("a", "2") == "1"
    mapping.update({"A": "3", "B": "4"})
    assert dict(mapping) == {"A": "3", "B": "4"}
    assert mapping.pop("b") == "4"
    assert mapping.pop("b", "none") == "none"


def test_one_of_several_names() -> None:
    fields = Fields([("Host", "a"), ("X", "1"), ("x", "2")])
    assert fields.has_any({"host"})
    assert fields.has_any(["y", "x"])
    assert not fields.has_any({"y", "z"})
    assert not fields.has_any(())
    assert not Fields().has_any({"host"})


def test_setting_replaces_all_of_that_name_in_the_place_of_the_first() -> None:
    fields = Fields([("Host", "a"), ("X", "1"), ("Y", ""), ("x", "2"), ("Z", "")])
    fields["X"] = "3"
    assert lines(fields) == [("Host", "a"), ("X", "3"), ("Y", ""), ("Z", "")]
    fields["hOST"] = "b"
    assert lines(fields)[0] == ("hOST", "b")
    fields["New"] = "n"
    assert lines(fields)[-1] == ("New", "n")


def test_inserting_adds_behind_all_others() -> None:
    fields = Fields({"Cookie": "1", "Host": "a"})
    fields.insert("cookie", "2")
    assert lines(fields) == [("Cookie", "1"), ("Host", "a"), ("cookie", "2")]
    fields.extend([("Cookie", "3"), ("X", "4")])
    assert lines(fields)[3:] == [("Cookie", "3"), ("X", "4")]


def test_deleting_removes_all_of_that_name() -> None:
    fields = Fields([("A", "1"), ("B", "2"), ("a", "3")])
    del fields["A"]
    assert lines(fields) == [("B", "2")]
    with pytest.raises(KeyError, match="A"):
        del fields["A"]
    fields.insert("A", "4")
    assert lines(fields) == [("B", "2"), ("A", "4")]
    assert list(fields) == ["B", "A"]


def test_a_name_that_is_not_there() -> None:
    fields = Fields({"Host": "a"})
    assert "Hos" not in fields
    assert "hOST" in fields
    no_names: list[object] = [b"Host", 1, None]
    assert not any(name in fields.keys() for name in no_names)
    with pytest.raises(KeyError, match="X-Name"):
        fields["X-Name"]


@pytest.mark.parametrize("value", ["a b", " a b", "a b\t", "\t a b \t "])
def test_values_lose_the_white_space_around_them(value: str) -> None:
    """RFC 9110 section 5.5."""
    fields = Fields([("A", value)])
    fields["B"] = value
    fields.insert("C", value)
    assert lines(fields) == [("A", "a b"), ("B", "a b"), ("C", "a b")]


def test_other_white_space_is_left_to_be_found() -> None:
    """To strip a CR LF would hide that somebody tried to inject one (Beast's case H12)."""
    fields = Fields({"A": "1\r\n", "B": "\xa02\x0b"})
    assert lines(fields) == [("A", "1\r\n"), ("B", "\xa02\x0b")]


def replace(name: str, value: str) -> None:
    Fields()[name] = value


SETTERS: list[Callable[[str, str], object]] = [
    lambda name, value: Fields({name: value}),
    lambda name, value: Fields([(name, value)]),
    lambda name, value: Fields().insert(name, value),
    replace,
]


@pytest.mark.parametrize("setter", SETTERS)
@pytest.mark.parametrize("wrong", [b"a", 1, None])
def test_names_and_values_are_text(
    setter: Callable[[object, object], object], wrong: object
) -> None:
    with pytest.raises(TypeError, match="a field is a str name and a str value"):
        setter(wrong, "a")
    with pytest.raises(TypeError, match="a field is a str name and a str value"):
        setter("a", wrong)


def test_a_refused_value_leaves_the_fields_as_they_were() -> None:
    fields = Fields([("A", "1"), ("a", "2")])
    setter: Callable[[object, object], None] = fields.__class__.__setitem__.__get__(fields)
    with pytest.raises(TypeError):
        setter("A", 3)
    assert lines(fields) == [("A", "1"), ("a", "2")]


def test_a_copy_is_independent() -> None:
    fields = Fields([("A", "1"), ("a", "2")])
    copy = fields.copy()
    assert copy == fields
    copy["A"] = "3"
    copy.insert("B", "4")
    assert lines(fields) == [("A", "1"), ("a", "2")]
    fields.clear()
    assert lines(fields) == []
    assert lines(copy) == [("A", "3"), ("B", "4")]


def test_trimming_changes_nothing() -> None:
    fields = Fields([("A", "1"), ("a", "2")])
    assert fields["a"] == "1"
    fields.trim()
    assert fields == Fields([("A", "1"), ("a", "2")])
    assert fields.get_all("a") == ["1", "2"]


def test_trimming_shares_what_is_usual() -> None:
    lines = [(b"Upgrade".decode(), b"websocket".decode()), ("Host", "localhost")]
    fields = Fields(lines)
    usual = {text: text for text in (b"Upgrade".decode(), b"websocket".decode())}
    fields.trim(usual)
    assert list(fields.lines()) == lines
    (name, value), _ = fields.lines()
    assert name is usual["Upgrade"]
    assert value is usual["websocket"]


def test_comparison() -> None:
    fields = Fields([("A", "1"), ("B", "2")])
    assert fields == Fields([("a", "1"), ("b", "2")])
    assert fields != Fields([("B", "2"), ("A", "1")])
    assert fields != Fields([("A", "1")])
    assert fields != Fields([("A", "1"), ("B", "x")])
    assert fields != [("A", "1"), ("B", "2")]
    mapping: Mapping[str, str] = {"A": "1", "B": "2"}
    assert fields != mapping


def test_representation() -> None:
    fields = Fields([("A", "1"), ("a", "2")])
    assert repr(fields) == "Fields([('A', '1'), ('a', '2')])"
    assert eval(repr(fields)) == fields
