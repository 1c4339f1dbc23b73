"""The plan of the house, checked against the source: floors, borders, mirror, sizes, bans.

The tables below are the plan. A change that needs another row changes the plan, so it says why.
"""

import ast
import io
import subprocess
import sys
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# The blocking shell: modules of `beastly.websocket` that move bytes. All others there are pure.
SHELL = {
    "beastly.websocket",
    "beastly.websocket._closing",
    "beastly.websocket._connection",
    "beastly.websocket._incoming",
    "beastly.websocket._messages",
    "beastly.websocket._opening",
    "beastly.websocket._outgoing",
    "beastly.websocket._settings",
    "beastly.websocket._supply",
    "beastly.websocket._teardown",
    "beastly.websocket.stream",
}

# Modules that may use the border to the transport: layers and deadlines.
BLOCKING = SHELL | {"beastly.http", "beastly.http._io"}
BORDER = {"Deadline", "Layer", "layer_over"}

# What touches the world outside the program, and who may import it. Every row is needed.
WORLD = {
    "_thread",
    "asyncio",
    "concurrent",
    "multiprocessing",
    "queue",
    "select",
    "selectors",
    "signal",
    "socket",
    "socketserver",
    "ssl",
    "subprocess",
    "threading",
    "time",
}
MAY_TOUCH: Mapping[str, set[str]] = {
    "beastly.core._tcp": {"socket"},
    "beastly.core._tls": {"socket", "ssl", "threading"},
    "beastly.core._wait": {"select"},
    "beastly.core.deadline": {"time"},
    "beastly.core.layer": {"socket"},
    "beastly.http._io": {"socket"},
    "beastly.websocket._connection": {"threading"},
    "beastly.websocket._incoming": {"threading"},
    "beastly.websocket.stream": {"socket"},
}

# What a type checker brings along; imported for it alone, so no package is needed at run time.
TYPING_ONLY = "typing_extensions"

# Parts of `Stream` are tested through its verbs, as users meet them.
TESTED_AS: Mapping[str, str] = {
    "beastly.websocket._closing": "stream_close",
    "beastly.websocket._connection": "stream_threads",
    "beastly.websocket._incoming": "stream_read",
    "beastly.websocket._messages": "stream_messages",
    "beastly.websocket._opening": "stream_handshake",
    "beastly.websocket._outgoing": "stream_write",
    "beastly.websocket._settings": "stream_option",
    "beastly.websocket._supply": "stream_timeouts",
}

# Folders of tests that mirror no package.
BESIDE_THE_MIRROR = {"bench", "distribution", "docs", "support", "typing"}

LINES_MAX = 500
BODY_MAX = 50
COLUMNS_MAX = 100
DRAWERS = {"common", "helper", "helpers", "manager", "misc", "util", "utilities", "utils"}
BANNED_COMMENTS = ("type: ignore", "pyright: ignore", "pragma: no", "noqa")


