"""What a source says of its rows, done once the platform's SQL is through and before the contract judges.

Its name goes before the ids it gives, and orders that count when they are delivered are paid then.
"""

from dataclasses import dataclass

from userops.contracts.model import Contract
from userops.errors import UseropsError
from userops.ingest.landing import DeliveredFile
from userops.ingest.outcome import Staged
from userops.lake.sql import identifier, listed, literal
from userops.platforms.source import Source

FULFILLED, TOTAL, METHOD = "_fulfilled_at", "_total", "_payment_method"


@dataclass(frozen=True)
class Paid:
    """The columns by which rows of an export are paid, and the one that names the payment method."""

    status: str
    at: str
    amount: str
    method: str


PAID = {
    "orders": Paid("status", "paid_at", "paid_amount", "payment_method"),
    # Of platforms whose orders are made from their lines.
    "order_lines": Paid("line_status", "line_paid_at", "line_paid_amount", METHOD),
}


def helpers(contract: Contract) -> tuple[str, ...]:
    """Columns that a mapping may give beside the contract's: what an order comes to when it is delivered."""
    return (FULFILLED, TOTAL, METHOD) if contract.name in PAID else ()


def counted(delivered: DeliveredFile, contract: Contract, present: dict[str, str], selected: str) -> str:
    """The SELECT without its helper columns; orders that count when delivered are paid then, and not before."""
    given = [name for name in helpers(contract) if name in present]
    without = f"select * exclude ({listed([identifier(name) for name in given])}) from ({selected})"
    rule = delivered.source.counts_delivered() if delivered.source and contract.name in PAID else False
    columns = PAID.get(contract.name)
    if not rule or columns is None or columns.status not in present:
        return without if given else selected
    _require(delivered, contract, columns, present, isinstance(rule, tuple))
    counts = "true"
    if isinstance(rule, tuple):
        methods = listed([literal(method.strip().casefold()) for method in rule])
        counts = f"coalesce(lower(trim({identifier(columns.method)})) in ({methods}), false)"
    status, came = identifier(columns.status), f"{FULFILLED} is not null"
    # Who never paid keeps the status of an order that was placed; what is cancelled stays so.
    new = {
        columns.at: f"case when {came} then {FULFILLED} end",
        columns.amount: f"case when {came} then {TOTAL} else '0' end",
        columns.status: f"case when {came} then case {status} when 'created' then 'shipped' else {status} end"
        " else 'created' end",
    }
    applies = f"{counts} and {status} in ('created', 'paid', 'shipped', 'completed')"
    cells = [f"case when {applies} then {value} else {identifier(name)} end as {identifier(name)}"
             for name, value in new.items()]
    return (
        f"select * exclude ({listed(given)}) from (select * replace ({listed(cells)}) from ({selected}))"
    )


def _require(
    delivered: DeliveredFile, contract: Contract, columns: Paid, present: dict[str, str], by_method: bool
) -> None:
    needed = (FULFILLED, TOTAL, columns.at, columns.amount, *((columns.method,) if by_method else ()))
    missing = [name for name in needed if name not in present]
    if missing:
        raise UseropsError(
            f"Source {delivered.source_name} counts orders when they are delivered, and platforms/"
            f"{delivered.layout.platform}.yml, {contract.name}, gives no {missing[0]}.",
            fix=f"select {listed(list(needed))} there, or take `counts_when` out of sources.yml.",
        )


def put_name_before_ids(source: Source, contract: Contract, staged: Staged) -> None:
    """`#1001` of shopify becomes `shopify:#1001`; an empty cell stays empty."""
    ids = [
        identifier(column.name) for column in contract.columns
        if column.id_of and column.name in staged.present and source.prefixed(column.id_of)
    ]
    if ids:
        start = literal(f"{source.name}:")
        replaced = listed([f"{start} || nullif({name}, '') as {name}" for name in ids])
        staged.relation = f"(select * replace ({replaced}) from {staged.relation})"


def own_rows(source: Source, contract: Contract) -> str:
    """SQL of what a source's SELECT may see of `raw.<export>`: its own rows, ids as its files have them."""
    replaced = listed([
        f"substr({identifier(column.name)}, {len(source.name) + 2}) as {identifier(column.name)}"
        for column in contract.columns
        if column.id_of and not column.personal and source.prefixed(column.id_of)
    ])
    what = f"* replace ({replaced})" if replaced else "*"
    return f"select {what} from raw.{contract.name}_of_all where _source = {literal(source.name)}"
