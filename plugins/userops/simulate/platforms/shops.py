"""Which shop an order belongs to, and a shop's day."""

from collections.abc import Sequence
from types import ModuleType

from userops.simulate.platforms.accounts import Account
from userops.simulate.platforms.cells import Row
from userops.simulate.platforms.history import History
from userops.simulate.platforms.losses import Losses
from userops.simulate.platforms.names import Names
from userops.simulate.platforms.quirks import Quirks
from userops.simulate.platforms.sales import GIFT, Buyer, Sale, buyer_of, contact_rows, sale_of, with_gift

GIFT_SHARE = 0.1


class Shop:
    """An account of a shop platform with the orders it has told of."""

    def __init__(self, account: Account, platform: ModuleType, history: History, quirks: Quirks) -> None:
        self.account, self.platform, self.history, self.quirks = account, platform, history, quirks
        self.numbers: dict[str, int] = {}
        self._buyers: dict[tuple[str, str, str], Buyer] = {}
        self._told: dict[str, None] = {}
        self._quiet = 0

    def day(
        self, day: str, place: int, orders: Sequence[str], names: Names, losses: Losses
    ) -> tuple[dict[str, bytes], dict[str, list[Row]]]:
        """The files of a day that changed these orders, and the rows a perfect mapping makes of them."""
        self._quiet = 0 if orders else self._quiet + 1
        for order in orders:
            self.numbers.setdefault(order, len(self.numbers) + 1)
            self._told.pop(order, None)
            self._told[order] = None
        told = sorted(orders or self._again(), key=self.numbers.__getitem__)
        sales = [self.sale(order) for order in told]
        if not sales:
            return {}, {}
        tests = self.platform.extra_sales(day, place, sales, self.quirks)
        found = [self.platform.expected(sale, self.account) for sale in (*sales, *tests)]
        for order, sale, rows in zip(told, sales, found, strict=False):
            names.orders[order] = rows["orders"][0]["order_id"]
            names.add_buyer(sale.order["contact_id"], rows["contacts"][0]["contact_id"])
            self._compare(order, sale, rows, losses)
        expected = {export: [row for rows in found for row in rows[export]] for export in found[0]}
        expected["contacts"] = contact_rows(expected["contacts"])
        return self.platform.files(day, [*sales, *tests], self.account, self.quirks), expected

    def _again(self) -> list[str]:
        """The last orders told, of people who are not erased; one more each quiet day, so no file is the last one's."""
        erased, orders = self.history.erased, self.history.orders
        kept = [order for order in self._told if orders[order]["contact_id"] not in erased]
        return kept[-self._quiet :]

    def sale(self, order: str) -> Sale:
        """The order as the shop knows it now; its buyer is who made it when it was first told."""
        row = self.history.orders[order]
        key = order, row["contact_id"], row["phone"]
        buyer = self._buyers.setdefault(key, buyer_of(self.history, row))
        sale = sale_of(self.history, order, self.numbers[order], buyer)
        products = sorted(self.history.products)
        if products and self.quirks.happens(GIFT_SHARE, "gift", order):
            sku = products[self.quirks.number("sample", order) % len(products)]
            sale = with_gift(sale, sku, self.history.products[sku])
        return self.platform.dress(sale, self.quirks)

    def _compare(self, order: str, sale: Sale, rows: dict[str, list[Row]], losses: Losses) -> None:
        losses.compare(self.account, "orders", self.history.orders[order], rows["orders"][0])
        lines = [line for line in sale.lines if line.number != GIFT]
        for line, said in zip(lines, rows["order_lines"], strict=False):
            losses.compare(self.account, "order_lines", self.history.lines[order][str(line.number)], said)

    def refund_said(self, row: Row) -> Row:
        """What the shop's file lets know of a refund: its amount within the order's running total, if at all."""
        sale = self.sale(row["order_id"])
        is_told = self.platform.SAYS_REFUNDS_IN_PART or sale.is_refunded
        return {"refund_id": row["refund_id"], "order_id": row["order_id"], "amount": row["amount"] if is_told else ""}


def choose_shop(shops: Sequence[Shop], order: str, history: History, is_refunded_in_parts: bool) -> Shop | None:
    """The shop that can say most of the order: its currency above all, then refunds, the buyer, the sales channel."""
    row = history.orders[order]
    buyer = buyer_of(history, row)
    losses = {
        shop: (
            is_refunded_in_parts and not shop.platform.SAYS_REFUNDS_IN_PART,
            buyer.is_known and not shop.platform.can_tell_apart(buyer),
            row["sales_channel"] not in shop.platform.SAYS_SALES_CHANNELS,
        )
        for shop in shops if shop.platform.CURRENCY in ("", row["currency"])
    }
    if not losses:
        return None
    best = [shop for shop, lost in losses.items() if lost == min(losses.values())]
    return best[best[0].quirks.number("shop", order) % len(best)]
