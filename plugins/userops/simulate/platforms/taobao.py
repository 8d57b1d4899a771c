"""Taobao's ExportOrderList (a row an order) and ExportItemList (a row a sub-order), GB18030, China time."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from userops.simulate.platforms.accounts import Account
from userops.simulate.platforms.cells import Row, csv_text, long_id, money, national, wall
from userops.simulate.platforms.quirks import (
    Quirks,
    apostrophe,
    as_formula,
    both,
    full_width_comma,
    masked,
    missing_as,
    padded,
    thousands,
    yuan,
)
from userops.simulate.platforms.sales import Buyer, Line, Sale, line_row, order_row, refund_row

ORDER_HEADER = (
    "订单编号", "买家会员名", "买家支付宝账号", "买家应付货款", "买家应付邮费", "买家支付积分", "总金额", "返点积分",
    "买家实际支付金额", "买家实际支付积分", "订单状态", "买家留言", "收货人姓名", "收货地址", "运送方式", "联系电话",
    "联系手机", "订单创建时间", "订单付款时间", "宝贝标题", "宝贝种类", "物流单号", "物流公司", "订单备注",
    "宝贝总数量", "订单关闭原因", "卖家服务费", "买家服务费", "是否O2O交易", "退款金额", "确认收货时间", "打款商家金额",
)
PADDED = ("收货地址", "联系电话", "订单付款时间", "宝贝标题", "物流单号")
ITEM_HEADER = (
    "子订单编号", "主订单编号", "商品标题", "商品价格", "购买数量", "外部系统编号", "商品属性", "套餐信息",
    "联系方式备注", "订单状态", "商家编码", "支付单号", "买家应付货款", "买家实际支付金额", "退款状态", "退款金额",
    "订单创建时间", "订单付款时间",
)
CURRENCY = "CNY"
SAYS_SALES_CHANNELS = ("marketplace",)
SAYS_REFUNDS_IN_PART = True
ENCODING = "gb18030"
HEAD = "3100"
MASKED_SHARE = 0.05
INSTANTS = ("placed_at", "paid_at", "completed_at")
STATUSES = {
    "created": "等待买家付款", "paid": "买家已付款,等待卖家发货", "shipped": "卖家已发货,等待买家确认",
    "completed": "交易成功", "cancelled": "交易关闭",
}
ORDER_QUIRKS = {
    "订单编号": as_formula, "联系手机": apostrophe, "联系电话": both(missing_as("null"), apostrophe),
    "买家支付宝账号": missing_as("null"), "打款商家金额": yuan, "订单状态": full_width_comma,
}
ITEM_QUIRKS = {
    "子订单编号": as_formula, "主订单编号": as_formula, "商品价格": thousands, "退款金额": missing_as("无退款申请"),
}


def order_id(sale: Sale) -> str:
    """The number of the main order."""
    return long_id(HEAD, sale.number)


def sub_order_id(sale: Sale, line: Line) -> str:
    """The number of a sub-order: that of the main order where there is but one."""
    return order_id(sale) if len(sale.lines) == 1 else long_id(HEAD, sale.number, line.number)


def can_tell_apart(buyer: Buyer) -> bool:
    """Whether the file says something by which the buyer is known elsewhere."""
    return bool(buyer.phone or buyer.email)


def dress(sale: Sale, quirks: Quirks) -> Sale:
    """Some buyers are masked."""
    return replace(sale, is_masked=quirks.happens(MASKED_SHARE, "masked", "taobao", sale.number))


def extra_sales(day: str, place: int, sales: Sequence[Sale], quirks: Quirks) -> list[Sale]:
    """Taobao has no test orders."""
    return []


def member(buyer: Buyer) -> str:
    """A member name: one for each contact or phone, without saying either."""
    if not buyer.key:
        return ""
    name = hashlib.blake2b(buyer.key.encode(), digest_size=5).digest()
    return f"买家{base64.b32encode(name).decode().lower()}"


def files(day: str, sales: Sequence[Sale], account: Account, quirks: Quirks) -> dict[str, bytes]:
    """The two files of the day."""
    orders = [quirks.dress(_order_cells(sale, account), ORDER_QUIRKS) for sale in sales]
    items = [quirks.dress(_item_cells(sale, line, account), ITEM_QUIRKS) for sale in sales for line in sale.lines]
    stem = f"{day.replace('-', '')}2359"
    header = padded(ORDER_HEADER, PADDED) if quirks.on else ORDER_HEADER
    return {
        f"ExportOrderList{stem}.csv": _encoded(header, ORDER_HEADER, orders),
        f"ExportItemList{stem}.csv": _encoded(ITEM_HEADER, ITEM_HEADER, items),
    }


def _encoded(header: Sequence[str], names: Sequence[str], rows: Sequence[Row]) -> bytes:
    cells = ([row[name] for name in names] for row in rows)
    return csv_text(header, cells, quote_all=True, line_end="\r\n").encode(ENCODING)


def _order_cells(sale: Sale, account: Account) -> Row:
    name, phone, is_masked = member(sale.buyer) or "匿名买家", national(sale.buyer.phone), sale.is_masked
    hidden = is_masked or not sale.buyer.key
    return dict.fromkeys(ORDER_HEADER, "") | {
        "订单编号": order_id(sale),
        "买家会员名": masked(name) if hidden else name,
        "买家支付宝账号": "" if hidden else sale.buyer.email,
        "买家应付货款": money(sale.gross),
        "买家应付邮费": money(sale.shipping),
        "买家支付积分": "0",
        "总金额": money(sale.gross + sale.shipping),
        "返点积分": "0",
        "买家实际支付金额": money(sale.paid - sale.refunded),
        "买家实际支付积分": "0",
        "订单状态": STATUSES[sale.status],
        "收货人姓名": "收件人",
        "收货地址": "**",
        "运送方式": "快递",
        "联系手机": masked(phone) if is_masked and phone else phone,
        "订单创建时间": wall(sale.placed_at, account.zone),
        "订单付款时间": wall(sale.paid_at, account.zone),
        "宝贝标题": sale.lines[0].name if sale.lines else "",
        "宝贝种类": str(len(sale.lines)),
        "物流单号": f"No:{7_500_000 + sale.number}" if sale.shipped_at else "",
        "物流公司": "圆通快递" if sale.shipped_at else "",
        "宝贝总数量": str(sum(line.quantity for line in sale.lines)),
        "订单关闭原因": _close_reason(sale),
        "卖家服务费": "0.00",
        "买家服务费": "0.00",
        "退款金额": money(sale.refunded),
        "确认收货时间": wall(sale.completed_at, account.zone),
        "打款商家金额": money(sale.paid - sale.refunded if sale.completed_at else Decimal(0)),
    }


def _close_reason(sale: Sale) -> str:
    if sale.status != "cancelled":
        return "订单未关闭"
    return "退款" if sale.paid_at else "买家未付款"


def _item_cells(sale: Sale, line: Line, account: Account) -> Row:
    return dict.fromkeys(ITEM_HEADER, "") | {
        "子订单编号": sub_order_id(sale, line),
        "主订单编号": order_id(sale),
        "商品标题": line.name,
        "商品价格": money(line.price),
        "购买数量": str(line.quantity),
        "外部系统编号": line.sku,
        "商品属性": "颜色分类:默认",
        "订单状态": STATUSES[sale.status],
        "商家编码": line.sku,
        "买家应付货款": money(line.amount),
        "买家实际支付金额": money(line.amount),
        "退款状态": "退款成功" if sale.is_refunded else "没有申请退款",
        "退款金额": money(line.amount) if sale.is_refunded else "",
        "订单创建时间": wall(sale.placed_at, account.zone),
        "订单付款时间": wall(sale.paid_at, account.zone),
    }


def expected(sale: Sale, account: Account) -> dict[str, list[Row]]:
    """What a perfect mapping makes of the order's rows in both files."""
    latest, name = sale.latest(*INSTANTS), order_id(sale)
    of_items = sale.latest("placed_at", "paid_at")
    buyer = Buyer() if sale.is_masked or not sale.buyer.key else sale.buyer
    contact = account.contact("tb", member(buyer))
    order = order_row(sale, account, name, latest) | {
        "contact_id": contact,
        "phone": national(buyer.phone),
        "sales_channel": "marketplace",
        "is_test": "false",
    }
    if not sale.paid_at:
        order["discount_amount"] = "0.00"
    refunds = [refund_row(account, name, name, sale.refunded, latest)] if sale.refunded else []
    lines = [
        line_row(line, account, name, place, of_items) | {"line_key": sub_order_id(sale, line)}
        for place, line in enumerate(sale.lines, 1)
    ]
    return {"orders": [order], "order_lines": lines, "refunds": refunds, "contacts": [{
        "contact_id": contact,
        "phone": national(buyer.phone),
        "email": buyer.email,
        "nickname": member(buyer),
        "gender": "u",
        "updated_at": account.stamp(latest),
    }]}
