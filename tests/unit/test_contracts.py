"""Contracts: all exports have one, mistakes are named, dbt's sources follow from them."""

import pytest
import yaml

from userops.contracts.model import load_contracts, parse
from userops.contracts.render import TARGET, render, source_columns
from userops.errors import UseropsError
from userops.settings import PROJECT_ROOT

GOOD = """
name: things
domain: crm
description: One row per thing.
mode: snapshot
key: [thing_id]
required: false
owner: crm
freshness_days: 7
columns:
  - {name: thing_id, type: text, description: Its id.}
  - {name: weight, type: numeric, nullable: true, min: 0, description: Kilograms.}
"""


def test_every_export_has_a_contract() -> None:
    contracts = load_contracts()
    assert len(contracts) == 26
    assert {name for name, c in contracts.items() if c.required} == {"channels", "orders", "order_lines", "contacts"}
    for contract in contracts.values():
        assert contract.description.startswith("One row per ")
        assert all(column.description for column in contract.columns)


def test_dbt_sources_are_current() -> None:
    assert (PROJECT_ROOT / TARGET).read_text(encoding="utf-8") == render(load_contracts()), (
        "contracts changed: run `python -m userops.contracts.render`"
    )


def test_dbt_sources_hold_nothing_personal() -> None:
    for contract in load_contracts().values():
        readable = {name for name, _, _ in source_columns(contract)}
        assert not readable & {column.name for column in contract.columns if column.personal}
        assert {f"{column.name}_hash" for column in contract.identifiers} <= readable


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("type: numeric", "type: number", "things.yml:12 (weight): type is 'number'"),
        ("key: [thing_id]", "key: [id]", "key column 'id' is not among the columns"),
        ("key: [thing_id]", "key: [weight]", "key column 'weight' is nullable"),
        ("mode: snapshot", "mode: delta", "a delta without updated_at"),
        ("owner: crm", "ownr: crm", "unknown entry 'ownr'"),
        ("owner: crm", "", "no 'owner'"),
        ("name: weight", "name: thing_id", "column 'thing_id' stands twice"),
        ("type: text,", "type: text, identifier: phone,", "an identifier that is not personal"),
        ("type: text,", "type: text, personal: true, identifier_in: kind,", "names no column of kinds"),
        ("key: [thing_id]", "key: [thing_id", "no valid YAML"),
    ],
)
def test_a_mistake_is_named_with_its_place(old: str, new: str, said: str) -> None:
    with pytest.raises(UseropsError) as raised:
        parse(GOOD.replace(old, new, 1), "things.yml")
    assert said in str(raised.value)
    assert raised.value.fix


def test_a_good_contract_is_read() -> None:
    contract = parse(GOOD, "things.yml")
    assert contract.key == ("thing_id",)
    assert contract.column("weight").min == 0
    assert yaml.safe_load(GOOD)["owner"] == contract.owner
