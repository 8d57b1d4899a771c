"""What an order's rows come to: its lines, itself where its lines make it, and its refunds by running totals."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oracle.exports import Row, Version

STEPS = ("created", "paid", "shipped", "completed")
PRODUCTS = ("goods", "gift")
CENT = Decimal("0.01")


def current_lines(lines: Iterable["Row"]) -> list["Row"]:
    """The lines that are still in their order; goods of price 0 are gifts."""
    return [
        line | {"line_kind": "gift"} if line["line_kind"] == "goods" and line["unit_price"] == 0 else line
        for line in lines if line["quantity"] > 0
    ]  # fmt: skip


def stands(line: "Row") -> bool:
    """Whether somebody still buys the line."""
    return line.get("line_status") != "cancelled"


def by_its_lines(order: "Row", lines: list["Row"]) -> "Row":
    """The order, with the figures that its lines give where any of them says how far it is."""
    if all(line.get("line_status") is None for line in lines):
        return order
    left = [line for line in lines if stands(line)]
    gross = _cents(sum((line["quantity"] * line["unit_price"] for line in left), Decimal(0)))
    paid_at = [line["line_paid_at"] for line in left if line.get("line_paid_at")]
    steps = [STEPS.index(line.get("line_status") or "created") for line in left]
    return order | {
        "status": STEPS[min(steps)] if left else "cancelled",
        "paid_at": min(paid_at, default=None),
        "gross_amount": gross,
        "discount_amount": gross - sum((line["line_amount"] for line in left), Decimal(0)),
        "shipping_amount": sum((line.get("line_shipping_amount") or Decimal(0) for line in left), Decimal(0)),
        "paid_amount": sum((line.get("line_paid_amount") or Decimal(0) for line in left), Decimal(0)),
    }


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def refunds_by_totals(totals: list["Version"], orders: list["Version"], zone: object) -> list["Row"]:
    """The refunds that running totals tell of, folder after folder."""
    stored: dict[str, dict[date, list[Row]]] = {}
    for version in orders:
        stored.setdefault(version.row["order_id"], {}).setdefault(version.folder, []).append(version.row)
    versions: dict[str, dict[date, Version]] = {}
    for version in sorted(totals, key=lambda v: v.order):
        versions.setdefault(version.row["refund_id"], {})[version.folder] = version
    found = []
    for of_folder in versions.values():
        found += _of_one_total(of_folder, stored, zone)
    return found


def _of_one_total(of_folder: dict[date, "Version"], stored: dict, zone: object) -> list["Row"]:
    total, refunds = Decimal(0), []
    for folder in sorted(of_folder):
        row = of_folder[folder].row
        change, total = row["running_total"] - total, row["running_total"]
        if change > 0:
            came = stored.get(row["order_id"], {})
            day_before = folder - timedelta(days=1)
            last_second = datetime.combine(folder, time(23, 59, 59), tzinfo=zone).astimezone(UTC)
            is_first = bool(came) and folder == min(came)
            at = max(order["updated_at"] for order in came[folder]) if is_first else last_second
            name = f"{row['refund_id']}-refund-{len(refunds) + 1}"
            refund = {"refund_id": name, "amount": change, "refunded_at": at}
            refunds.append(row | refund | {"is_date_estimated": day_before not in came})
        for refund in reversed(refunds):
            taken = min(refund["amount"], max(-change, Decimal(0)))
            refund["amount"] -= taken
            change += taken
    return [refund for refund in refunds if refund["amount"] > 0]
