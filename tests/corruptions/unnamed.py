"""Faults that no check is written for by name: what the profile of every column, and of every part's rows, must tell.

The table of the gate's second edition, line by line; `wanted` is what should come of each.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from changes import (
    AMOUNTS,
    Change,
    all_of,
    cut_at_row_end,
    each,
    has,
    hour,
    is_paid,
    kept,
    lacks,
    of_night,
    put,
    scaled,
    text,
    without_orders,
)  # fmt: skip
from clean_nights import Row, read, write

from userops.checks import CheckResult

BLOCK, WARN, BAD_ROW, REPAIR = "block", "warn", "bad row", "repair"
NOTHING = "nothing"


@dataclass(frozen=True)
class Fault:
    """One line of the table: what is done to the files of a night, and what should come of it.

    `share` is the least share of nights on which that comes at 20,000 users, `small` at 1,500: 0 where nobody can tell.
    """

    name: str
    change: Change
    wanted: str
    share: float = 0.95
    small: float = 0.95

    def came(self, results: list[CheckResult], clean: list[CheckResult]) -> str:
        """What came of a night: `wanted`, or what else. `clean` are the answers of the night without the fault."""
        if any(result.blocks for result in results):
            return BLOCK
        if self.wanted == BAD_ROW and any(r.check == "bad_rows" and r.observed != "none" for r in results):
            return BAD_ROW
        warnings = {(r.check, r.subject) for r in results if not r.passed and r.severity == "warning"}
        warnings -= {(r.check, r.subject) for r in clean if not r.passed}
        if self.wanted == REPAIR and "cells_repaired" in {check for check, _ in warnings}:
            return REPAIR
        return WARN if warnings else NOTHING

    @property
    def id(self) -> str:
        """What a test report shows."""
        return self.name.replace(" ", "-")


def shortened(text: str) -> str:
    """An id as a spreadsheet leaves it: the zeros before its number are gone."""
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", text)


def lost_zeros(folder: Path) -> None:
    for export in ("orders", "order_lines", "refunds", "reviews", "coupons"):
        rows = [row | {"order_id": shortened(row["order_id"])} for row in read(folder, export)]
        write(folder, export, rows)


def masked(row: Row) -> Row:
    digits = re.sub(r"[^0-9]", "", row["phone"])[-11:]
    return row | {"phone": f"{digits[:3]}****{digits[-4:]}"}


def shifted(folder: Path) -> None:
    """Every phone stands one row too low."""
    rows = read(folder, "contacts")
    phones = [row["phone"] for row in rows]
    write(folder, "contacts", [row | {"phone": phones[n - 1]} for n, row in enumerate(rows)])


def day_and_month(folder: Path) -> None:
    """2025-02-05 becomes 2025-05-02, as a program reads it that guesses; from the 13th on it is no date any more."""
    guesses = int(folder.name[8:]) <= 12

    def turned(at: str) -> str:
        return f"{at[:4]}-{at[8:10]}-{at[5:7]}{at[10:]}" if at and (int(at[8:10]) <= 12 or not guesses) else at

    columns = ("placed_at", "paid_at", "updated_at")
    each("orders", lambda row: row | {name: turned(row[name]) for name in columns})(folder)


def most_frequent(folder: Path, export: str, column: str) -> str:
    values = [row[column] for row in read(folder, export) if row[column]]
    return max(sorted(set(values)), key=values.count)


def without_store(folder: Path) -> None:
    store = most_frequent(folder, "orders", "store_id")
    without_orders(lambda row, _: row["store_id"] != store)(folder)


def without_channel(folder: Path) -> None:
    channel = most_frequent(folder, "touches", "channel_code")
    kept("touches", lambda row: row["channel_code"] != channel)(folder)


def still_running(export: str) -> Change:
    """The file is cut at the end of a row, and nobody says how long it is to be."""
    return text(export, cut_at_row_end, manifest=False)


def one_order_dearer(folder: Path) -> None:
    lined = {row["order_id"] for row in read(folder, "order_lines")}
    paid = [row for row in read(folder, "orders") if is_paid(row) and row["order_id"] in lined]
    dear = paid[len(paid) // 2]["order_id"]
    of_it = {"where": lambda row: row["order_id"] == dear}
    all_of(each("orders", scaled(100, *AMOUNTS), **of_it),
           each("order_lines", scaled(100, "unit_price", "line_amount"), **of_it))(folder)  # fmt: skip


def one_refund_dearer(folder: Path) -> None:
    rows = read(folder, "refunds")
    assert rows, "no refund to change: take more users"
    rows[0] = scaled(100, "amount")(rows[0])
    write(folder, "refunds", rows)


def one_row(export: str) -> Change:
    return lambda folder: write(folder, export, read(folder, export)[:1])


def one_referrer(folder: Path) -> None:
    someone = next(row["contact_id"] for row in read(folder, "contacts"))
    each("contacts", put(referrer_contact_id=someone))(folder)


def standing_rates(folder: Path) -> None:
    """The rates of the last ten days are those of the day before them."""
    rows = read(folder, "fx_rates")
    days = sorted({row["rate_date"] for row in rows})
    before = {row["currency"]: row["rate"] for row in rows if row["rate_date"] == days[-11]}
    still = [row | {"rate": before[row["currency"]]} if row["rate_date"] in days[-10:] else row for row in rows]
    write(folder, "fx_rates", still)


def another_mix(folder: Path) -> None:
    """A third of the lines are of one product."""
    each("order_lines", put(sku=read(folder, "products")[0]["sku"]), every=3)(folder)


def marked_edges(row: Row) -> Row:
    """A byte order mark before the id and a zero-width space behind it."""
    return row | {"order_id": f"\ufeff{row['order_id']}\u200b"}


FAULTS = [
    Fault("ids lost their zeros", lost_zeros, BLOCK),
    Fault("half of the phones masked", each("contacts", masked, every=2, where=has("phone")), BLOCK, small=0),
    Fault("phones one row lower", shifted, BLOCK, small=0),
    Fault("day and month swapped", day_and_month, BLOCK),
    Fault("every status set back", each("orders", put(status="created")), BLOCK),
    Fault("every status cancelled", each("orders", put(status="cancelled")), BLOCK),
    Fault("everybody deleted", each("contacts", lambda row: row | {"deleted_at": row["updated_at"]}), BLOCK),
    Fault("cost in another currency", each("ad_stats", scaled(6, "cost")), BLOCK, small=0),
    # A fifth blocks, and a day's orders lie 5 to 8 % from any guess of them.
    Fault("a quarter of the orders missing", without_orders(lambda _, number: number % 4 > 0), BLOCK, share=0.7,
          small=0),
    Fault("an hour missing", without_orders(lambda row, _: hour(row, "placed_at") != 20), BLOCK, small=0),
    Fault("a store missing", without_store, BLOCK, small=0),
    Fault("a channel missing", without_channel, BLOCK, small=0),
    Fault("orders of last week", of_night("orders", 7), BLOCK),
    Fault("orders of last month", of_night("orders", 28), BLOCK),
    Fault("touches still running", still_running("touches"), BLOCK, small=0),
    Fault("everybody brought by one person", one_referrer, WARN),
    Fault("all store ids gone", each("orders", put(store_id="")), WARN),
    Fault("all channels free", each("channels", put(is_paid="false", pricing_model="free")), WARN),
    Fault("one order a hundred times", one_order_dearer, WARN),
    Fault("one refund a hundred times", one_refund_dearer, WARN),
    Fault("stores cut to one row", one_row("stores"), WARN),
    Fault("rates that stand still", standing_rates, WARN),
    Fault("another mix of categories", another_mix, WARN, small=0),
    Fault("marks at the edges of ids", each("orders", marked_edges), REPAIR),
    Fault("words for nothing", each("contacts", put(referrer_contact_id="无"), where=lacks("referrer_contact_id")),
          REPAIR),
    Fault("an amount above a billion", each("order_lines", put(line_amount="1000000001.00"), every=10_000), BAD_ROW),
    Fault("a birth year to come", each("contacts", put(birth_year="2099"), every=10_000), BAD_ROW),
    Fault("JSON in a cell", each("contacts", put(city='{"name": "Wuxi"}'), every=10_000), BAD_ROW),
]
