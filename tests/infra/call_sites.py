"""Where the code of a function asks AWS, found by reading it: from its handler through all that it may come to.

By names: a method that is called `put` may be any `put` of the modules that the handler imports. So what is found is
rather too much than too little; what is called in a way that has no name (a resource object, a waiter, a managed
transfer) is refused.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import botocore.session
from botocore import xform_name

import photosort

PACKAGE = Path(photosort.__file__).parent

# Ways to ask that name no operation; a paginator's name may be in a variable.
NAMELESS = {
    *("resource", "get_waiter", "get_paginator", "getattr"),
    *("upload_file", "upload_fileobj", "download_file", "download_fileobj"),
}

Definition = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Site:
    """``lines`` of the module, on which ``asks`` stands: an operation, or one of our functions that calls one."""

    module: str
    lines: range
    asks: str


@dataclass(frozen=True)
class _Function:
    module: str
    owner: str  # the class that has it, or nothing
    definition: Definition

    @property
    def lines(self) -> range:
        return _lines(self.definition)


def sites(module: str) -> tuple[set[str], list[Site]]:
    """The operations that the handler in ``photosort.module`` may come to, and where from they are asked."""
    functions, classes = _defined(_imported(module))
    reached = _reached(module, functions, classes)
    direct: dict[int, list[tuple[str, range]]] = {id(one): list(_operations(one)) for one in reached}
    asking = [one for one in reached if direct[id(one)]]
    found = [Site(one.module, lines, name) for one in asking for name, lines in direct[id(one)]]
    found += [
        Site(one.module, _lines(node), called.definition.name)
        for one in reached
        for node in ast.walk(one.definition)
        if isinstance(node, ast.Call)
        for called in _meant(node.func, functions, classes)
        # The call of a generator asks for nothing yet.
        if called in asking and not _is_generator(called.definition)
    ]
    return {name for one in asking for name, _ in direct[id(one)]}, found


@cache
def operations() -> frozenset[str]:
    """As methods, those of all services that the code makes clients of."""
    made = {
        node.args[0].value
        for node in ast.walk(_tree("clients"))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "client"
        if isinstance(node.args[0], ast.Constant)
    }
    assert made == {"rekognition", "s3", "dynamodb", "sqs"}
    session = botocore.session.get_session()
    return frozenset(
        xform_name(name) for service in made for name in session.get_service_model(str(service)).operation_names
    )


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))


def _imported(module: str) -> set[str]:
    """The module and all of ours that it imports, also for types only."""
    found, open_ = set(), {module}
    while open_:
        found.add(name := open_.pop())
        for node in ast.walk(_tree(name)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "photosort":
                _, _, inner = str(node.module).partition(".")
                open_ |= ({inner} if inner else {alias.name for alias in node.names}) - found
    return found


def _defined(modules: set[str]) -> tuple[list[_Function], set[str]]:
    functions, classes = [], set()
    for module in sorted(modules):
        owners = {
            id(method): node.name
            for node in ast.walk(_tree(module))
            if isinstance(node, ast.ClassDef)
            for method in node.body
        }
        classes |= set(owners.values())
        functions += [
            _Function(module, owners.get(id(node), ""), node)
            for node in ast.walk(_tree(module))
            if isinstance(node, Definition)
        ]
    return functions, classes


def _reached(module: str, functions: list[_Function], classes: set[str]) -> list[_Function]:
    reached: list[_Function] = []
    open_ = [one for one in functions if one.module == module and one.definition.name == "handler"]
    assert open_
    while open_:
        reached.append(one := open_.pop())
        for node in ast.walk(one.definition):
            if isinstance(node, ast.Name | ast.Attribute):
                open_ += [
                    meant for meant in _meant(node, functions, classes) if meant not in reached and meant not in open_
                ]
    return reached


def _meant(node: ast.expr, functions: list[_Function], classes: set[str]) -> list[_Function]:
    """What ``node`` may name: where it says the class, that one's; a class itself is what it does when it is made."""
    match node:
        case ast.Attribute(value=ast.Name(id=owner), attr=name) if owner in classes:
            return [one for one in functions if (one.owner, one.definition.name) == (owner, name)]
        case ast.Attribute(attr=name):
            return [one for one in functions if one.definition.name == name]
        case ast.Name(id=name) if name in classes:
            return [one for one in functions if one.owner == name and one.definition.name.startswith("__")]
        case ast.Name(id=name):
            return [one for one in functions if one.definition.name == name and not one.owner]
    return []


def _operations(one: _Function) -> Iterator[tuple[str, range]]:
    for node in ast.walk(one.definition):
        match node:
            case ast.Call(func=ast.Attribute(attr="get_paginator"), args=[ast.Constant(value=str(name))]):
                yield name, one.lines  # the requests come with the pages, somewhere in this function
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if name in NAMELESS:
                raise AssertionError(f"{one.module}.py:{node.lineno}: {name} does not say which operation it asks for")
            case ast.Attribute(attr=name) if name in operations():
                yield name, _lines(node)


def _is_generator(definition: Definition) -> bool:
    return any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(definition))


def _lines(node: ast.expr | Definition) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)
