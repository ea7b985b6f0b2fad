"""Words that our code uses as codes: taken from its syntax tree where it has no list of them."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.docs.pages import ROOT

PACKAGE = ROOT / "ticketsync"


@dataclass(frozen=True)
class Module:
    """A module of ours: its syntax tree, and what its names stand for."""

    tree: ast.AST
    names: Mapping[str, Any]

    def function(self, name: str) -> "Module":
        found = [node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef) and node.name == name]
        assert len(found) == 1, name
        return Module(found[0], self.names)

    def calls(self, name: str) -> Iterator[ast.Call]:
        """All calls of this function or method."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == name:
                yield node

    def arguments(self, function: str, position: int, keyword: str = "") -> set[str]:
        """What is given to a function at this position or by this keyword, where it is a text."""
        return {text for call in self.calls(function) for text in self.texts(_given(call, position, keyword))}

    def returned(self, position: int | None = None) -> set[str]:
        """The texts that are returned; with `position` those at this place of a returned tuple."""
        values = [node.value for node in ast.walk(self.tree) if isinstance(node, ast.Return)]
        if position is not None:
            values = [value.elts[position] for value in values if isinstance(value, ast.Tuple)]
        return {text for value in values for text in self.texts(value)}

    def texts(self, node: ast.AST | None) -> Iterator[str]:
        """The texts that an expression may be, as far as one sees without running it."""
        match node:
            case ast.Constant(value=str(text)):
                yield text
            case ast.Name(id=name) if isinstance(self.names.get(name), str):
                yield self.names[name]
            case ast.IfExp(body=one, orelse=other):
                yield from self.texts(one)
                yield from self.texts(other)
            case ast.BoolOp(values=values):
                for value in values:
                    yield from self.texts(value)


def _given(call: ast.Call, position: int, keyword: str) -> ast.AST | None:
    by_keyword = [word.value for word in call.keywords if word.arg == keyword]
    return next(iter([*by_keyword, *call.args[position : position + 1]]), None)


def module(name: str) -> Module:
    """The module `ticketsync.{name}`."""
    path = PACKAGE / f"{name.replace('.', '/')}.py"
    return Module(ast.parse(path.read_text(encoding="utf-8")), vars(import_module(f"ticketsync.{name}")))


def modules(folder: str) -> list[Module]:
    """All modules of the package `ticketsync.{folder}`."""
    return [module(f"{folder}.{path.stem}") for path in sorted((PACKAGE / folder).glob("*.py"))]


@cache
def temporal_core() -> bytes:
    """The core of Temporal's SDK as it is installed: it has no list of its variables and metrics to ask for."""
    spec = find_spec("temporalio.bridge.temporal_sdk_bridge")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).read_bytes()
