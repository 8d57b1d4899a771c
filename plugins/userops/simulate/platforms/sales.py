"""An order as its shop knows it at the end of a day, and what every shop's mapping makes of it in the same way."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from userops.simulate.platforms.accounts import Account
from userops.simulate.platforms.cells import Row, decimal, instant, money
from userops.simulate.platforms.history import History

GIFT = 99
STATUSES = ("cancelled", "created", "paid", "shipped", "completed")


@dataclass(frozen=True)
class Line:
    """A line of an order; `number` is its canonical line_no, or GIFT."""

    number: int
    sku: str
    name: str
    quantity: int
    price: Decimal
    amount: Decimal

    @property
    def worth(self) -> Decimal:
        """What the pieces cost before discounts."""
        return self.quantity * self.price

    @property
    def kind(self) -> str:
        """The line_kind."""
        return "gift" if self.number == GIFT else "goods"


@dataclass(frozen=True)
class Buyer:
    """What a shop knows of who bought; `key` is the same for all orders of one contact, empty for a stranger."""

    key: str = ""
    phone: str = ""
    email: str = ""
    city: str = ""
    wants_mail: str = ""
    is_known: bool = False


@dataclass(frozen=True)
class Sale:
    """An order with its lines, its buyer and what was given back so far."""

    number: int
    order: Row
    lines: tuple[Line, ...]
    refunded: Decimal
    buyer: Buyer
    placed_at: datetime
    paid_at: datetime | None
    shipped_at: datetime | None = None
    completed_at: datetime | None = None
    cancelled_at: datetime | None = None
    is_test: bool = False
    is_masked: bool = False
    is_joined: bool = False

    @property
    def gross(self) -> Decimal:
        """Goods before discounts."""
        return decimal(self.order["gross_amount"])

    @property
    def discount(self) -> Decimal:
        """All discounts."""
        return decimal(self.order["discount_amount"])

    @property
    def shipping(self) -> Decimal:
        """What the buyer pays for shipping."""
        return decimal(self.order["shipping_amount"])

    @property
    def total(self) -> Decimal:
        """What the order comes to."""
        return self.gross - self.discount + self.shipping

    @property
    def paid(self) -> Decimal:
        """What was paid; 0 before."""
        return decimal(self.order["paid_amount"]) if self.paid_at else Decimal(0)

    @property
    def is_refunded(self) -> bool:
        """Whether all of the money went back."""
        return self.paid > 0 and self.refunded >= self.paid

    @property
    def status(self) -> str:
        """The canonical status; a paid order that was cancelled keeps the one it had until its money is back."""
        status = self.order["status"]
        if status != "cancelled" or not self.paid_at or self.is_refunded:
            return status
        return "shipped" if self.shipped_at else "paid"

    def latest(self, *names: str) -> datetime:
        """The latest of the order's own instants that a platform tells."""
        return max(moment for moment in (getattr(self, name) for name in names) if moment)


def sale_of(history: History, order_id: str, number: int, buyer: Buyer) -> Sale:
    """The sale as history knows it."""
    order, zone = history.orders[order_id], history.zone
    lines = sorted(history.lines.get(order_id, {}).values(), key=lambda row: int(row["line_no"]))
    refunds = history.refunds.get(order_id, {}).values()
    reached = {status: history.reached.get((order_id, status)) for status in STATUSES}
    return Sale(
        number, order,
        tuple(
            Line(int(row["line_no"]), row["sku"], history.products.get(row["sku"], row["sku"]), int(row["quantity"]),
                 decimal(row["unit_price"]), decimal(row["line_amount"]))
            for row in lines if row["quantity"] != "0"
        ),
        sum((decimal(row["amount"]) for row in refunds), Decimal(0)), buyer,
        instant(order["placed_at"], zone), instant(order["paid_at"], zone),
        reached["shipped"], reached["completed"],
        reached["cancelled"] if order["status"] == "cancelled" else None,
    )


def buyer_of(history: History, order: Row) -> Buyer:
    """What the order and the contact who made it, as known today, tell the shop."""
    contact = history.contacts.get(order["contact_id"], {})
    phone = order["phone"] or contact.get("phone", "")
    known = any(order.get(name) for name in ("contact_id", "phone", "unionid", "device_id"))
    return Buyer(order["contact_id"] or phone, phone, contact.get("email", ""), contact.get("city", ""),
                 contact.get("email_consent", ""), known)


def with_gift(sale: Sale, sku: str, name: str) -> Sale:
    """The order brings a sample for nothing."""
    return replace(sale, lines=(*sale.lines, Line(GIFT, sku, name, 1, Decimal(0), Decimal(0))))


def order_row(sale: Sale, account: Account, order_id: str, updated_at: datetime) -> Row:
    """The part of an expected `orders` row that is alike for every shop: amounts of an order that was paid."""
    return {
        "order_id": account.full(order_id),
        "status": sale.status,
        "placed_at": account.stamp(sale.placed_at),
        "paid_at": account.stamp(sale.paid_at),
        "gross_amount": money(sale.gross),
        "discount_amount": money(sale.discount),
        "shipping_amount": money(sale.shipping),
        "paid_amount": money(sale.paid),
        "currency": sale.order["currency"],
        "channel_code": account.channel_code,
        "updated_at": account.stamp(updated_at),
    }


def line_row(line: Line, account: Account, order_id: str, place: int, updated_at: datetime) -> Row:
    """The part of an expected `order_lines` row that is alike for every shop."""
    return {
        "order_id": account.full(order_id),
        "line_no": str(place),
        "sku": line.sku,
        "quantity": str(line.quantity),
        "unit_price": money(line.price),
        "line_amount": money(line.amount),
        "line_key": str(place),
        "line_kind": line.kind,
        "product_name": line.name,
        "updated_at": account.stamp(updated_at),
    }


def refund_row(account: Account, order_id: str, of_what: str, total: Decimal, updated_at: datetime) -> Row:
    """What was given back so far, without the time it went back, which no shop's file tells."""
    return {
        "refund_id": account.full(of_what),
        "order_id": account.full(order_id),
        "running_total": money(total),
        "updated_at": account.stamp(updated_at),
    }


def contact_rows(rows: Iterable[Row]) -> list[Row]:
    """One row a contact: of several orders the latest that tells something decides."""
    found: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: datetime.fromisoformat(row["updated_at"])):
        if row["contact_id"]:
            said = {name: cell for name, cell in row.items() if cell}
            found[row["contact_id"]] = found.get(row["contact_id"], {}) | said
    return list(found.values())
