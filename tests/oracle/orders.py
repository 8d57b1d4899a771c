"""Orders as money: which count, what they brought and what they cost, in the business currency."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from oracle.compare import CENTS, half_up
from oracle.exports import Known, Row, by
from oracle.identity import Identity
from oracle.order_rows import PRODUCTS, stands

DEFAULT_COST_RATE = Decimal("0.6")
CENT = Decimal("0.01")


@dataclass
class Order:
    """A paid order that is not cancelled and no test; money in the business currency."""

    order_id: str
    user: str | None
    row: Row
    paid_at: datetime
    day: date
    gross: Decimal
    discount: Decimal
    paid: Decimal
    refunded: Decimal
    net: Decimal
    cost: Decimal
    lines: list[tuple[Row, Decimal]]  # a line of a product and its converted amount
    is_counted: bool

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
    """Paid orders that are neither cancelled nor tests, by time of payment."""
    exchange = Exchange(known, currency)
    unit_costs = {row["sku"]: row["unit_cost"] for row in known.rows("products")}
    lines, refunds = by(known.rows("order_lines"), "order_id"), by(known.rows("refunds"), "order_id")
    found = []
    for row in known.rows("orders"):
        if row["paid_at"] is None or row["status"] == "cancelled" or known.local_day(row["paid_at"]) > known.day:
            continue
        if row.get("is_test"):
            continue
        day, order_id = known.local_day(row["paid_at"]), row["order_id"]

        def money(amount: Decimal, row: Row = row, day: date = day) -> Decimal:
            return exchange.converted(amount, row["currency"], day)

        given_back = [r for r in refunds.get(order_id, []) if known.local_day(r["refunded_at"]) <= known.day]
        back = sum((r["amount"] for r in given_back), Decimal(0))
        all_lines = [line for line in lines.get(order_id, []) if stands(line)]
        its_lines = [(line, money(line["line_amount"])) for line in all_lines if line["line_kind"] in PRODUCTS]
        gross, discount = money(row["gross_amount"]), money(row["discount_amount"])
        if all_lines:
            known_cost, uncosted = cost_of([line for line, _ in its_lines], unit_costs)
            cost = known_cost + DEFAULT_COST_RATE * money(uncosted)
        else:
            cost = DEFAULT_COST_RATE * (gross - discount)
        is_refunded = row["paid_amount"] > 0 and back >= row["paid_amount"]
        paid, refunded = money(row["paid_amount"]), money(back)
        found.append(
            Order(
                order_id,
                identity.of_order[order_id],
                row,
                row["paid_at"],
                day,
                gross,
                discount,
                paid,
                refunded,
                without_cards(paid - refunded, all_lines),
                cost,
                its_lines,
                not is_refunded and not (all_lines and all(map(is_card, all_lines))),
            )
        )
    return sorted(found, key=lambda o: o.order)


def is_card(line: Row) -> bool:
    """Whether a line sells no product, but the money for a later one."""
    return line["line_kind"] == "gift_card"


def without_cards(net: Decimal, lines: list[Row]) -> Decimal:
    """The net of an order less the share of gift cards in its lines, rounded once."""
    whole = sum((line["line_amount"] for line in lines), Decimal(0))
    cards = sum((line["line_amount"] for line in lines if is_card(line)), Decimal(0))
    if cards == 0:
        return net
    exact = Fraction(net) * (1 - Fraction(cards) / Fraction(whole))
    return half_up(exact, CENTS)


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
