"""YAML files of entries with defaults in their head; every value remembers its line."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import yaml

from userops.errors import first_line


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
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place} ({self.entry})" if self.entry else place


@dataclass(frozen=True)
class Content:
    """A file: its name and its values as (value, line), mappings and lists nested."""

    file: str
    head: Mapping[str, tuple[object, int]]
    line: int = 1


@dataclass(frozen=True)
class Entry:
    """One entry with the file's defaults filled in; values are text (or None where optional and not given)."""

    file: str
    line: int
    key: str
    values: Mapping[str, str | None]
    lines: Mapping[str, int]

    def __getitem__(self, name: str) -> str | None:
        return self.values[name]

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}"

    def line_of(self, name: str | None) -> int:
        """The line of a value; that of the entry where the value is a default."""
        return self.lines.get(name or "", self.line)


class _Lines(yaml.SafeLoader):
    """Mappings become {key: (value, line)} so that errors can point; a key twice is an error."""


def _mapping(loader: _Lines, node: yaml.MappingNode) -> dict:
    found: dict[str, tuple[object, int]] = {}
    for key_node, value_node in node.value:
        key = str(loader.construct_object(key_node, deep=True))
        line = key_node.start_mark.line + 1
        if key in found:
            raise yaml.constructor.ConstructorError(None, None, f"{key!r} stands twice", key_node.start_mark)
        found[key] = (loader.construct_object(value_node, deep=True), line)
    return found


_Lines.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_file(path: Path, root: Path) -> tuple[Content, Problem | None]:
    """The content of a file, or what is wrong with it as a whole."""
    name = str(path.relative_to(root))
    empty = Content(name, {})
    try:
        # A subclass of SafeLoader: it constructs plain values alone.
        found = yaml.load(path.read_text(encoding="utf-8"), _Lines)
    except FileNotFoundError:
        return empty, Problem(name, 0, "", "the file is missing", "restore it from the repository")
    except UnicodeDecodeError:
        return empty, Problem(name, 0, "", "the file is not UTF-8", "save it as UTF-8")
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        said = getattr(error, "problem", None) or first_line(error)
        return empty, Problem(name, mark.line + 1 if mark else 0, "", f"no valid YAML: {said}", "fix that line")
    if not isinstance(found, dict):
        return empty, Problem(name, 1, "", "expected `name: value` lines", "begin like the other files of this folder")
    return Content(name, found), None


def entries_of(
    content: Content, kind: str, keys: tuple[str, ...], optional: Mapping[str, str | None], problems: list[Problem]
) -> list[Entry]:
    """The entries below `kind:`, each with the head's defaults; what is wrong goes to `problems`."""
    head = dict(content.head)
    listed, line = head.pop(kind, (None, 1))
    if not isinstance(listed, list):
        problems.append(Problem(content.file, line, "", f"no list `{kind}:`", f"add `{kind}:` with `- …` entries"))
        return []
    # What names an entry cannot be a default.
    known = [key for key in keys if key not in (keys[0], "name", "name_zh", "rule")]
    good = not any([_unknown(content.file, name, at, "", known, problems) for name, (_, at) in head.items()])
    return [
        entry
        for place, given in enumerate(listed, start=1)
        if good and (entry := _entry(content.file, place, given, head, keys, optional, problems, line))
    ]


def _unknown(file: str, name: str, line: int, entry: str, keys: list[str], problems: list[Problem]) -> bool:
    if name in keys:
        return False
    near = get_close_matches(name, keys, 1)
    fix = f"write `{near[0]}:`" if near else f"use one of: {', '.join(keys)}"
    problems.append(Problem(file, line, entry, f"unknown entry {name!r}", fix))
    return True


def _entry(
    file: str, place: int, given: object, head: Mapping, keys: tuple[str, ...],
    optional: Mapping[str, str | None], problems: list[Problem], list_line: int,
) -> Entry | None:  # fmt: skip
    if not isinstance(given, dict) or not given:
        what, fix = "not a list of `name: value`", f"begin it with `- {keys[0]}:`"
        problems.append(Problem(file, list_line, f"entry {place}", what, fix))
        return None
    line = min(at for _, at in given.values())
    called = str(given.get(keys[0], (f"entry {place}", 0))[0])
    before = len(problems)
    for name, (_, at) in given.items():
        _unknown(file, name, at, called, list(keys), problems)
    values: dict[str, str | None] = {}
    lines: dict[str, int] = {}
    for key in keys:
        value, at = given.get(key) or head.get(key) or (optional.get(key), line)
        values[key], lines[key] = _text(value), at
        if values[key] is None and key not in optional:
            problems.append(Problem(file, line, called, f"no {key!r}", f"add `{key}:` to it or to the file's head"))
        elif value is not None and not isinstance(value, str | int | float | bool):
            problems.append(Problem(file, at, called, f"{key} is not one value", f"write `{key}: …` in one line"))
    return Entry(file, line, called, values, lines) if len(problems) == before else None


def _text(value: object) -> str | None:
    """YAML's idea of a value as the text that was meant; blank text is nothing."""
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value).strip() or None
