"""Read configuration files: YAML 1.2 into pydantic models; a mistake names file, line, entry and fix.

    class Supplier(YamlModel):
        name: str
        channels: tuple[str, ...] = ()

    suppliers = load(root / "suppliers.yml", Supplier, root)

YAML 1.2 knows `true` and `false` alone as booleans: `off`, `no`, `yes` and `on` are words, `010` is ten, and a date is
a text. PyYAML reads YAML 1.1 by default, so the loader here has resolvers of its own.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from userops.errors import UseropsError, first_line

Location = tuple[str | int, ...]
# Configuration is small: deeper nesting, or more values once aliases are expanded, is an accident or an attack.
DEEPEST, MOST_VALUES = 40, 200_000
WORDS = {"string_type", "literal_error", "enum"}
KINDS = {
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "decimal_type": "a number",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "`name: value` pairs",
    "model_type": "`name: value` pairs",
    "model_attributes_type": "`name: value` pairs",
    "date_type": "a date, YYYY-MM-DD",
    "date_from_datetime_parsing": "a date, YYYY-MM-DD",
    "time_type": "an hour, HH:MM",
}


class YamlModel(BaseModel):
    """The base of models that are read from YAML: frozen, no unknown entries, no silent conversion of types."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Problem:
    """A mistake in a file: where, in which entry, what, and how to fix it."""

    file: str
    line: int
    entry: str
    what: str
    fix: str

    @property
    def where(self) -> str:
        """File, line and entry, as an editor takes them."""
        location = f"{self.file}:{self.line}" if self.line else self.file
        return f"{location} ({self.entry})" if self.entry else location


class ProblemFound(UseropsError):
    """The error that tells of a problem; `more` others exist, and `see` says where."""

    def __init__(self, problem: Problem, more: int = 0, see: str = "") -> None:
        others = f" ({more} more{': ' + see if see else ''})" if more else ""
        super().__init__(f"{problem.where}: {problem.what}{others}.", fix=f"{problem.fix.rstrip('.')}.")
        self.problem = problem


@dataclass(frozen=True)
class YamlFile:
    """A file as plain values, and the line of each location in it."""

    file: str
    content: Any
    lines: dict[Location, int] = field(default_factory=dict)

    def line(self, location: Sequence[str | int]) -> int:
        """The line of a location, or of the nearest one around it."""
        for length in range(len(location), -1, -1):
            if tuple(location[:length]) in self.lines:
                return self.lines[tuple(location[:length])]
        return 1


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Plain values alone, by the core schema of YAML 1.2."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first))


def _integer(loader: _Loader, node: yaml.ScalarNode) -> int:
    text = node.value
    return int(text[2:], {"o": 8, "x": 16}[text[1]]) if text[:2] in ("0o", "0x") else int(text)


_Loader.add_constructor("tag:yaml.org,2002:int", _integer)


def parse(text: str, file: str) -> YamlFile:
    """Parse a YAML text; raises the error of the first problem, which names `file` and the line."""
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            lines: dict[Location, int] = {}
            content = None if node is None else _plain(loader, node, (), lines)
        finally:
            loader.dispose()
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        said = getattr(error, "problem", None) or first_line(error)
        problem = Problem(file, mark.line + 1 if mark else 0, "", f"no valid YAML: {said}", "fix that line")
        raise ProblemFound(problem) from error
    return YamlFile(file, content, lines)


def read(path: Path, root: Path | None = None) -> YamlFile:
    """Read a file as plain values; errors name it relative to `root`."""
    name = str(path.relative_to(root)) if root else path.name
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ProblemFound(Problem(name, 0, "", "the file is missing", "restore it from the repository")) from None
    except UnicodeDecodeError:
        raise ProblemFound(Problem(name, 0, "", "the file is not UTF-8", "save it as UTF-8")) from None
    return parse(text, name)


def load(path: Path, model: type[Model], root: Path | None = None) -> Model:
    """Read a file as a model; the first mistake is an error that says how many more there are."""
    return validate(read(path, root), model)


def validate(file: YamlFile, model: type[Model]) -> Model:
    """The whole file as a model."""
    found, problems = check(file, model, file.content, ())
    if found is None:
        raise ProblemFound(problems[0], len(problems) - 1)
    return found


def check(
    file: YamlFile, model: type[Model], value: Any, at: Location, entry: str = ""
) -> tuple[Model | None, list[Problem]]:
    """One value of a file, standing at `at`, as a model; or None and every problem with it."""
    try:
        # JSON mode is strict about types and still takes a list for a tuple, a text for a date or a Decimal.
        return model.model_validate_json(json.dumps(value), strict=True), []
    except ValidationError as error:
        # A misspelt entry comes first: it is the reason why another one is missing.
        found = sorted(error.errors(include_url=False), key=lambda one: one["type"] != "extra_forbidden")
        return None, [_problem(file, model, value, at, entry, one) for one in found]


