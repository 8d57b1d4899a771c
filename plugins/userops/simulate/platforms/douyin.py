"""Douyin's order export: a row a sub-order, or several sub-orders in one; no amount of a refund."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from userops.simulate.platforms.accounts import Account
from userops.simulate.platforms.cells import CENT, Row, csv_text, long_id, money, national, wall
from userops.simulate.platforms.quirks import (
    Quirks,
    encrypted,
    in_one_cell,
    missing_as,
    tab_before,
    thousands,
    with_bom,
)
from userops.simulate.platforms.sales import GIFT, Buyer, Line, Sale, line_row, order_row, refund_row

HEADER = (
    "主订单编号", "子订单编号", "选购商品", "商品规格", "商品数量", "商家编码", "订单应付金额", "运费", "收件人",
    "收件人手机号", "详细地址", "订单提交时间", "商家备注", "支付完成时间", "订单完成时间", "订单状态", "售后状态",
    "取消原因", "流量体裁", "发货时间", "平台实际承担优惠金额", "商家实际承担优惠金额", "达人实际承担优惠金额",
)
CURRENCY = "CNY"
SAYS_SALES_CHANNELS = ("marketplace", "live")
SAYS_REFUNDS_IN_PART = False
HEAD = "6917"
MASKED_SHARE = 0.3
JOINED_SHARE = 0.5
INSTANTS = ("placed_at", "paid_at", "shipped_at", "completed_at")
STATUSES = {"created": "待支付", "paid": "待发货", "shipped": "已发货", "completed": "已完成", "cancelled": "已关闭"}
TEXTS = ("主订单编号", "选购商品", "商品规格", "商家编码")
CELL_QUIRKS = (
    dict.fromkeys(TEXTS, tab_before)
    | dict.fromkeys(("商家备注", "支付完成时间", "订单完成时间", "售后状态", "取消原因", "发货时间"), missing_as("-"))
    | {"订单应付金额": thousands}
)


def order_id(sale: Sale) -> str:
    """The number of the main order."""
    return long_id(HEAD, sale.number)


def sub_order_id(sale: Sale, line: Line) -> str:
    """The number of a sub-order: that of the main order where there is but one."""
    return order_id(sale) if len(sale.lines) == 1 else long_id(HEAD, sale.number, line.number)


def can_tell_apart(buyer: Buyer) -> bool:
    """Whether the file says who bought."""
    return bool(buyer.phone)


def dress(sale: Sale, quirks: Quirks) -> Sale:
    """Phones are mostly encrypted; an export by order puts its sub-orders into one cell."""
    joined = quirks.happens(JOINED_SHARE, "joined", sale.number) and _can_be_joined(sale)
    return replace(sale, is_joined=joined, is_masked=quirks.happens(MASKED_SHARE, "masked", "douyin", sale.number))


def _can_be_joined(sale: Sale) -> bool:
    """Only where equal shares are what each sub-order came to, to the cent, and there is one piece of each."""
    pieces = len(sale.lines)
    if pieces < 2 or sale.shipping or any(line.quantity != 1 or line.number == GIFT for line in sale.lines):
        return False
    sums = sum(line.price for line in sale.lines), sum(line.amount for line in sale.lines)
    return all(int(amount / CENT) % pieces == 0 for amount in sums)


def extra_sales(day: str, place: int, sales: Sequence[Sale], quirks: Quirks) -> list[Sale]:
    """Douyin has no test orders."""
    return []


def files(day: str, sales: Sequence[Sale], account: Account, quirks: Quirks) -> dict[str, bytes]:
    """The day's file."""
    rows = [row for sale in sales for row in _rows(sale, account, quirks)]
    cells = ([row[name] for name in HEADER] for row in rows)
    data = csv_text(HEADER, cells, quote_all=True).encode()
    return {f"douyin_orders_{day.replace('-', '')}.csv": with_bom(data) if quirks.on else data}


def _rows(sale: Sale, account: Account, quirks: Quirks) -> list[Row]:
    parts = [(line, _shipping(sale, place)) for place, line in enumerate(sale.lines)]
    split = [_cells(sale, line, shipping, account) for line, shipping in parts]
    if sale.is_joined:
        split = [_in_one_row(split)]
    tab = tab_before if quirks.on else str
    for row in split:
        row["子订单编号"] = in_one_cell(tab(part) for part in row["子订单编号"].split(";"))
    return [quirks.dress(row, CELL_QUIRKS) for row in split]


def _shipping(sale: Sale, place: int) -> Decimal:
    """The freight stands on the first sub-order."""
    return Decimal(0) if place else sale.shipping


def _in_one_row(rows: Sequence[Row]) -> Row:
    """Ids and names side by side, figures added."""
    row = dict(rows[0])
    for name in ("子订单编号", "选购商品", "商品规格", "商家编码"):
        row[name] = in_one_cell(part[name] for part in rows)
    for name in ("订单应付金额", "平台实际承担优惠金额", "商家实际承担优惠金额", "达人实际承担优惠金额"):
        row[name] = money(sum(Decimal(part[name]) for part in rows))
    row["商品数量"] = str(sum(int(part["商品数量"]) for part in rows))
    return row


