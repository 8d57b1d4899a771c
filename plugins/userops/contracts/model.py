"""Contracts as objects; a mistake in a YAML file is an error that names file, line, entry and fix."""

from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from userops.errors import UseropsError
from userops.settings import PROJECT_ROOT
from userops.yaml_files import Mistake, Problem, ProblemFound, YamlModel, read, validate
from userops.yaml_files import parse as parse_yaml

DOMAINS = ("channel", "orders", "crm")
BUSINESS_CURRENCY = "business_currency"
IDENTIFIER_KINDS = ("phone", "email", "unionid", "external_userid", "device_id")
Share = Annotated[float, Field(ge=0, le=1)]


class Column(YamlModel):
    """One column: `empty` is what an empty cell means, `default` holds where the whole column is absent.

    `otherwise` is SQL over the row's columns for what an empty cell or an absent column holds. `scale` is the number of
    decimal places that a numeric column keeps. `id_of` says what a column's ids are of: those of a source get its name
    in front, so that two shops' order 1001 are two orders. `identifier` is the kind of identifier that a column holds;
    `identifier_in` names the column that says it of each row.
    """

    name: str
    type: Literal["text", "date", "timestamptz", "numeric", "integer", "bigint", "boolean"]
    description: str
    nullable: bool = False
    allowed: tuple[str, ...] = ()
    pattern: str | None = None
    min: int | float | None = None
    max: int | float | None = None
    empty: str | None = None
    default: str | None = None
    otherwise: str | None = None
    id_of: str | None = None
    past: bool = False
    free_text: bool = False
    scale: Annotated[int, Field(ge=0, le=17)] = 2
    personal: bool = False
    identifier: Literal[IDENTIFIER_KINDS] | None = None
    identifier_in: str | None = None

    @model_validator(mode="after")
    def _check(self) -> "Column":
        if self.is_identifier and not self.personal:
            raise Mistake(f"{self.name}: an identifier that is not personal", "add `personal: true`")
        if self.otherwise and (self.empty is not None or self.default is not None or self.nullable):
            raise Mistake(f"{self.name}: `otherwise` beside another default", "keep one of them")
        return self

    @property
    def is_identifier(self) -> bool:
        """Whether its values go to the vault and leave it as hashes."""
        return self.identifier is not None or self.identifier_in is not None

    @property
    def stored_name(self) -> str:
        """Its name in the lake: an identifier is there as its hash."""
        return f"{self.name}_hash" if self.is_identifier else self.name

    @property
    def must_stand(self) -> bool:
        """Whether a file without the column is incomplete."""
        return not self.nullable and self.default is None and self.otherwise is None

    @property
    def sql_type(self) -> str:
        """The type of its values in SQL."""
        return f"decimal(18, {self.scale})" if self.type == "numeric" else self.type


class RowRule(YamlModel):
    """A SQL expression over the typed columns; a row for which it is false is set aside (null passes)."""

    rule: str
    reason: str


class Contract(YamlModel):
    """What the owner of an export promises to deliver.

    `if_refused: continue` lets runs go on without a refused file of an optional export, with a warning.
    """

    name: str
    domain: Literal[DOMAINS]
    description: str
    mode: Literal["snapshot", "delta"]
    key: tuple[str, ...]
    required: bool
    owner: str
    freshness_days: int
    columns: tuple[Column, ...]
    max_bad_share: Share = 0.01
    max_conflict_share: Share = 0.001
    row_rules: tuple[RowRule, ...] = ()
    if_refused: Literal["block", "continue"] = "block"

    @model_validator(mode="after")
    def _check(self) -> "Contract":
        names = [column.name for column in self.columns]
        for name, count in Counter(names).items():
            if count > 1:
                raise Mistake(f"column {name!r} stands twice", "remove one")
        for name in self.key:
            if name not in names:
                raise Mistake(f"key column {name!r} is not among the columns", "name existing columns in `key`")
            if self.column(name).nullable:
                raise Mistake(f"key column {name!r} is nullable", "remove `nullable: true`")
        for column in self.columns:
            kinds = [other.allowed for other in self.columns if other.name == column.identifier_in]
            if column.identifier_in and (kinds == [] or kinds == [()] or not set(kinds[0]) <= set(IDENTIFIER_KINDS)):
                raise Mistake(f"{column.name}: `identifier_in` names no column of kinds of identifiers",
                              f"name a column whose `allowed` are of {', '.join(IDENTIFIER_KINDS)}")
        if self.mode == "delta" and "updated_at" not in names:
            raise Mistake("a delta without updated_at", "add the column, or use mode snapshot")
        if self.required and self.if_refused == "continue":
            raise Mistake("a required export that may be refused", "remove `if_refused: continue`")
        return self

    @property
    def identifiers(self) -> tuple[Column, ...]:
        """Columns whose values go to the vault and leave it as hashes."""
        return tuple(column for column in self.columns if column.is_identifier)

    @property
    def stored_key(self) -> tuple[str, ...]:
        """The key as the lake has it: of a key column that is an identifier, its hash."""
        return tuple(self.column(name).stored_name for name in self.key)

    def kinds_of(self, column: Column) -> tuple[str, ...]:
        """The kinds of identifier that a column may hold."""
        return (column.identifier,) if column.identifier else self.column(column.identifier_in).allowed

    def column(self, name: str) -> Column:
        """The column of that name."""
        return next(column for column in self.columns if column.name == name)


def parse(text: str, source: str) -> Contract:
    """Read one contract; `source` is the file name that errors show."""
    return validate(parse_yaml(text, source), Contract)


@lru_cache(maxsize=8)
def load_contracts(folder: Path = PROJECT_ROOT / "contracts") -> dict[str, Contract]:
    """All contracts by export name, in alphabetical order."""
    contracts = {}
    for path in sorted(folder.glob("*.yml")):
        file = read(path, folder.parent)
        contract = validate(file, Contract)
        if contract.name != path.stem:
            problem = f"name is {contract.name!r}", f"name the file {contract.name}.yml"
            raise ProblemFound(Problem(file.file, file.line(("name",)), "", *problem))
        contracts[contract.name] = contract
    if not contracts:
        raise UseropsError(f"No contract in {folder}.", fix="keep the contracts/ folder beside plugins/.")
    return contracts
