"""Files that the simulator writes for shops become the rows that it expects of a perfect mapping, to the cell."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from platform_reading import read, shown

from csv_rows import rows_of, write_exports
from userops.contracts.model import load_contracts
from userops.platforms.loading import load_platform
from userops.simulate.platforms import as_platforms
from userops.simulate.platforms.accounts import keyed

ZONE = "Asia/Shanghai"
FIRST, SECOND = "2026-03-01", "2026-03-02"
# Amounts: before discounts, discount, shipping. Status and refund on either day.
ORDERS = {
    "O1": (("50.00", "5.00", "6.00"), ("paid", "0"), ("shipped", "9.00")),
    "O2": (("1200.00", "0.00", "0.00"), ("created", "0"), ("cancelled", "0")),
    "O3": (("80.00", "20.00", "0.00"), ("paid", "0"), ("cancelled", "60.00")),
    "O4": (("80.00", "0.00", "10.00"), ("shipped", "0"), ("cancelled", "0")),
    "O5": (("30.00", "0.00", "0.00"), ("completed", "0"), ("completed", "30.00")),
    "O6": (("33.30", "3.33", "4.00"), ("paid", "0"), ("completed", "0")),
    "O7": (("20.00", "19.95", "0.00"), ("paid", "0"), ("shipped", "0")),
    "O8": (("80.00", "8.00", "0.00"), ("paid", "10.00"), ("cancelled", "20.00")),
}
EXPORTS = ("orders", "order_lines", "refunds", "contacts")


@pytest.fixture(scope="module")
def business(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("business")
    people = [
        {"contact_id": f"C{n}", "phone": f"1380013800{n}", "email": f"Buyer{n}@Example.com" if n % 2 else "",
         "city": "Hangzhou", "gender": "f", "email_consent": "true" if n % 2 else "", "updated_at": at(FIRST, 9)}
        for n in range(1, 9)
    ]
    for place, day in enumerate((FIRST, SECOND)):
        write_exports(folder / day, {
            "channels": [{"channel_code": "search", "channel_name": "Search", "domain": "public", "is_paid": "true",
                          "category": "search_engine", "pricing_model": "cpc", "started_on": "2025-01-01"}],
            "products": [{"sku": sku, "product_name": name} for sku, name in (("TEA", "Tea, green"), ("CUP", "Cup"))],
            "contacts": [] if place else people,
            "orders": [order(name, place) for name in ORDERS],
            "order_lines": [] if place else [line for name in ORDERS for line in lines(name)],
            "refunds": [refund for name in ORDERS for refund in refunds(name, place)],
        })  # fmt: skip
    return folder


def at(day: str, hour: int) -> str:
    return f"{day}T{hour:02}:00:00+08:00"


def order(name: str, place: int) -> dict:
    (gross, discount, shipping), *days = ORDERS[name]
    status, paid = days[place][0], Decimal(gross) - Decimal(discount) + Decimal(shipping)
    return {
        "order_id": name, "contact_id": f"C{name[1:]}", "status": status, "placed_at": at(FIRST, 11),
        "paid_at": "" if days[0][0] == "created" else at(FIRST, 12), "gross_amount": gross, "discount_amount": discount,
        "shipping_amount": shipping, "paid_amount": str(paid), "currency": "CNY", "sales_channel": "marketplace",
        "updated_at": at(FIRST, 12) if place == 0 else at(SECOND, 9),
    }


def lines(name: str) -> list[dict]:
    """Three cups, or tea and a cup that share the order's amounts at 4 to 1."""
    gross, discount, _ = map(Decimal, ORDERS[name][0])
    parts = [("CUP", 3, gross / 3, gross - discount)] if gross % 3 == 0 else [
        ("TEA", 2, gross * 2 / 5, (gross - discount) * 4 / 5), ("CUP", 1, gross / 5, (gross - discount) / 5)]
    return [
        {"order_id": name, "line_no": str(number), "sku": sku, "quantity": str(quantity), "unit_price": f"{price:.2f}",
         "line_amount": f"{amount:.2f}", "updated_at": at(FIRST, 12)}
        for number, (sku, quantity, price, amount) in enumerate(parts, start=1)
    ]


def refunds(name: str, place: int) -> list[dict]:
    _, *days = ORDERS[name]
    amount = Decimal(days[place][1]) - (Decimal(days[0][1]) if place else 0)
    day = (FIRST, SECOND)[place]
    return [{"refund_id": f"R{name}{place}", "order_id": name, "amount": str(amount), "refunded_at": at(day, 15),
             "updated_at": at(day, 15)}] if amount else []


def comparable(export: str, rows: Iterable[dict], columns: Iterable[str]) -> dict[tuple, dict]:
    """Rows by key, their cells as values."""
    kinds = {column.name: column.type for column in load_contracts()[export].columns}
    key = load_contracts()[export].key
    return {
        tuple(row[name] for name in key): {name: value(kinds[name], row[name]) for name in columns} for row in rows
    }


def value(kind: str, cell: str | None) -> object:
    if cell in ("", None):
        return None
    if kind in ("numeric", "integer"):
        return Decimal(cell)
    return shown(datetime.fromisoformat(cell), ZONE) if kind == "timestamptz" and "T" in cell else cell


def mapped(folder: Path, platform: str, export: str) -> Iterator[dict]:
    """What the platform's file makes of a folder's files; nothing may go to quarantine."""
    layouts = [layout for layout in load_platform(platform).layouts if export in layout.exports]
    for path in sorted(folder.iterdir()):
        if any(layout.matches(path.name) for layout in layouts):
            rows = read(platform, path, export, date.fromisoformat(folder.parent.name), ZONE, skus="shared")
            assert rows.quarantine == []
            yield from rows.good


@pytest.mark.parametrize("quirks", [False, True], ids=["clean", "quirks"])
@pytest.mark.parametrize("platform", ["shopify", "taobao", "douyin"])
def test_rows_are_as_the_simulator_expects(business: Path, tmp_path: Path, platform: str, quirks: bool) -> None:
    as_platforms(business, tmp_path, platform, quirks=quirks, seed=4, pseudonym=keyed("key"))
    compared = dict.fromkeys(EXPORTS, 0)
    for day in (FIRST, SECOND):
        for export in EXPORTS:
            truth = rows_of(tmp_path / "_truth" / "expected" / day / f"{export}.csv")
            columns = [name for name in (truth[0] if truth else ()) if name not in ("reason", "is_date_estimated")]
            own = [row for row in truth if next(iter(row.values())).startswith(f"{platform}:")]
            wanted = comparable(export, own, columns)
            found = comparable(export, mapped(tmp_path / day / platform, platform, export), columns)
            assert found == wanted, (day, export)
            compared[export] += len(wanted)
    assert all(compared.values()) and compared["orders"] >= 2 * len(ORDERS)