@dataclass(frozen=True)
class Module:
    """One source file of the package, parsed."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    def at(self, node: ast.AST) -> str:
        return f"{self.path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"


@cache
def modules() -> Mapping[str, Module]:
    """All modules of the package by their dotted names."""
    found: dict[str, Module] = {}
    for path in sorted((ROOT / "beastly").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        text = path.read_text(encoding="utf-8")
        found[name] = Module(name, path, text, ast.parse(text))
    assert "beastly.core.layer" in found, "the package was not found"
    return found


def nodes() -> Iterator[tuple[Module, ast.AST]]:
    """Every node of every module."""
    for module in modules().values():
        for node in ast.walk(module.tree):
            yield module, node


def imports(module: Module) -> Iterator[tuple[ast.AST, str, str]]:
    """The imports of a module, wherever they stand in it: node, module, and the name from it or "".

    A name that is itself a module counts as that module.
    """
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name, ""
        elif isinstance(node, ast.ImportFrom):
            source = node.module or ""
            for alias in node.names:
                if f"{source}.{alias.name}" in modules():
                    yield node, f"{source}.{alias.name}", ""
                else:
                    yield node, source, alias.name


def _listed(found: list[str]) -> str:
    return "\n" + "\n".join(sorted(found))


def floor(name: str) -> int:
    """The floor that a module is on: it may import from its own and from those below."""
    if name == "beastly._version":
        return 0
    if name.startswith("beastly.core"):
        return 1
    if name.startswith("beastly.http"):
        return 2
    if name in SHELL:
        return 4
    if name.startswith("beastly.websocket"):
        return 3
    return 6 if name == "beastly" else 5


def test_imports_go_down_only() -> None:
    upward = [
        f"{module.at(node)} imports {source}"
        for module in modules().values()
        for node, source, _ in imports(module)
        if source.split(".")[0] == "beastly" and floor(source) > floor(module.name)
    ]
    assert not upward, _listed(upward)


def test_imports_make_no_cycle() -> None:
    graph = {
        module.name: {source for _, source, _ in imports(module) if source in modules()}
        for module in modules().values()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise AssertionError(f"these import each other: {error.args[1]}") from None


def test_imports_are_absolute_and_explicit() -> None:
    vague = [
        module.at(node)
        for module, node in nodes()
        if isinstance(node, ast.ImportFrom)
        and (node.level > 0 or any(alias.name == "*" for alias in node.names))
    ]
    assert not vague, _listed(vague)


def test_only_the_shells_block() -> None:
    wrong = [
        f"{module.at(node)} uses {name or source}"
        for module in modules().values()
        if floor(module.name) in (2, 3, 4) and module.name not in BLOCKING
        for node, source, name in imports(module)
        if (source.startswith("beastly.core") and name in BORDER)
        or source in ("beastly.core.deadline", "beastly.core.layer")
    ]
    assert not wrong, _listed(wrong)


def test_only_those_listed_touch_the_world() -> None:
    touched: dict[str, set[str]] = {}
    for module in modules().values():
        for _, source, _ in imports(module):
            if (top := source.split(".")[0]) in WORLD:
                touched.setdefault(module.name, set()).add(top)
    assert touched == MAY_TOUCH


def test_no_other_package_is_needed_at_run_time() -> None:
    known = sys.stdlib_module_names | {"beastly", TYPING_ONLY}
    foreign = [
        f"{module.at(node)} imports {source}"
        for module in modules().values()
        for node, source, _ in imports(module)
        if source.split(".")[0] not in known
    ]
    assert not foreign, _listed(foreign)


# Large, and of no use to a plain client; what it needs in the handshake alone comes with that.
TOO_MUCH = {
    "asyncio",
    "base64",
    "dataclasses",
    "email",
    "hashlib",
    "http.client",
    "importlib.metadata",
    "inspect",
    "logging",
    "secrets",
    "ssl",
    "tempfile",
    "typing_extensions",
    "urllib",
    "uuid",
    "zlib",
}


@pytest.mark.parametrize("package", ["beastly.http", "beastly.websocket"])
def test_an_import_brings_in_nothing_that_a_plain_client_does_not_use(package: str) -> None:
    # Isolated, and without `site`: what is installed beside must not matter.
    code = f"import sys; sys.path.append({str(ROOT)!r}); import {package}; print(*sys.modules)"
    command = [sys.executable, "-I", "-S", "-c", code]
    loaded = set(subprocess.run(command, capture_output=True, check=True, text=True).stdout.split())
    assert package in loaded
    assert not loaded & TOO_MUCH


Place = tuple[tuple[str, ...], str]
"""The folders below the root of a tree, and the name of a file without `test_`, `_` and `.py`."""


def _place(path: Path) -> Place:
    return path.relative_to(ROOT).parts[1:-1], path.stem.removeprefix("test_").lstrip("_")


def _tests() -> set[Place]:
    return {
        _place(path)
        for path in (ROOT / "tests").rglob("test_*.py")
        if path.relative_to(ROOT).parts[1] not in BESIDE_THE_MIRROR and path != Path(__file__)
    }


def _is_test_of(test: Place, source: Place) -> bool:
    """`tests/http/test_head.py` and `test_head_<aspect>.py` belong to `beastly/http/_head.py`."""
    return test[0] == source[0] and f"{test[1]}_".startswith(f"{source[1]}_")


def test_every_module_has_its_tests() -> None:
    tests = _tests()
    untested: list[str] = []
    for module in modules().values():
        folders, name = _place(module.path)
        wanted = (folders, TESTED_AS.get(module.name, name))
        if module.path.stem.startswith("__") or any(_is_test_of(test, wanted) for test in tests):
            continue
        untested.append("/".join(["tests", *folders, f"test_{wanted[1]}.py"]) + " is missing")
    assert not untested, _listed(untested)


def test_all_tests_have_a_module() -> None:
    sources = {_place(module.path) for module in modules().values()}
    sources |= {_place(path) for path in (ROOT / "beastly").rglob("*.c")}
    orphans = [
        "/".join(["tests", *test[0], f"test_{test[1]}.py"]) + " has no module"
        for test in _tests()
        if not any(_is_test_of(test, source) for source in sources)
    ]
    assert not orphans, _listed(orphans)


def test_modules_and_functions_are_of_a_readable_size() -> None:
    large = [
        f"{module.at(module.tree)} has {count} lines"
        for module in modules().values()
        if (count := len(module.text.splitlines())) > LINES_MAX
    ]
    large += [
        f"{module.at(node)}: the body of {node.name} has {count} lines"
        for module, node in nodes()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (count := _body_lines(node)) > BODY_MAX
    ]
    assert not large, _listed(large)


def _body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How many lines the statements of a function take, without its docstring."""
    statements = function.body
    if ast.get_docstring(function, clean=False) is not None:
        statements = statements[1:]
    if not statements:
        return 0
    return (statements[-1].end_lineno or 0) - statements[0].lineno + 1