def _cells(sale: Sale, line: Line, shipping: Decimal, account: Account) -> Row:
    phone, off = national(sale.buyer.phone), money(line.worth - line.amount)
    hidden = sale.is_masked and phone
    is_live = sale.order["sales_channel"] == "live"
    return dict.fromkeys(HEADER, "") | {
        "主订单编号": order_id(sale),
        "子订单编号": sub_order_id(sale, line),
        "选购商品": line.name.replace(";", " "),
        "商品规格": "默认",
        "商品数量": str(line.quantity),
        "商家编码": line.sku,
        "订单应付金额": money(line.amount + shipping),
        "运费": money(shipping),
        "收件人": encrypted("##"),
        "收件人手机号": encrypted("$$") if hidden else phone,
        "详细地址": encrypted("##"),
        "订单提交时间": wall(sale.placed_at, account.zone),
        "支付完成时间": wall(sale.paid_at, account.zone),
        "订单完成时间": wall(sale.completed_at, account.zone),
        "订单状态": STATUSES[sale.status],
        "售后状态": "退款成功" if sale.is_refunded else "",
        "取消原因": "超时未支付" if sale.status == "cancelled" and not sale.paid_at else "",
        "流量体裁": "直播" if is_live else "商品卡",
        "发货时间": wall(sale.shipped_at, account.zone),
        "平台实际承担优惠金额": "0.00",
        "商家实际承担优惠金额": "0.00" if is_live else off,
        "达人实际承担优惠金额": off if is_live else "0.00",
    }


def expected(sale: Sale, account: Account) -> dict[str, list[Row]]:
    """What a perfect mapping makes of the order's rows: lines with a state and money of their own, and the order."""
    latest, phone = sale.latest(*INSTANTS), "" if sale.is_masked else national(sale.buyer.phone)
    contact = account.contact("douyin", phone)
    lines = [_line_row(sale, *part, account, latest) for part in _expected_lines(sale)]
    worth = sum((line.worth for line in sale.lines), Decimal(0))
    amount = sum((line.amount for line in sale.lines), Decimal(0))
    is_live = sale.order["sales_channel"] == "live"
    order = order_row(sale, account, order_id(sale), latest) | {
        "contact_id": contact,
        "phone": phone,
        "status": _status(sale),
        "gross_amount": money(worth),
        "discount_amount": money(worth - amount),
        "paid_amount": money(amount + sale.shipping if sale.paid_at else Decimal(0)),
        "currency": "CNY",
        "sales_channel": "live" if is_live else "marketplace",
        "is_test": "false",
    }
    return {"orders": [order], "order_lines": lines, "refunds": _refunds(sale, account, latest), "contacts": [{
        "contact_id": contact, "phone": phone, "gender": "u", "updated_at": account.stamp(latest),
    }]}


def _status(sale: Sale) -> str:
    """A sub-order whose money went back keeps the status it had reached, as the others of its order go on."""
    if sale.status != "cancelled" or not sale.paid_at:
        return sale.status
    return "shipped" if sale.shipped_at else "paid"


def _expected_lines(sale: Sale) -> list[tuple[int, Line, Decimal, str]]:
    """Place, line, freight and sub-order of each line; sub-orders in one cell share its figures evenly."""
    lines, pieces = sale.lines, len(sale.lines)
    if sale.is_joined:
        price, amount = (sum(getattr(line, name) for line in lines) / pieces for name in ("price", "amount"))
        lines = tuple(replace(line, price=price, amount=amount) for line in lines)
    return [
        (place + 1, line, _shipping(sale, place), sub_order_id(sale, line)) for place, line in enumerate(lines)
    ]


def _line_row(
    sale: Sale, place: int, line: Line, shipping: Decimal, sub_order: str, account: Account, latest: datetime
) -> Row:
    return line_row(line, account, order_id(sale), place, latest) | {
        "line_key": sub_order,
        "product_name": line.name.replace(";", " "),
        "line_status": _status(sale),
        "line_paid_amount": money(line.amount + shipping if sale.paid_at else Decimal(0)),
        "line_paid_at": account.stamp(sale.paid_at),
        "line_shipping_amount": money(shipping),
    }


def _refunds(sale: Sale, account: Account, latest: datetime) -> list[Row]:
    """All that a sub-order came to, where its money went back; of sub-orders in one cell, one sum."""
    if not sale.is_refunded:
        return []
    parts = [(sub_order, line.amount + shipping) for _, line, shipping, sub_order in _expected_lines(sale)]
    if sale.is_joined:
        parts = [(parts[0][0], sum((due for _, due in parts), Decimal(0)))]
    return [refund_row(account, order_id(sale), sub_order, due, latest) for sub_order, due in parts if due > 0]
