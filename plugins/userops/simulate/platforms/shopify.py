"""Shopify's orders_export_1.csv: a row a line, amounts of the order on its first row."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from userops.simulate.platforms.accounts import Account
from userops.simulate.platforms.cells import Row, csv_text, digits, international, money
from userops.simulate.platforms.quirks import OFFSETS, Quirks, apostrophe, in_offset, on_first_row_only
from userops.simulate.platforms.sales import Buyer, Sale, line_row, order_row, refund_row

HEADER = (
    "Name", "Email", "Financial Status", "Paid at", "Fulfillment Status", "Fulfilled at", "Accepts Marketing",
    "Currency", "Subtotal", "Shipping", "Taxes", "Total", "Discount Code", "Discount Amount", "Shipping Method",
    "Created at", "Lineitem quantity", "Lineitem name", "Lineitem price", "Lineitem compare at price",
    "Lineitem sku", "Lineitem fulfillment status", "Billing Name", "Billing City", "Billing Zip", "Billing Phone",
    "Shipping Zip", "Shipping Phone", "Cancelled at", "Payment Method", "Refunded Amount", "Outstanding Balance",
    "Id", "Tags", "Source", "Lineitem discount", "Phone",
)
ON_EVERY_ROW = ("Name", "Email", "Created at", *(name for name in HEADER if name.startswith("Lineitem")))
CURRENCY = ""
SAYS_SALES_CHANNELS = ("store", "app", "web", "other")
SAYS_REFUNDS_IN_PART = True
# A custom app's number stands for every place that Shopify has no word for.
SOURCES = {"store": "pos", "app": "iphone", "web": "web"}
CUSTOM_APP = "580111"
FIRST_ID = 5_400_000_000_000
FIRST_TEST = 900_000
TEST_SHARE = 0.3
INSTANTS = ("placed_at", "paid_at", "shipped_at", "cancelled_at")
CELL_QUIRKS = dict.fromkeys(("Phone", "Billing Phone", "Shipping Phone", "Billing Zip", "Shipping Zip"), apostrophe)


def order_id(sale: Sale) -> str:
    """The order's name in its shop."""
    return f"#{1000 + sale.number}"


def can_tell_apart(buyer: Buyer) -> bool:
    """Whether the file says who bought."""
    return bool(buyer.email or buyer.phone)


def dress(sale: Sale, quirks: Quirks) -> Sale:
    """Quirks that change what an order says: none here but the gifts that every shop has."""
    return sale


def extra_sales(day: str, place: int, sales: Sequence[Sale], quirks: Quirks) -> list[Sale]:
    """A test order on some days, of nobody."""
    if not sales or not quirks.happens(TEST_SHARE, "test order", day):
        return []
    paid = {"status": "paid", "paid_amount": money(sales[0].total), "sales_channel": "web"}
    return [replace(
        sales[0], number=FIRST_TEST + place, order=sales[0].order | paid, refunded=Decimal(0), buyer=Buyer(),
        paid_at=sales[0].placed_at, shipped_at=None, completed_at=None, cancelled_at=None, is_test=True,
    )]


def files(day: str, sales: Sequence[Sale], account: Account, quirks: Quirks) -> dict[str, bytes]:
    """The day's file."""
    rows = [quirks.dress(row, CELL_QUIRKS) for sale in sales for row in _rows(sale, account, quirks)]
    text = csv_text(HEADER, ([row[name] for name in HEADER] for row in rows))
    return {"orders_export_1.csv": text.encode()}


def _rows(sale: Sale, account: Account, quirks: Quirks) -> list[Row]:
    of_order = _order_cells(sale, account, quirks)
    rows = [of_order | {
        "Lineitem quantity": str(line.quantity),
        "Lineitem name": line.name,
        "Lineitem price": money(line.price),
        "Lineitem sku": line.sku,
        "Lineitem fulfillment status": "fulfilled" if sale.shipped_at else "pending",
        "Lineitem discount": money(line.worth - line.amount),
    } for line in sale.lines]
    return on_first_row_only(rows, ON_EVERY_ROW) if quirks.on else rows