def test_lines_are_of_a_readable_length() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{number} has {len(line)} columns"
        for folder in ("beastly", "tests", "docs")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > COLUMNS_MAX
    ]
    assert not long, _listed(long)


def test_names_say_what_is_inside() -> None:
    drawers = [name for name in modules() if DRAWERS & set(name.split(".")[-1].split("_"))]
    assert not drawers, _listed(drawers)


def test_every_module_and_every_public_thing_has_a_docstring() -> None:
    bare = [
        f"{module.at(node)}: {getattr(node, 'name', module.name)}"
        for module in modules().values()
        for node in [module.tree, *_public(module.tree)]
        if not ast.get_docstring(node)
    ]
    assert not bare, _listed(bare)


def _public(
    tree: ast.Module | ast.ClassDef,
) -> Iterator[ast.ClassDef | ast.FunctionDef]:
    """The classes, functions and methods of a module that have a public name.

    Left out are overloads, and setters, which are described with what they belong to.
    """
    for node in tree.body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef) or node.name.startswith("_"):
            continue
        decorators = {ast.unparse(decorator) for decorator in node.decorator_list}
        if "overload" in decorators or f"{node.name}.setter" in decorators:
            continue
        yield node
        if isinstance(node, ast.ClassDef):
            yield from _public(node)


def test_no_assert_stands_for_a_check() -> None:
    """Python leaves `assert` out when it optimises."""
    found = [module.at(node) for module, node in nodes() if isinstance(node, ast.Assert)]
    assert not found, _listed(found)


def test_no_handler_catches_everything() -> None:
    """What catches all must pass it on: it names `BaseException` and ends with `raise`."""
    wide = [
        module.at(node)
        for module, node in nodes()
        if isinstance(node, ast.ExceptHandler)
        and (caught := _caught(node)) & {"", "Exception", "BaseException"}
        and not (caught == {"BaseException"} and _ends_in_bare_raise(node))
    ]
    assert not wide, _listed(wide)


def _caught(handler: ast.ExceptHandler) -> set[str]:
    if handler.type is None:
        return {""}
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return {ast.unparse(each) for each in types}


def _ends_in_bare_raise(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def test_modules_keep_no_state() -> None:
    found = [module.at(node) for module, node in nodes() if isinstance(node, ast.Global)]
    assert not found, _listed(found)


def test_no_check_is_switched_off() -> None:
    """No `Any`, no `cast`, no comment that silences a type checker or hides a line from coverage.

    What cannot run on every platform is left out of the coverage by `setup.cfg`, by its condition.
    """
    found = [
        f"{module.at(node)} imports {name}"
        for module in modules().values()
        for node, source, name in imports(module)
        if source in ("typing", "typing_extensions") and name in ("", "Any", "cast")
    ]
    for module in modules().values():
        for token in tokenize.generate_tokens(io.StringIO(module.text).readline):
            if token.type == tokenize.COMMENT and any(
                banned in token.string for banned in BANNED_COMMENTS
            ):
                found.append(f"{module.path.relative_to(ROOT)}:{token.start[0]} {token.string}")
    assert not found, _listed(found)