def entry_name(value: Any, location: Iterable[str | int]) -> str:
    """What people call the entry a location lies in: its `name` or `code`, or the entry's key and place."""
    called = ""
    for step in location:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            break
        if isinstance(step, int):
            called = f"entry {step + 1}"
        if isinstance(value, dict):
            given = value.get("code", value.get("name"))
            called = str(given) if isinstance(given, str | int) else called
    return called


def _plain(loader: _Loader, node: yaml.Node, at: Location, lines: dict[Location, int]) -> Any:
    """The node as plain values; notes the line of everything below it."""
    if len(at) > DEEPEST or len(lines) > MOST_VALUES:
        raise yaml.constructor.ConstructorError(None, None, "too deeply nested, or too long", node.start_mark)
    lines.setdefault(at, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(loader, item, (*at, place), lines) for place, item in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        return loader.construct_object(node, deep=True)
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, "a key is not a word", key_node.start_mark)
        key = key_node.value
        if key in found:
            raise yaml.constructor.ConstructorError(None, None, f"{key!r} stands twice", key_node.start_mark)
        lines[(*at, key)] = key_node.start_mark.line + 1
        found[key] = _plain(loader, value_node, (*at, key), lines)
    return found


def _problem(
    file: YamlFile, model: type[BaseModel], value: Any, at: Location, entry: str, error: Any
) -> Problem:
    """pydantic's error in the words of somebody who edits the file."""
    kind, location = error["type"], tuple(error["loc"])
    last = location[-1] if location else "the file"
    name = f"entry {last + 1}" if isinstance(last, int) else last
    entry = entry or entry_name(value, location[:-1])
    line = file.line((*at, *location))
    if kind == "missing":
        return Problem(file.file, line, entry, f"no {name!r}", f"add `{name}:`")
    if kind == "extra_forbidden":
        return unknown_entry(file.file, line, entry, name, _fields(model, location[:-1]))
    return Problem(file.file, line, entry, *_wrong_value(kind, name, error))


def unknown_entry(file: str, line: int, entry: str, name: str, known: Sequence[str]) -> Problem:
    """An entry that nobody reads, with the one that may be meant."""
    near = get_close_matches(name, known, 1)
    fix = f"write `{near[0]}:`" if near else f"use one of: {', '.join(known)}" if known else "remove it"
    return Problem(file, line, entry, f"unknown entry {name!r}", fix)


def _wrong_value(kind: str, name: str, error: Any) -> tuple[str, str]:
    given = error["input"]
    shown = json.dumps(given, ensure_ascii=False)[:60]
    if kind in WORDS and isinstance(given, bool | int | float):
        read_as = "true or false" if isinstance(given, bool) else "a number"
        return f"{name} {shown} is read as {read_as}, not as a word", "put it in quotes"
    if kind == "string_type":
        return f"{name} is not one value", f"write `{name}: …` in one line"
    if kind == "bool_type" and isinstance(given, str):
        return f"{name} {shown} is a word", "write true or false"
    if kind in KINDS:
        return f"{name} {shown} is not {KINDS[kind]}", f"write {KINDS[kind]}"
    if kind == "literal_error":
        choices = error["ctx"]["expected"].replace(" or ", ", ")
        near = get_close_matches(str(given), re.findall(r"'([^']*)'", choices), 1)
        return f"{name} is {given!r}", f"write {near[0]!r}" if near else f"use one of {choices}"
    raised = (error.get("ctx") or {}).get("error")
    if isinstance(raised, Mistake):
        return raised.what, raised.fix
    said = str(raised) if raised else error["msg"][:1].lower() + error["msg"][1:]
    return (said if isinstance(given, dict | list) else f"{name} {shown}: {said}"), "correct it"


class Mistake(ValueError):
    """Raise it in a validator of a model: what is wrong, and how to fix it."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.what, self.fix = what, fix


def _fields(model: type[BaseModel], location: Sequence[str | int]) -> list[str]:
    """The names that the model at a location knows; empty where that cannot be told."""
    current: Any = model
    for step in location:
        if isinstance(step, int):
            continue
        found = getattr(current, "model_fields", {}).get(step)
        current = _model_in(found.annotation) if found else None
    return [info.alias or name for name, info in getattr(current, "model_fields", {}).items()]


def _model_in(annotation: Any) -> Any:
    """The first model that a type speaks of: tuple[Column, ...], Column | None, dict[str, Column]."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        if (found := _model_in(argument)) is not None:
            return found
    return None