def _order_cells(sale: Sale, account: Account, quirks: Quirks) -> Row:
    placed, paid, shipped, cancelled = (_time(sale, name, account, quirks) for name in INSTANTS)
    phone = international(sale.buyer.phone)
    return dict.fromkeys(HEADER, "") | {
        "Name": order_id(sale),
        "Email": sale.buyer.email,
        "Financial Status": _financial_status(sale),
        "Paid at": paid,
        "Fulfillment Status": "fulfilled" if sale.shipped_at else "unfulfilled",
        "Fulfilled at": shipped,
        "Accepts Marketing": "yes" if sale.buyer.wants_mail == "true" else "no",
        "Currency": sale.order["currency"],
        "Subtotal": money(sale.gross - sale.discount),
        "Shipping": money(sale.shipping),
        "Taxes": "0.00",
        "Total": money(sale.total),
        "Discount Code": "OFFER" if sale.discount else "",
        "Discount Amount": money(sale.discount),
        "Created at": placed,
        "Billing City": sale.buyer.city,
        "Billing Zip": "10001",
        "Billing Phone": phone,
        "Shipping Zip": "10001",
        "Cancelled at": cancelled,
        "Payment Method": _payment_method(sale),
        "Refunded Amount": money(sale.refunded),
        "Outstanding Balance": money(Decimal(0) if sale.order["status"] == "cancelled" else sale.total - sale.paid),
        "Id": str(FIRST_ID + sale.number * 7),
        "Source": SOURCES.get(sale.order["sales_channel"], CUSTOM_APP),
        "Phone": phone,
    }


def _time(sale: Sale, name: str, account: Account, quirks: Quirks) -> str:
    """With quirks each instant stands in an offset of its own."""
    moment = getattr(sale, name)
    if not moment:
        return ""
    own = moment.astimezone(account.zone).utcoffset().total_seconds() // 60
    return in_offset(moment, OFFSETS[quirks.number("offset", sale.number, name) % len(OFFSETS)] if quirks.on else own)


def _financial_status(sale: Sale) -> str:
    if not sale.paid_at:
        return "voided" if sale.order["status"] == "cancelled" else "pending"
    if sale.is_refunded:
        return "refunded"
    return "partially_refunded" if sale.refunded else "paid"


def _payment_method(sale: Sale) -> str:
    return "Bogus" if sale.is_test else "Shopify Payments" if sale.paid_at else ""


def expected(sale: Sale, account: Account) -> dict[str, list[Row]]:
    """What a perfect mapping makes of the order's rows."""
    latest, name = sale.latest(*INSTANTS), order_id(sale)
    contact, sells = _contact(sale, account), sale.order["sales_channel"]
    order = order_row(sale, account, name, latest) | {
        "contact_id": contact,
        "phone": international(sale.buyer.phone),
        "status": "shipped" if sale.status == "completed" else sale.status,
        "sales_channel": sells if sells in SAYS_SALES_CHANNELS else "other",
        "tax_amount": "0.00",
        "payment_method": _payment_method(sale),
        "is_test": "true" if sale.is_test else "false",
    }
    refunds = [refund_row(account, name, name, sale.refunded, latest)] if sale.refunded else []
    lines = [line_row(line, account, name, place, latest) for place, line in enumerate(sale.lines, 1)]
    return {"orders": [order], "order_lines": lines, "refunds": refunds, "contacts": [{
        "contact_id": contact,
        "phone": international(sale.buyer.phone),
        "email": sale.buyer.email.lower(),
        "gender": "u",
        "city": sale.buyer.city,
        "email_consent": "true" if sale.buyer.wants_mail == "true" else "false",
        "updated_at": account.stamp(latest),
    }]}


def _contact(sale: Sale, account: Account) -> str:
    phone = international(sale.buyer.phone)
    return account.contact("shopify", sale.buyer.email.lower() or ("+" if "+" in phone else "") + digits(phone))
