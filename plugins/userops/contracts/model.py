"""Contracts as objects; a mistake in a YAML file is an error that names file, place and fix."""

from dataclasses import MISSING, dataclass, fields
from functools import lru_cache
from pathlib import Path

import yaml

from userops.errors import UseropsError
from userops.settings import PROJECT_ROOT

TYPES = ("text", "date", "timestamptz", "numeric", "integer", "bigint", "boolean")
DOMAINS = ("channel", "orders", "crm")
MODES = ("snapshot", "delta")
IF_REFUSED = ("block", "continue")
IDENTIFIER_KINDS = ("phone", "email", "unionid", "external_userid", "device_id")
BUSINESS_CURRENCY = "business_currency"


@dataclass(frozen=True)
class Column:
    """One column: `empty` is what an empty cell means, `default` holds where the whole column is absent.

    `scale` is the number of decimal places that a numeric column keeps.
    """

    name: str
    type: str
    description: str
    nullable: bool = False
    allowed: tuple[str, ...] = ()
    pattern: str | None = None
    min: float | None = None
    max: float | None = None
    empty: str | None = None
    default: str | None = None
    past: bool = False
    free_text: bool = False
    scale: int = 2
    personal: bool = False
    identifier: str | None = None

    @property
    def sql_type(self) -> str:
        """The type of its values in SQL."""
        return f"decimal(18, {self.scale})" if self.type == "numeric" else self.type


@dataclass(frozen=True)
class RowRule:
    """A SQL expression over the typed columns; a row for which it is false is set aside (null passes)."""

    rule: str
    reason: str


@dataclass(frozen=True)
class Contract:
    """What the owner of an export promises to deliver.

    `if_refused: continue` lets runs go on without a refused file of an optional export, with a warning.
    """

    name: str
    domain: str
    description: str
    mode: str
    key: tuple[str, ...]
    required: bool
    owner: str
    freshness_days: int
    columns: tuple[Column, ...]
    max_bad_share: float = 0.01
    max_conflict_share: float = 0.001
    row_rules: tuple[RowRule, ...] = ()
    if_refused: str = "block"

    @property
    def identifiers(self) -> tuple[Column, ...]:
        """Columns whose values go to the vault and leave it as hashes."""
        return tuple(column for column in self.columns if column.identifier)

    def column(self, name: str) -> Column:
        """The column of that name."""
        return next(column for column in self.columns if column.name == name)


def _fail(where: str, what: str, fix: str) -> UseropsError:
    return UseropsError(f"Contract {where}: {what}.", fix=fix)


def _fill(kind: type, given: object, where: str) -> dict:
    """Arguments for a dataclass from a YAML mapping; unknown and missing names are errors."""
    if not isinstance(given, dict):
        raise _fail(where, f"expected a mapping, found {type(given).__name__}", "write `name: value` pairs")
    known = {field.name: field for field in fields(kind)}
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise _fail(where, f"unknown entry {unknown[0]!r}", f"use one of {', '.join(known)}")
    missing = [name for name, field in known.items() if field.default is MISSING and name not in given]
    if missing:
        raise _fail(where, f"no {missing[0]!r}", f"add `{missing[0]}:`")
    return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}


def _choice(where: str, name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise _fail(where, f"{name} is {value!r}", f"use one of {', '.join(choices)}")


def _column(given: object, where: str) -> Column:
    filled = _fill(Column, given, where)
    column = Column(**filled | {"allowed": tuple(str(value) for value in filled.get("allowed", ()))})
    where = f"{where} ({column.name})"
    _choice(where, "type", column.type, TYPES)
    if column.identifier is not None:
        _choice(where, "identifier", column.identifier, IDENTIFIER_KINDS)
        if not column.personal:
            raise _fail(where, "an identifier that is not personal", "add `personal: true`")
    return column


def parse(text: str, source: str) -> Contract:
    """Read one contract; `source` is the file name that errors show."""
    try:
        given = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise _fail(source, f"no valid YAML: {error}", "fix the file at that line") from error
    filled = _fill(Contract, given, source)
    _choice(source, "domain", filled["domain"], DOMAINS)
    _choice(source, "mode", filled["mode"], MODES)
    _choice(source, "if_refused", filled.get("if_refused", "block"), IF_REFUSED)
    filled["columns"] = tuple(
        _column(column, f"{source}, column {place}") for place, column in enumerate(filled["columns"], start=1)
    )
    filled["row_rules"] = tuple(
        RowRule(**_fill(RowRule, rule, f"{source}, row rule {place}"))
        for place, rule in enumerate(filled.get("row_rules", ()), start=1)
    )
    return _checked(Contract(**filled), source)


def _checked(contract: Contract, source: str) -> Contract:
    names = [column.name for column in contract.columns]
    for name in names:
        if names.count(name) > 1:
            raise _fail(source, f"column {name!r} stands twice", "remove one")
    for name in contract.key:
        if name not in names:
            raise _fail(source, f"key column {name!r} is not among the columns", "name existing columns in `key`")
        if contract.column(name).nullable:
            raise _fail(source, f"key column {name!r} is nullable", "remove `nullable: true`")
    if contract.mode == "delta" and "updated_at" not in names:
        raise _fail(source, "a delta without updated_at", "add the column, or use mode snapshot")
    if contract.required and contract.if_refused == "continue":
        raise _fail(source, "a required export that may be refused", "remove `if_refused: continue`")
    if not 0 <= contract.max_bad_share <= 1:
        raise _fail(source, f"max_bad_share is {contract.max_bad_share}", "use a share from 0 to 1")
    return contract


@lru_cache(maxsize=8)
def load_contracts(folder: Path = PROJECT_ROOT / "contracts") -> dict[str, Contract]:
    """All contracts by export name, in alphabetical order."""
    contracts = {}
    for path in sorted(folder.glob("*.yml")):
        contract = parse(path.read_text(encoding="utf-8"), path.name)
        if contract.name != path.stem:
            raise _fail(path.name, f"name is {contract.name!r}", f"name the file {contract.name}.yml")
        contracts[contract.name] = contract
    if not contracts:
        raise UseropsError(f"No contract in {folder}.", fix="keep the contracts/ folder beside plugins/.")
    return contracts
