"""Orders with their lines, states, corrections and refunds, in whole cents."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from userops.simulate.book import money
from userops.simulate.business import GOODS
from userops.simulate.people import Crm, Person

USD_CENTS = 7  # list prices abroad: a seventh of those at home


@dataclass
class Order:
    """An order as it stands: its row and its lines in cents (sku index, quantity, unit price, line amount)."""

    row: dict
    lines: list[tuple[int, int, int, int]]
    shipping: int
    refunded: int = 0
    counted: bool = field(default=True)

    @property
    def paid(self) -> int:
        return sum(line[3] for line in self.lines) + self.shipping

    def amounts(self) -> dict:
        """The amount columns; discounts are inside the line amounts, so paid = lines + shipping."""
        gross = sum(quantity * price for _, quantity, price, _ in self.lines)
        return {
            "gross_amount": money(gross),
            "discount_amount": money(gross - self.paid + self.shipping),
            "shipping_amount": money(self.shipping),
            "paid_amount": money(self.paid),
        }


class Shop:
    """Takes orders into the book and remembers what the truth about them is."""

    def __init__(self, crm: Crm, currency: str, end: datetime) -> None:
        self.crm, self.book, self.draw = crm, crm.book, crm.draw
        self.currency, self.end = currency, end
        self.orders: list[Order] = []

    def buy(self, person: Person, at: datetime) -> None:
        """One order of a person and all that follows from it."""
        draw = self.draw
        abroad = draw.chance(0.02)
        off = draw.pick((0, 10, 20), (0.70, 0.20, 0.10))
        lines = [self._line(sku, draw.between(1, 3), abroad, off) for sku in self._basket()]
        shipping = 0 if sum(line[3] for line in lines) >= 9900 else 800
        row = {
            "order_id": self.crm.next_id("O"),
            "placed_at": at,
            "status": "created",
            "currency": "USD" if abroad else self.currency,
            **self._who(person),
            **self._where(person),
        }
        order = Order(row, lines, shipping)
        self.orders.append(order)
        if draw.chance(0.03):
            self._abandon(order, at)
            return
        person.order_moments.append(at)
        row["paid_at"] = paid_at = draw.soon(at, 20)
        self._use_coupon(person, order, paid_at)
        self._state(order, "paid", paid_at, with_lines=True)
        self._follow(person, order, paid_at)

    def _basket(self) -> list[int]:
        """Distinct goods, cheap ones more often."""
        weights = [1.0 / price for _, _, price, _ in GOODS]
        wanted = {self.draw.pick(range(len(GOODS)), weights) for _ in range(self.draw.between(1, 3))}
        return sorted(wanted)

    def _line(self, sku: int, quantity: int, abroad: bool, off: int) -> tuple[int, int, int, int]:
        price = GOODS[sku][2] // USD_CENTS if abroad else GOODS[sku][2]
        return sku, quantity, price, (quantity * price * (100 - off) + 50) // 100

    def _who(self, person: Person) -> dict:
        """Most buyers are signed in; some leave a phone alone, a few nothing at all."""
        phone = person.contact.get("phone")
        guest = self.draw.rng.random()
        if guest < 0.02:
            return {}
        if guest < 0.06 and phone:
            return {"phone": phone}
        return {"contact_id": person.contact_id, "phone": phone if self.draw.chance(0.3) else None}

    def _where(self, person: Person) -> dict:
        place = self.draw.pick(
            ("mini_program", "app", "marketplace", "group", "store", "live"), (0.35, 0.20, 0.15, 0.10, 0.14, 0.06)
        )
        return {
            "sales_channel": place,
            "channel_code": person.channel.code if self.draw.chance(0.6) else None,
            "store_id": f"ST{self.draw.between(1, 3)}" if place == "store" else None,
            "courier_id": f"S{self.draw.between(7, 9)}" if place == "group" else None,
            "group_id": person.groups[0] if place == "group" and person.groups else None,
        }

    def _state(self, order: Order, status: str, at: datetime, *, with_lines: bool = False) -> None:
        order.row = order.row | {"status": status} | order.amounts()
        self.book.add("orders", order.row, at)
        if with_lines:
            for number, (sku, quantity, price, amount) in enumerate(order.lines, 1):
                self.book.add(
                    "order_lines",
                    {
                        "order_id": order.row["order_id"],
                        "line_no": number,
                        "sku": f"SKU{sku:03d}",
                        "quantity": quantity,
                        "unit_price": money(price),
                        "line_amount": money(amount),
                    },
                    at,
                )

    def _abandon(self, order: Order, at: datetime) -> None:
        """Placed, never paid, cancelled the day after."""
        order.counted = False
        self._state(order, "created", at, with_lines=True)
        self._state(order, "cancelled", self.draw.moment(at.date() + timedelta(days=1)))

    def _follow(self, person: Person, order: Order, paid_at: datetime) -> None:
        draw = self.draw
        shipped = draw.moment(paid_at.date() + timedelta(days=1))
        if draw.chance(0.01) and shipped <= self.end:
            # A correction: one piece more than was first reported, in the order and its lines alike.
            sku, quantity, price, _ = order.lines[0]
            order.lines[0] = (sku, quantity + 1, price, (quantity + 1) * price)
            self._state(order, "shipped", shipped, with_lines=True)
        else:
            self._state(order, "shipped", shipped)
        done = draw.moment(shipped.date() + timedelta(days=draw.between(2, 5)))
        self._state(order, "completed", done)
        self._thank(person, order, paid_at, done)
        if draw.chance(0.05):
            self._refund(order, draw.moment(done.date() + timedelta(days=draw.between(1, 6))))

    def _refund(self, order: Order, at: datetime) -> None:
        full = self.draw.chance(0.4)
        amount = order.paid if full else order.lines[0][3] // 2
        self.book.add(
            "refunds",
            {
                "refund_id": self.crm.next_id("R"),
                "order_id": order.row["order_id"],
                "line_no": None if full else 1,
                "amount": money(amount),
                "refunded_at": at,
                "reason": self.draw.pick(("damaged", "late", "unwanted")),
            },
            at,
        )
        if at <= self.end:
            order.refunded = amount
            order.counted = not full

    def _use_coupon(self, person: Person, order: Order, at: datetime) -> None:
        """A coupon given on registering, redeemed here where one was used."""
        if len(person.order_moments) != 1 or not order.row.get("contact_id") or not self.draw.chance(0.4):
            return
        row = {
            "coupon_id": self.crm.next_id("K"),
            "contact_id": person.contact_id,
            "campaign_id": f"MSG_{person.registered_at:%Y%m}",
            "face_value": money(1000),
            "issued_at": person.registered_at,
            "expires_at": person.registered_at + timedelta(days=90),
        }
        if at > row["expires_at"]:
            return
        self.book.add("coupons", row, person.registered_at)
        order.row["coupon_id"] = row["coupon_id"]
        self.book.add("coupons", row | {"redeemed_at": at, "order_id": order.row["order_id"]}, at)

    def _thank(self, person: Person, order: Order, paid_at: datetime, done: datetime) -> None:
        """Points, a level at the third order, now and then a review."""
        points = {
            "contact_id": person.contact_id,
            "occurred_at": paid_at,
            "reason": "purchase",
            "points": max(order.paid // 1000, 1),
        }
        self.book.add("points", points | {"entry_id": self.crm.next_id("L")}, paid_at)
        if len(person.order_moments) in (1, 3, 6):
            level = {1: 1, 3: 2, 6: 3}[len(person.order_moments)]
            self.book.add(
                "memberships",
                {"contact_id": person.contact_id, "plan": "level", "level": level, "effective_at": done},
                done,
            )
        if self.draw.chance(0.15):
            at = self.draw.moment(done.date() + timedelta(days=1))
            self.book.add(
                "reviews",
                {
                    "review_id": self.crm.next_id("V"),
                    "order_id": order.row["order_id"],
                    "sku": f"SKU{order.lines[0][0]:03d}",
                    "contact_id": person.contact_id,
                    "rating": self.draw.pick((5, 4, 3, 2, 1), (0.55, 0.25, 0.10, 0.05, 0.05)),
                    "created_at": at,
                },
                at,
            )
