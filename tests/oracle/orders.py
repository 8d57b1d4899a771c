"""Orders as money: which count, what they brought and what they cost, in the business currency."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from oracle.exports import Known, Row, by
from oracle.identity import Identity

DEFAULT_COST_RATE = Decimal("0.6")
CENT = Decimal("0.01")


@dataclass
class Order:
    """A paid order that is not cancelled; money in the business currency."""

    order_id: str
    user: str | None
    row: Row
    paid_at: datetime
    day: date
    gross: Decimal
    discount: Decimal
    paid: Decimal
    refunded: Decimal
    cost: Decimal
    lines: list[tuple[Row, Decimal]]  # a line and its converted amount
    is_counted: bool

    @property
    def net(self) -> Decimal:
        return self.paid - self.refunded

    @property
    def margin(self) -> Decimal:
        return self.net - self.cost

    @property
    def month(self) -> date:
        return self.day.replace(day=1)

    @property
    def order(self) -> tuple:
        """First to last."""
        return self.paid_at, self.order_id


def to_cents(amount: Decimal) -> Decimal:
    """Two places, half up."""
    return amount.quantize(CENT, ROUND_HALF_UP)


class Exchange:
    """Rates into the business currency: the latest on or before a day."""

    def __init__(self, known: Known, currency: str) -> None:
        self._rates, self._currency = by(known.rows("fx_rates"), "currency"), currency

    def converted(self, amount: Decimal, currency: str, day: date) -> Decimal:
        """The amount in the business currency, in cents; one already in it stays as it is."""
        if currency == self._currency:
            return amount
        rates = [row for row in self._rates[currency] if row["rate_date"] <= day]
        return to_cents(amount * max(rates, key=lambda row: row["rate_date"])["rate"])


def priced_orders(known: Known, identity: Identity, currency: str) -> list[Order]:
    """Paid orders that are not cancelled, by time of payment."""
    exchange = Exchange(known, currency)
    unit_costs = {row["sku"]: row["unit_cost"] for row in known.rows("products")}
    lines, refunds = by(known.rows("order_lines"), "order_id"), by(known.rows("refunds"), "order_id")
    found = []
    for row in known.rows("orders"):
        if row["paid_at"] is None or row["status"] == "cancelled" or known.local_day(row["paid_at"]) > known.day:
            continue
        day, order_id = known.local_day(row["paid_at"]), row["order_id"]

        def money(amount: Decimal, row: Row = row, day: date = day) -> Decimal:
            return exchange.converted(amount, row["currency"], day)

        given_back = [r for r in refunds.get(order_id, []) if known.local_day(r["refunded_at"]) <= known.day]
        back = sum((r["amount"] for r in given_back), Decimal(0))
        its_lines = [(line, money(line["line_amount"])) for line in lines.get(order_id, [])]
        gross, discount = money(row["gross_amount"]), money(row["discount_amount"])
        if its_lines:
            known_cost, uncosted = cost_of([line for line, _ in its_lines], unit_costs)
            cost = known_cost + DEFAULT_COST_RATE * money(uncosted)
        else:
            cost = DEFAULT_COST_RATE * (gross - discount)
        found.append(
            Order(
                order_id,
                identity.of_order[order_id],
                row,
                row["paid_at"],
                day,
                gross,
                discount,
                money(row["paid_amount"]),
                money(back),
                cost,
                its_lines,
                not (row["paid_amount"] > 0 and back >= row["paid_amount"]),
            )
        )
    return sorted(found, key=lambda o: o.order)


def cost_of(lines: list[Row], unit_costs: dict[str, Decimal | None]) -> tuple[Decimal, Decimal]:
    """What the pieces cost, in the business currency; and the amount of lines with no known cost, in the order's."""
    known, uncosted = Decimal(0), Decimal(0)
    for line in lines:
        unit_cost = unit_costs.get(line["sku"])
        if unit_cost is None:
            uncosted += line["line_amount"]
        else:
            known += line["quantity"] * unit_cost
    return known, uncosted
