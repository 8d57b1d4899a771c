"""A simulated landing folder read back: what the business knows at the end of each day."""

import csv
import re
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path

from userops.errors import UseropsError
from userops.simulate.platforms.cells import Row, decimal, instant


class Landing:
    """The dated folders of a simulated business, as CSV."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self.days = sorted(path.name for path in self.folder.glob("*") if re.fullmatch(r"\d{4}-\d\d-\d\d", path.name))
        if not self.days or not (self.folder / self.days[0] / "channels.csv").exists():
            raise UseropsError(f"{folder} holds no simulated business as CSV.",
                               fix="write one with `userops simulate --format csv` first.")

    def exports(self, day: str) -> list[str]:
        """The exports in the folder of a day."""
        return sorted(path.stem for path in (self.folder / day).glob("*.csv"))

    def rows(self, day: str, export: str) -> list[Row]:
        """The rows of one file; none where it is absent."""
        return self.read(day, export)[1]

    def read(self, day: str, export: str) -> tuple[list[str], list[Row]]:
        """Header and rows of one file."""
        path = self.folder / day / f"{export}.csv"
        if not path.exists():
            return [], []
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
            return list(reader.fieldnames or ()), rows


@dataclass
class Changes:
    """What a day's folder changed, in the order of its rows."""

    orders: list[str] = field(default_factory=list)
    contacts: list[str] = field(default_factory=list)
    refunds: list[Row] = field(default_factory=list)


@dataclass
class History:
    """The newest version of everything that platforms tell of, as of the last day learned."""

    zone: tzinfo
    orders: dict[str, Row] = field(default_factory=dict)
    lines: dict[str, dict[str, Row]] = field(default_factory=dict)
    refunds: dict[str, dict[str, Row]] = field(default_factory=dict)
    contacts: dict[str, Row] = field(default_factory=dict)
    friendships: dict[str, dict[str, Row]] = field(default_factory=dict)
    members: dict[str, dict[tuple[str, str], Row]] = field(default_factory=dict)
    groups: dict[str, Row] = field(default_factory=dict)
    products: dict[str, str] = field(default_factory=dict)
    erased: set[str] = field(default_factory=set)
    # When each order first had reached a status.
    reached: dict[tuple[str, str], datetime] = field(default_factory=dict)

    def learn(self, landing: Landing, day: str) -> Changes:
        """Take in the folder of a day."""
        changes = Changes()
        self.products |= {row["sku"]: row["product_name"] for row in landing.rows(day, "products")}
        self.groups = {row["group_id"]: row for row in landing.rows(day, "groups")} or self.groups
        self._learn_orders(landing, day, changes)
        self._learn_people(landing, day, changes)
        for row in landing.rows(day, "erasure_requests"):
            if row["scope"] == "erase":
                self.erased.add(row["contact_id"])
        changes.orders = list(dict.fromkeys(order for order in changes.orders if order in self.orders))
        changes.contacts = list(dict.fromkeys(changes.contacts))
        return changes

    def _learn_orders(self, landing: Landing, day: str, changes: Changes) -> None:
        for row in landing.rows(day, "orders"):
            order = row["order_id"]
            changes.orders.append(order)
            if self._keep(self.orders, order, row):
                self._note_status(order, row)
        for row in landing.rows(day, "order_lines"):
            changes.orders.append(row["order_id"])
            self._keep(self.lines.setdefault(row["order_id"], {}), row["line_no"], row)
        for row in landing.rows(day, "refunds"):
            changes.orders.append(row["order_id"])
            changes.refunds.append(row)
            self._keep(self.refunds.setdefault(row["order_id"], {}), row["refund_id"], row)

    def _note_status(self, order: str, row: Row) -> None:
        moment = instant(row["updated_at"], self.zone)
        for status in ("shipped", "completed") if row["status"] == "completed" else (row["status"],):
            self.reached.setdefault((order, status), moment)

    def _learn_people(self, landing: Landing, day: str, changes: Changes) -> None:
        for row in landing.rows(day, "contacts"):
            changes.contacts.append(row["contact_id"])
            self._keep(self.contacts, row["contact_id"], row)
        for row in landing.rows(day, "friendships"):
            changes.contacts.append(row["contact_id"])
            self._keep(self.friendships.setdefault(row["contact_id"], {}), row["staff_id"], row)
        for row in landing.rows(day, "group_members"):
            key = row["contact_id"], row["joined_at"]
            self._keep(self.members.setdefault(row["group_id"], {}), key, row)

    def _keep(self, known: dict, key: object, row: Row) -> bool:
        """Keep the newer version; on a tie the later one."""
        old = known.get(key)
        if old and instant(old["updated_at"], self.zone) > instant(row["updated_at"], self.zone):
            return False
        known[key] = row
        return True


def partly_refunded(landing: Landing) -> set[str]:
    """Orders whose money goes back in parts, now or later: not every platform can say that."""
    paid: dict[str, str] = {}
    refunds: dict[str, dict[str, str]] = {}
    for day in landing.days:
        paid |= {row["order_id"]: row["paid_amount"] for row in landing.rows(day, "orders")}
        for row in landing.rows(day, "refunds"):
            refunds.setdefault(row["order_id"], {})[row["refund_id"]] = row["amount"]
    return {
        order for order, parts in refunds.items()
        if [decimal(amount) for amount in parts.values()] != [decimal(paid.get(order))]
    }
