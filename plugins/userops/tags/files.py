"""The entries of `tags/` and `audiences/` as models; a file's head holds the defaults of its entries."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BeforeValidator

from userops import yaml_files
from userops.yaml_files import Mistake, Problem, ProblemFound, YamlFile, YamlModel

LONGEST_VALIDITY = 3650
# What tells one entry from another has no default.
NO_DEFAULT = ("code", "name", "name_zh", "rule")


def _as_text(value: object) -> object:
    """An expression may look like a number or a boolean: `score: 1`, `rule: true`."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _days(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LONGEST_VALIDITY:
        raise Mistake(f"validity_days is {value!r}", f"write whole days from 1 to {LONGEST_VALIDITY}")
    return value


Expression = Annotated[str, BeforeValidator(_as_text)]


class CategoryEntry(YamlModel):
    """What a tag is about."""

    name: str
    name_zh: str


class ScenarioEntry(YamlModel):
    """An occasion to act."""

    name: str
    name_zh: str
    eligible: Expression
    outcome: Expression
    meaning: str


class TagEntry(YamlModel):
    """A tag: who bears it, with which value and score, and for how long.

    `needs` names exports and columns (`pushes.opened_at`; `a or b`): where no source delivers them nobody bears it.
    """

    code: str
    name: str
    name_zh: str
    category: str
    scenario: str
    owner: str
    decision: str
    rule: Expression
    needs: tuple[str, ...] = ()
    value: Expression | None = None
    score: Expression = "1"
    validity_days: Annotated[int, BeforeValidator(_days)]


class AudienceEntry(YamlModel):
    """A set of users to speak to."""

    code: str
    name: str
    name_zh: str
    scenario: str
    owner: str
    decision: str
    rule: Expression


Kind = TypeVar("Kind", bound=YamlModel)


@dataclass(frozen=True)
class Entry(Generic[Kind]):
    """One entry with the defaults of its file filled in; `at` is its location."""

    source: YamlFile
    at: tuple[str, int]
    key: str
    content: Kind

    @property
    def file(self) -> str:
        return self.source.file

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line_of()}"

    def line_of(self, name: str | None = None) -> int:
        """The line of a value (in the head, where it is a default), or of the entry."""
        return self.source.line((*self.at, name) if name else self.at)


def read_entries(
    path: Path, root: Path, kind: str, model: type[Kind], problems: list[Problem]
) -> Iterator[Entry[Kind]]:
    """The entries below `kind:` in a file; what is wrong goes to `problems`."""
    try:
        file = yaml_files.read(path, root)
    except ProblemFound as found:
        problems.append(found.problem)
        return
    if not isinstance(file.content, dict):
        what, fix = "expected `name: value` lines", "begin like the other files of this folder"
        problems.append(Problem(file.file, 1, "", what, fix))
        return
    head = {name: value for name, value in file.content.items() if name != kind}
    listed = file.content.get(kind)
    if not isinstance(listed, list):
        what, fix = f"no list `{kind}:`", f"add `{kind}:` with `- …` entries"
        problems.append(Problem(file.file, file.line((kind,)), "", what, fix))
        return
    known = [name for name in model.model_fields if name not in NO_DEFAULT]
    unknown = [yaml_files.unknown_entry(file.file, file.line((n,)), "", n, known) for n in head if n not in known]
    problems += unknown
    if not unknown:
        for place, given in enumerate(listed):
            yield from _entry(file, (kind, place), given, head, model, problems)


def _entry(
    file: YamlFile, at: tuple[str, int], given: Any, head: dict[str, Any], model: type[Kind], problems: list[Problem]
) -> Iterator[Entry[Kind]]:
    first = next(iter(model.model_fields))
    if not isinstance(given, dict) or not given:
        what, fix = "not a list of `name: value`", f"begin it with `- {first}:`"
        problems.append(Problem(file.file, file.line(at), f"entry {at[1] + 1}", what, fix))
        return
    values = {name: value for name, value in (head | given).items() if not _is_blank(value)}
    defaults = {(*at, name): file.lines[(name,)] for name in head if name not in given}
    file = replace(file, lines=file.lines | defaults)
    called = str(given.get(first) or f"entry {at[1] + 1}")
    missing = [name for name, field in model.model_fields.items() if field.is_required() and name not in values]
    if missing and set(given) <= set(model.model_fields):
        what, fix = f"no {missing[0]!r}", f"add `{missing[0]}:` to it or to the file's head"
        problems.append(Problem(file.file, file.line(at), called, what, fix))
        return
    content, found = yaml_files.check(file, model, values, at, called)
    problems += found
    if content is not None:
        yield Entry(file, at, called, content)


def _is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())
