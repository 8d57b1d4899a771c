"""What the wild business sells: orders with their lines, refunds and reviews."""

from datetime import datetime
from decimal import Decimal

from oracle.wild import CHANNELS, CURRENCIES, GROUPS, SALES_CHANNELS, SKUS, STAFF, STORES, Wild

KINDS = [*["goods"] * 9, "gift", "tip", "gift_card", "shipping", "fee", None]


def orders(wild: Wild) -> None:
    for number in range(260):
        order_id = f"X{number:04d}"
        placed = wild.moment()
        status = wild.pick(("created", "paid", "shipped", "completed", "completed", "completed", "cancelled"))
        paid = wild.moment(placed, 2) if status not in ("created", "cancelled") or wild.chance(0.3) else None
        gross = Decimal(wild.pick((0, 1, 999, 1050, 12345, 20005, 33333))).scaleb(-2)
        discount = gross if wild.chance(0.05) else (gross * wild.pick((0, 0, 1)) / 10).quantize(Decimal("0.01"))
        row = {
            "order_id": order_id,
            **wild.who(),
            "status": status,
            "placed_at": placed,
            "paid_at": paid,
            "gross_amount": gross,
            "discount_amount": discount,
            "shipping_amount": Decimal(wild.pick((0, 0, 800))).scaleb(-2),
            "paid_amount": gross - discount,
            "currency": wild.pick(CURRENCIES),
            "sales_channel": wild.pick(SALES_CHANNELS),
            "channel_code": wild.pick(CHANNELS, empty=0.5),
            "store_id": wild.pick(STORES, empty=0.6),
            "courier_id": wild.pick(STAFF, empty=0.8),
            "group_id": wild.pick(GROUPS, empty=0.7),
            "is_test": wild.chance(0.04),
        }
        updated = wild.moment(paid or placed, 3)
        wild.send("orders", row, updated)
        if wild.chance(0.3):
            change = wild.pick(
                ({"status": "cancelled"}, {"sales_channel": "live"}, {"contact_id": wild.pick(wild.contacts)},
                 {"paid_amount": row["paid_amount"] + 1}, {"phone": wild.phone(0)}, {"is_test": not row["is_test"]})
            )
            wild.correct("orders", row, change, updated)
        _lines(wild, order_id, gross - discount, updated)
        if paid and wild.chance(0.25):
            _refunds(wild, order_id, row["paid_amount"], paid)
        if wild.chance(0.3):
            _review(wild, row, updated)


def _lines(wild: Wild, order_id: str, paid: Decimal, updated: datetime) -> None:
    for number in range(1, wild.draw.randrange(4) + 1):
        quantity = wild.draw.randrange(1, 4)
        row = {
            "order_id": order_id,
            "line_no": number,
            "line_key": wild.pick((f"key{number}", number)),
            "line_kind": wild.pick(KINDS),
            "sku": wild.pick(SKUS),
            "quantity": quantity,
            "unit_price": Decimal(wild.pick((99, 1999, 5, 0))).scaleb(-2),
            "line_amount": (paid / wild.pick((1, 2, 3))).quantize(Decimal("0.01")),
        }
        wild.send("order_lines", row, updated)
        if wild.chance(0.15):
            change = {"quantity": wild.pick((quantity + 1, 0)), "sku": wild.pick(SKUS), "line_no": number + 10}
            wild.correct("order_lines", row, change, updated)


def _refunds(wild: Wild, order_id: str, paid: Decimal, after: datetime) -> None:
    for number in range(wild.pick((1, 1, 2))):
        at = wild.moment(after, 40)
        part = wild.pick((Decimal("0.5"), Decimal("0.5"), Decimal(1), Decimal("0.3"), Decimal("1.1")))
        row = {
            "refund_id": f"{order_id}-R{number}",
            "order_id": order_id,
            "amount": (paid * part).quantize(Decimal("0.01")),
            "refunded_at": at,
            "reason": (None, "late", "broken")[int(order_id[1:]) % 3],
            "is_date_estimated": int(order_id[1:]) % 5 == 0,
            "shipping_amount": (None, "0.33")[int(order_id[1:]) % 2],
            "tax_amount": (None, None, "0.10")[int(order_id[1:]) % 3],
        }
        wild.send("refunds", row, at)
        if wild.chance(0.3):
            wild.correct("refunds", row, {"amount": paid}, at)


def _review(wild: Wild, order: dict, after: datetime) -> None:
    at = wild.moment(after, 20)
    row = {
        "review_id": f"{order['order_id']}-V",
        "order_id": order["order_id"],
        "sku": wild.pick(SKUS),
        "contact_id": wild.pick((order["contact_id"], None, wild.pick(wild.contacts))),
        "rating": wild.draw.randrange(1, 6),
        "created_at": at,
    }
    wild.send("reviews", row, at)
    if wild.chance(0.2):
        wild.correct("reviews", row, {"rating": 5}, at)
