"""Generate dbt's sources from the contracts: `python -m userops.contracts.render`."""

from pathlib import Path

import yaml

from userops.contracts.model import Contract, load_contracts
from userops.settings import PROJECT_ROOT

TARGET = Path("dbt_project/models/staging/_raw__sources.yml")
HEADER = "# Generated from contracts/ by `python -m userops.contracts.render`: edit the contract, then render.\n"
BOOKKEEPING = (
    ("_load_id", "bigint", "The load that brought the row, as in meta.load_files."),
    ("_line", "bigint", "Number of the row within its file."),
    ("_business_date", "date", "Business date of the folder the file came in."),
    ("_source", "text", "The source the file is of: `canonical`, or one whose platform's files are mapped."),
)


def source_columns(contract: Contract) -> list[tuple[str, str, str]]:
    """Name, type and description of the columns that models may read: nothing personal, identifiers as hashes."""
    columns = []
    for column in contract.columns:
        if column.is_identifier:
            words = f"Keyed hash of the normalised {column.identifier or 'value'}."
            columns.append((column.stored_name, "text", words))
        elif not column.personal:
            columns.append((column.name, column.sql_type, column.description))
    return columns + list(BOOKKEEPING)


def _table(contract: Contract) -> dict:
    return {
        "name": contract.name,
        "description": contract.description,
        "config": {"meta": {"key": list(contract.stored_key), "mode": contract.mode, "owner": contract.owner}},
        "columns": [
            {"name": name, "data_type": kind, "description": description}
            for name, kind, description in source_columns(contract)
        ],
    }


def render(contracts: dict[str, Contract]) -> str:
    """The text of dbt's source file."""
    source = {
        "name": "raw",
        "schema": "raw",
        "description": "Exports as delivered, all versions of each key; personal columns are not readable here.",
        "tables": [_table(contract) for contract in contracts.values()],
    }
    body = yaml.safe_dump({"sources": [source]}, sort_keys=False, allow_unicode=True, width=110)
    return HEADER + body


if __name__ == "__main__":
    target = PROJECT_ROOT / TARGET
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(render(load_contracts()), encoding="utf-8")
