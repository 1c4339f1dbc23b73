"""The reference names all that is public and nothing else, with the parameters that it has."""

import ast
import enum
import inspect
import re
import typing
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

from beastly import core, http, websocket
from tests.docs.pages import ROOT

PACKAGES = {"beastly.websocket": websocket, "beastly.http": http, "beastly.core": core}
CLASSES: dict[str, tuple[type, tuple[str, ...]]] = {
    "Stream": (websocket.Stream, ("Stream", "Options")),
    "Request": (http.Request, ("Request",)),
    "Response": (http.Response, ("Response",)),
    "Fields": (http.Fields, ("Fields",)),
    "RequestParser": (http.RequestParser, ("RequestParser",)),
    "ResponseParser": (http.ResponseParser, ("RequestParser",)),
    "Layer": (core.Layer, ("Layer",)),
    "Deadline": (core.Deadline, ("Deadline",)),
    "ReceiveBuffer": (core.ReceiveBuffer, ("ReceiveBuffer",)),
}
CODES: dict[str, type[core.ErrorCode]] = {
    "Codes of websocket": websocket.Error,
    "Codes of http": http.Error,
    "Codes of core": core.Error,
}

Parameters = tuple[tuple[str, bool, bool], ...]
"""Of each parameter its name, whether it can be named by the caller, and whether it may lack."""


def sections() -> dict[str, list[list[str]]]:
    """The rows of the tables below each heading of the page, as cells, without table heads."""
    found: dict[str, list[list[str]]] = {}
    heading = ""
    for line in (ROOT / "docs" / "reference.md").read_text(encoding="utf-8").splitlines():
        if title := re.fullmatch(r"#+ (.*)", line):
            heading = title[1]
        elif re.fullmatch(r"\| `.*\|", line):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            found.setdefault(heading, []).append(cells)
    return found


SECTIONS = sections()


def names(heading: str) -> set[str]:
    return {entry.partition("(")[0] for entry in entries(heading)}


def entries(heading: str) -> Iterator[str]:
    """What stands in backticks in the first column: names, and calls with their parameters."""
    for cells in SECTIONS[heading]:
        yield cells[0].strip("`")


@pytest.mark.parametrize("name", PACKAGES)
def test_public_names(name: str) -> None:
    package = PACKAGES[name]
    assert names(name) == set(package.__all__)


@pytest.mark.parametrize("name", CLASSES)
def test_public_members(name: str) -> None:
    of_class, headings = CLASSES[name]
    documented = set[str]().union(*(names(heading) for heading in headings))
    assert documented == {
        member
        for base in of_class.__mro__
        if base.__module__.startswith("beastly.")
        for member in (*vars(base), *inspect.get_annotations(base))
        if not member.startswith("_")
    }


def test_parameters() -> None:
    wrong: list[str] = []
    owners: list[tuple[type | ModuleType, tuple[str, ...]]] = [
        *((package, (name,)) for name, package in PACKAGES.items()),
        *CLASSES.values(),
    ]
    for owner, headings in owners:
        documented: dict[str, set[Parameters]] = {}
        for heading in headings:
            for entry in entries(heading):
                if "(" in entry:
                    documented.setdefault(entry.partition("(")[0], set()).add(written(entry))
        wrong += [
            f"{owner.__name__}.{name}: {calls} where {actual(owner, name)} is"
            for name, calls in documented.items()
            if calls != actual(owner, name)
        ]
    assert not wrong


def test_methods_have_their_parameters() -> None:
    bare = [
        f"{name}.{entry}"
        for name, (of_class, headings) in CLASSES.items()
        for heading in headings
        for entry in entries(heading)
        if "(" not in entry and callable(inspect.getattr_static(of_class, entry, None))
    ]
    assert not bare


@pytest.mark.parametrize("heading", CODES)
def test_codes(heading: str) -> None:
    """Code by code: what must hold, the section, and the close code or status of the answer."""
    rows = []
    for code in CODES[heading]:
        row = [f"`{code.name}`", code.message]
        if isinstance(code, websocket.Error):
            row += [code.section, number(code.close_code)]
        elif isinstance(code, http.Error):
            row += [code.section, number(code.status)]
        rows.append(row)
    assert SECTIONS[heading] == rows


def number(value: enum.IntEnum | None) -> str:
    return "" if value is None else str(int(value))


def written(entry: str) -> Parameters:
    """The parameters of a call as the page writes it."""
    (function,) = ast.parse(f"def {valid(entry)}: ...").body
    assert isinstance(function, ast.FunctionDef)
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    required = len(positional) - len(arguments.defaults)
    return (
        *(
            (argument.arg, argument in arguments.args, index >= required)
            for index, argument in enumerate(positional)
        ),
        *(
            (argument.arg, True, default is not None)
            for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        ),
    )


def valid(entry: str) -> str:
    """Python has no way to write that there is nothing before a `/`."""
    return entry.replace("(/, ", "(")


def actual(owner: type | ModuleType, name: str) -> set[Parameters]:
    """The parameters of a function, of each of its overloads, or of a class."""
    target: Callable[..., object] = getattr(owner, name)
    calls = typing.get_overloads(target) if inspect.isfunction(target) else []
    return {parameters(call) for call in calls or [target]}


def parameters(call: Callable[..., object]) -> Parameters:
    return tuple(
        (
            parameter.name,
            parameter.kind is not inspect.Parameter.POSITIONAL_ONLY,
            parameter.default is not inspect.Parameter.empty,
        )
        for parameter in inspect.signature(call).parameters.values()
        if parameter.name != "self"
    )
