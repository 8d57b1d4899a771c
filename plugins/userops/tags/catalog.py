"""Tags, scenarios and audiences as objects; a mistake in a file is named with file, line, entry and fix."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from userops.contracts.model import load_contracts
from userops.settings import PROJECT_ROOT
from userops.tags.expressions import Node, RuleError, parse
from userops.tags.features import Feature, load_features
from userops.tags.files import AudienceEntry, CategoryEntry, Entry, Kind, ScenarioEntry, TagEntry, read_entries
from userops.tags.rendering import OR
from userops.yaml_files import Problem, ProblemFound

CODE = re.compile(r"[a-z][a-z0-9_]{1,47}")
LATER = "later"
Made = TypeVar("Made")


@dataclass(frozen=True)
class Scenario:
    """An occasion to act: who is eligible on a day, and what must happen in the 30 days after it."""

    name: str
    name_zh: str
    eligible: Node
    outcome: Node
    eligible_text: str
    outcome_text: str
    meaning: str


@dataclass(frozen=True)
class Tag:
    """A tag as declared; `rule`, `value` and `score` are parsed, their texts beside them."""

    code: str
    name: str
    name_zh: str
    category: str
    scenario: str
    owner: str
    decision: str
    validity_days: int
    rule: Node
    value: Node | None
    score: Node
    rule_text: str
    value_text: str | None
    score_text: str
    file: str
    line: int
    needs: tuple[str, ...] = ()

    @property
    def borne(self) -> Node:
        """The rule, which holds for nobody where what the tag needs was never delivered."""
        return Node("needs", (self.rule, *self.needs), "boolean") if self.needs else self.rule


@dataclass(frozen=True)
class Audience:
    """A set of users to speak to, declared over tags and features."""

    code: str
    name: str
    name_zh: str
    scenario: str
    owner: str
    decision: str
    rule: Node
    rule_text: str


@dataclass(frozen=True)
class Catalog:
    """Everything the files declare, each by its code or name, in alphabetical order."""

    features: Mapping[str, Feature]
    categories: Mapping[str, str]
    scenarios: Mapping[str, Scenario]
    tags: Mapping[str, Tag]
    audiences: Mapping[str, Audience]


def load_catalog(root: Path = PROJECT_ROOT) -> Catalog:
    """The whole catalogue; the first mistake is an error (`userops tags lint` shows all)."""
    catalog, problems = read_catalog(root)
    if problems:
        raise ProblemFound(problems[0], len(problems) - 1, "`userops tags lint` lists all")
    return catalog


def read_catalog(root: Path = PROJECT_ROOT) -> tuple[Catalog, list[Problem]]:
    """What could be read, and what is wrong with the rest."""
    return _Reader(root).read()


class _Reader:
    """Reads all files of one project; collects problems instead of stopping at the first."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.problems: list[Problem] = []
        self.features = load_features(root)
        self.names = {name: feature.type for name, feature in self.features.items()}

    def read(self) -> tuple[Catalog, list[Problem]]:
        folder = self.root / "tags"
        self.categories = self._all([folder / "_categories.yml"], "categories", CategoryEntry, _category)
        self.scenarios = self._all([folder / "_scenarios.yml"], "scenarios", ScenarioEntry, self._scenario)
        files = [path for path in sorted(folder.glob("*.yml")) if not path.name.startswith("_")]
        self.tags = self._all(files, "tags", TagEntry, self._tag)
        if not self.tags:
            self.problems.append(Problem("tags", 0, "", "no tag could be read", "declare some in tags/<category>.yml"))
        files = sorted((self.root / "audiences").glob("*.yml"))
        audiences = self._all(files, "audiences", AudienceEntry, self._audience)
        return Catalog(self.features, self.categories, self.scenarios, self.tags, audiences), self.problems

    def _all(
        self, files: list[Path], kind: str, model: type[Kind], make: Callable[[Entry[Kind]], Made]
    ) -> dict[str, Made]:
        """Objects of all entries of a kind by code or name; entries with a problem are left out."""
        made: dict[str, Made] = {}
        seen: dict[str, Entry[Kind]] = {}
        for path in files:
            for entry in read_entries(path, self.root, kind, model, self.problems):
                if entry.key in seen:
                    first = seen[entry.key]
                    self._wrong(entry, f"{entry.key!r} is declared twice", f"rename it here or in {first.where}")
                    continue
                seen[entry.key] = entry
                before = len(self.problems)
                thing = make(entry)
                if len(self.problems) == before:
                    made[entry.key] = thing
        return dict(sorted(made.items()))

    def _wrong(self, entry: Entry, what: str, fix: str, key: str | None = None) -> None:
        self.problems.append(Problem(entry.file, entry.line_of(key), entry.key, what, fix))

    def _expression(
        self, entry: Entry, key: str, names: Mapping[str, str], wanted: str | None = None, tags: frozenset | None = None
    ) -> tuple[Node, str]:
        text = getattr(entry.content, key).strip()
        nothing = Node("constant", ("false",), "boolean")
        try:
            node = parse(text, names, tags)
        except RuleError as error:
            self._wrong(entry, f"{key} `{text}`: {error}", error.fix, key)
            return nothing, text
        if wanted and node.type != wanted:
            article = "a comparison or a yes-no feature" if wanted == "boolean" else "a number"
            self._wrong(entry, f"{key} `{text}` is a {node.type}, not {article}", f"make it a {wanted}", key)
        return node, text

    def _choice(self, entry: Entry, key: str, choices: Mapping[str, object]) -> str:
        value = getattr(entry.content, key).strip()
        if value not in choices:
            near = get_close_matches(value, choices, 1)
            fix = f"write {near[0]!r}" if near else f"use one of: {', '.join(choices)}"
            self._wrong(entry, f"{key} {value!r} is none of {len(choices)} known", fix, key)
        return value

    def _code(self, entry: Entry) -> str:
        if not CODE.fullmatch(entry.key):
            self._wrong(
                entry, f"code {entry.key!r} is not usable",
                "use 2 to 48 lower-case letters, digits and underscores, a letter first", "code",
            )
        return entry.key

    def _scenario(self, entry: Entry[ScenarioEntry]) -> Scenario:
        eligible, eligible_text = self._expression(entry, "eligible", self.names, "boolean")
        both = self.names | {f"{LATER}.{name}": kind for name, kind in self.names.items()}
        outcome, outcome_text = self._expression(entry, "outcome", both, "boolean")
        given = entry.content
        return Scenario(entry.key, given.name_zh, eligible, outcome, eligible_text, outcome_text, given.meaning)

    def _tag(self, entry: Entry[TagEntry]) -> Tag:
        rule, rule_text = self._expression(entry, "rule", self.names, "boolean")
        score, score_text = self._expression(entry, "score", self.names, "number")
        given = entry.content
        value, value_text = self._expression(entry, "value", self.names) if given.value else (None, None)
        return Tag(
            self._code(entry), given.name, given.name_zh,
            self._choice(entry, "category", self.categories), self._choice(entry, "scenario", self.scenarios),
            given.owner, given.decision, given.validity_days, rule, value, score, rule_text, value_text, score_text,
            entry.file, entry.line_of(), tuple(self._need(entry, need) for need in given.needs),
        )  # fmt: skip

    def _need(self, entry: Entry[TagEntry], need: str) -> str:
        """The need as the raw layer names it: an export, or one of its columns; or alternatives."""
        found = []
        for name in need.split(OR):
            export, _, column = name.strip().partition(".")
            contract = load_contracts().get(export)
            known = contract and {c.name: c for c in contract.columns if c.is_identifier or not c.personal}
            if contract is None or (column and column not in known):
                self._wrong(entry, f"needs {name.strip()!r}, which no contract has", "name an export or export.column",
                            "needs")
                return need
            found.append(f"{export}.{known[column].stored_name}" if column else export)
        return OR.join(found)

    def _audience(self, entry: Entry[AudienceEntry]) -> Audience:
        rule, rule_text = self._expression(entry, "rule", self.names, "boolean", frozenset(self.tags))
        given = entry.content
        return Audience(
            self._code(entry), given.name, given.name_zh, self._choice(entry, "scenario", self.scenarios),
            given.owner, given.decision, rule, rule_text,
        )  # fmt: skip


def _category(entry: Entry[CategoryEntry]) -> str:
    return entry.content.name_zh
