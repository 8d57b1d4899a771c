"""More cases by hand: lines that are no products, orders that are no sales, and money given back by running totals."""

from collections.abc import Callable
from datetime import date, timedelta

from oracle.delivery import Delivery
from oracle.nasty import MIDDLE, Nasty


def deliver_nasty_orders(delivery: Delivery) -> None:
    """Add every case."""
    nasty = Nasty(delivery)
    for case in CASES:
        case(nasty)


def line(n: Nasty, order_id: str, key: str, at: str, amount: str, **more: object) -> None:
    """A line of one piece that costs what it is sold for."""
    folder = more.pop("folder", None)
    row = {"order_id": order_id, "line_key": key, "line_no": 1, "sku": "SKU001", "quantity": 1}
    row |= {"line_kind": "goods", "unit_price": amount, "line_amount": amount}
    n.send("order_lines", row | more, at, folder)


def removed_lines(n: Nasty) -> None:
    """A line goes, and comes back; one that its place alone tells from another; a gift."""
    n.contact("NKR", "2025-01-01T10:00")
    n.order("NKR", "2025-01-10T10:00", "100.00", contact_id="NKR")
    for key, amount in (("a", "60.00"), ("b", "40.00"), ("c", "0.00")):
        line(n, "NKR", key, "2025-01-10T10:00", amount, sku="SKU002" if key == "b" else "SKU001")
    line(n, "NKR", "b", "2025-03-20T10:00", "40.00", quantity=0, sku="SKU002")
    line(n, "NKR", "a", "2025-02-20T10:00", "60.00", quantity=0)
    line(n, "NKR", "a", "2025-02-21T10:00", "60.00")


def other_kinds(n: Nasty) -> None:
    """Gift cards alone, of which one is free; half of an order; a tip alone; halves of a cent; a foreign card."""
    n.contact("NKG", "2025-01-01T10:00")
    at = "2025-02-10T10:00"
    for number, kinds in enumerate((
        {"gift_card": "50.00"}, {"gift_card": "20.00", "goods": "10.00"}, {"tip": "30.00"},
        {"gift_card": "0.01", "goods": "0.01"}, {"gift_card": "0.00", "goods": "0.00"},
        {"gift_card": "7.00", "gift": "0.00"},
        {"fee": "1.00", "shipping": "2.00", "gift_card": "3.00", "goods": "4.00"},
    )):  # fmt: skip
        order_id, currency = f"NKG{number}", "USD" if number == 6 else "CNY"
        n.order(order_id, at, "50.01" if number != 3 else "0.25", contact_id="NKG", currency=currency)
        for kind, amount in kinds.items():
            line(n, order_id, kind, at, amount, line_kind=kind)
    n.refund("NKG1", "NKG1", "10.00", "2025-02-12T10:00")


def tests_of_the_shop(n: Nasty) -> None:
    """One known by nobody else's phone, one that would make two people one, one that turned out to be none."""
    n.contact("NKT1", "2025-01-01T10:00", phone="13800012101")
    n.contact("NKT2", "2025-01-02T10:00", phone="13800012102")
    n.order("NKT1", "2025-01-10T10:00", contact_id="NKT1", phone="13800012102", is_test=True)
    n.order("NKT2", "2025-01-11T10:00", phone="13800012103", is_test=True)
    n.order("NKT3", "2025-01-12T10:00", phone="13800012104", is_test=True)
    n.order("NKT3", "2025-01-12T10:00", phone="13800012104", is_test=False, updated="2025-03-12T10:00")
    n.order("NKT4", "2025-01-13T10:00", phone="13800012105", is_test=False)
    n.order("NKT4", "2025-01-13T10:00", phone="13800012105", is_test=True, updated="2025-03-12T10:00")


def single_lines(n: Nasty) -> None:
    """An order by its lines: sent in part, cancelled in part, cancelled wholly; its own row says something else."""
    n.contact("NKL", "2025-01-01T10:00")
    states = (("shipped", "paid"), ("completed", "cancelled"), ("cancelled", "cancelled"), ("completed", None))
    for number, (one, two) in enumerate(states):
        order_id, at = f"NKL{number}", f"2025-01-{10 + number}T10:00"
        n.order(order_id, at, "9.00", contact_id="NKL", tax_amount="1.00")
        paid = {"line_paid_at": n.at(f"2025-01-{11 + number}T00:30"), "line_paid_amount": "55.00"}
        line(n, order_id, "1", "2025-02-01T10:00", "50.00", unit_price="60.0050", line_status=one,
             line_shipping_amount="5.00", **paid)
        line(n, order_id, "2", at, "40.00", line_status=two, line_paid_at=two and n.at(at), line_paid_amount="40.00")


def running_totals(n: Nasty) -> None:
    """Up, down and up again; there from the first; on a business date whose folder of the day before has the order."""
    n.contact("NKB", "2025-01-01T10:00")
    folders = [day for day in n.delivery.dates if day > date(2025, 1, 20)]

    def total(refund_id: str, order_id: str, amount: str, folder: date) -> None:
        row = {"refund_id": refund_id, "order_id": order_id, "running_total": amount}
        n.send("refunds", row, "2025-01-10T11:00", folder)

    for number in range(4):
        n.order(f"NKB{number}", "2025-01-10T10:00", "90.00", contact_id="NKB")
    for place, amount in enumerate(("0.00", "30.00", "50.00", "20.00", "45.00")):
        total("NKB0", "NKB0", amount, folders[place])
    total("NKB1", "NKB1", "90.00", n.delivery.folder_of(date(2025, 1, 10)))
    n.order("NKB2", "2025-01-10T10:00", "90.00", contact_id="NKB", folder=MIDDLE - timedelta(days=1))
    total("NKB2", "NKB2", "10.00", MIDDLE)
    total("NKB3-1", "NKB3", "10.00", folders[0])
    total("NKB3-1", "NKB3", "0.00", folders[2])
    total("NKB3-2", "NKB3", "90.00", folders[1])


CASES: tuple[Callable[[Nasty], None], ...] = (
    removed_lines, other_kinds, tests_of_the_shop, single_lines, running_totals,
)  # fmt: skip
