"""The corruptions that the gate must catch, numbered as in the gate's specification, and by what each is caught."""

from dataclasses import dataclass

from changes import (
    AMOUNTS,
    PHONE,
    Change,
    as_gbk,
    as_latin,
    both_amounts,
    chinese,
    column_more,
    consent_reset,
    cut_at_row_end,
    cut_in_last_cell,
    cut_in_last_row,
    cut_on_the_way,
    dropped,
    each,
    everyone_consents,
    gb18030,
    gbk_as_latin,
    has,
    header,
    hour,
    is_paid,
    kept,
    lacks,
    later_and_dearer,
    left_out,
    listed_but_missing,
    manifest_of_yesterday,
    moved,
    of_night,
    one_category,
    orders_under_new_ids,
    packed,
    put,
    quoted_commas,
    renumbered,
    repeated,
    scaled,
    seven_of_ten,
    stranger,
    swapped,
    text,
    without_orders,
)  # fmt: skip

SMALL, BIG = "small", "big"
BOTH = (SMALL, BIG)
M, C, X = "manifest", "contract", "expectations"


@dataclass(frozen=True)
class Case:
    """One corruption of one export: `check` fails on `subject` in `layer` with `severity`, and the alert says so.

    In `info_on` the business is too small to tell, and the result must say that. `says` stands in the alert.
    """

    number: int
    export: str
    change: Change
    check: str
    layer: str
    severity: str = "critical"
    sizes: tuple[str, ...] = BOTH
    info_on: tuple[str, ...] = ()
    subject: str = ""
    says: str = ""
    name: str = ""
    quick: bool = False

    @property
    def id(self) -> str:
        """What a test report shows."""
        return f"{self.number:02}-{self.export}-{self.name or self.check}"


# Too small a business to tell, and one that is asked alone.
TELLS_BIG = {"info_on": (SMALL,)}
BIG_ALONE = {"sizes": (BIG,)}
WARNS = {"severity": "warning"}
FUTURE = "after the business date"

CASES = [
    Case(1, "orders", cut_on_the_way("orders"), "manifest_sha256", M, says="orders.csv", quick=True),
    Case(1, "touches", cut_on_the_way("touches"), "manifest_sha256", M, says="touches.csv"),
    Case(1, "orders", text("orders", cut_at_row_end, manifest=False), "lines_of_unknown_orders", X,
         subject="order_lines", name="without manifest by the lines"),
    Case(2, "orders", text("orders", cut_in_last_row, manifest=False), "file_whole", M, says="orders.csv", quick=True),
    Case(2, "contacts", text("contacts", cut_in_last_cell, manifest=False), "file_whole", M),
    Case(2, "staff", text("staff", cut_in_last_cell, manifest=False), "file_whole", M, name="a cell of any length"),
    Case(3, "orders", kept("orders", lambda row: False), "not_empty", M, says="orders.csv"),
    Case(3, "contacts", kept("contacts", lambda row: False), "not_empty", M),
    Case(3, "products", kept("products", lambda row: False), "not_empty", M, name="an optional snapshot"),
    Case(4, "orders", left_out("orders"), "export_present", M, quick=True),
    Case(4, "order_lines", left_out("order_lines"), "export_present", M),
    Case(4, "contacts", left_out("contacts"), "export_present", M),
    Case(4, "channels", left_out("channels"), "export_present", M),
    Case(4, "events", listed_but_missing("events"), "manifest_files", M, subject="folder", says="events.csv"),
    Case(5, "orders", of_night("orders", 1), "file_repeated", M, quick=True),
    Case(5, "contacts", of_night("contacts", 1), "file_repeated", M),
    Case(5, "touches", of_night("touches", 1), "file_repeated", M),
    Case(5, "events", of_night("events", 3), "file_repeated", M, name="of three nights ago"),
    Case(6, "orders", of_night("orders", 1, reversed), "file_repeated", M),
    Case(6, "events", of_night("events", 1, reversed), "file_repeated", M),
    Case(8, "folder", manifest_of_yesterday, "manifest_date", M, subject="folder"),
    Case(8, "orders", of_night("orders", 1, lambda rows: rows[1:]), "business_date", C),
    Case(8, "touches", of_night("touches", 10, lambda rows: rows[1:]), "business_date", C),
    Case(8, "orders", each("orders", moved(24)), "bad_rows", C, name="tomorrow's", says=FUTURE),
    Case(9, "orders", packed("orders", lambda data: data[:-20]), "file_readable", M, quick=True),
    Case(9, "touches", packed("touches", lambda data: data[:100] + b"\0" * 8 + data[108:]), "file_readable", M),
    Case(9, "events", packed("events", bytes), "file_readable", M, name="grows past the limit", says="grows"),
    Case(10, "contacts", gb18030("contacts", "city"), "file_readable", M, says="not utf-8"),
    Case(10, "products", gb18030("products", "product_name"), "file_readable", M, says="not utf-8"),
    Case(11, "contacts", chinese("contacts", "city", as_latin), "bad_rows", C, says="garbled", quick=True),
    Case(11, "contacts", chinese("contacts", "city", as_gbk), "bad_rows", C, says="garbled", name="read as GBK"),
    Case(11, "products", chinese("products", "product_name", gbk_as_latin), "bad_rows", C, says="garbled"),
    Case(13, "orders", text("orders", header("paid_amount", "amount_paid")), "header", C, says="paid_amount"),
    Case(13, "contacts", text("contacts", header("source_channel_code", "source")), "header", C,
         name="one that may be empty", says="source_channel_code", quick=True),
    Case(14, "orders", text("orders", column_more("colour", "red")), "unknown_columns", C, **WARNS, says="colour"),
    Case(14, "touches", text("touches", column_more("rank", "1")), "unknown_columns", C, **WARNS, says="rank"),
    Case(15, "order_lines", text("order_lines", dropped("sku")), "header", C, says="sku"),
    Case(15, "orders", text("orders", dropped("channel_code")), "header", C, name="one that may be empty",
         says="channel_code"),
    Case(16, "orders", each("orders", put(paid_amount="ten"), every=10), "bad_rows", C, says="paid_amount"),
    Case(16, "order_lines", each("order_lines", put(quantity="two"), every=5), "bad_rows", C, says="quantity"),
    Case(17, "orders", text("orders", header("contact_id", "order_id")), "header", C, says="twice"),
    Case(17, "contacts", text("contacts", header("email", "phone")), "header", C, says="twice"),
    Case(18, "ad_stats", each("ad_stats", swapped("clicks", "impressions")), "clicks_above_impressions", X,
         quick=True),
    Case(18, "stores", each("stores", swapped("latitude", "longitude")), "bad_rows", C, says="latitude"),
    Case(18, "orders", each("orders", swapped("gross_amount", "discount_amount")), "bad_rows", C),
    Case(18, "order_lines", each("order_lines", swapped("unit_price", "line_amount")), "lines_above_their_price", X,
         **BIG_ALONE),
    Case(19, "orders", text("orders", lambda t: t.replace(",", ";")), "field_count", M),
    Case(19, "order_lines", text("order_lines", lambda t: t.replace(",1,", ",1,,")), "field_count", M, says="fields"),
    Case(19, "touches", text("touches", lambda t: t[:-30] + '"' + t[-30:]), "file_readable", M, says="quote"),
    Case(20, "orders", each("orders", quoted_commas("paid_amount")), "bad_rows", C, says="paid_amount"),
    Case(20, "ad_stats", each("ad_stats", quoted_commas("cost")), "bad_rows", C, says="cost"),
    Case(21, "orders", each("orders", scaled(100, *AMOUNTS)), "most_orders_differ_from_lines", X, quick=True),
    Case(21, "order_lines", each("order_lines", scaled(100, "unit_price", "line_amount")),
         "most_orders_differ_from_lines", X, subject="orders"),
    Case(21, "orders", both_amounts(100), "amount_level", X, name="orders and lines"),
    Case(21, "orders", each("orders", scaled(100, "gross_amount")), "most_orders_differ_from_lines", X,
         name="gross alone"),
    Case(21, "orders", each("orders", scaled(100, "paid_amount")), "amounts_do_not_add_up", X, name="payment alone"),
    Case(21, "ad_stats", each("ad_stats", scaled(100, "cost")), "click_prices", X),
    Case(21, "refunds", each("refunds", scaled(100, "amount")), "refunds_above_orders", X, **BIG_ALONE),
    Case(21, "products", each("products", scaled(100, "unit_cost")), "prices_changed", X),
    Case(22, "orders", each("orders", scaled(100, *AMOUNTS), every=100, where=is_paid), "orders_differ_from_lines", X,
         **TELLS_BIG),
    Case(22, "order_lines", each("order_lines", scaled(100, "unit_price", "line_amount"), every=100),
         "orders_differ_from_lines", X, subject="orders", **TELLS_BIG),
    Case(23, "orders", each("orders", scaled(1 / 7.2, *AMOUNTS)), "most_orders_differ_from_lines", X),
    Case(23, "orders", both_amounts(1 / 7.2), "amount_level", X, name="orders and lines"),
    Case(23, "ad_stats", each("ad_stats", scaled(1 / 7.2, "cost")), "click_prices", X),
    Case(24, "orders", each("orders", put(currency="")), "bad_rows", C, says="currency is empty"),
    Case(24, "ad_stats", each("ad_stats", put(currency="")), "bad_rows", C, says="currency is empty"),
    # A price of 0 is a gift: told by what the line then costs, or by its order.
    Case(25, "order_lines", each("order_lines", put(unit_price="0.00"), every=12), "lines_above_their_price", X,
         **BIG_ALONE),
    Case(25, "order_lines", each("order_lines", put(unit_price="0.00", line_amount="0.00"), every=12),
         "orders_differ_from_lines", X, subject="orders", name="with their amounts", **TELLS_BIG),
    Case(25, "order_lines", each("order_lines", put(unit_price="-1.00"), every=5), "bad_rows", C, name="negative",
         says="unit_price"),
    Case(25, "orders", each("orders", put(paid_amount="-5.00"), every=12), "bad_rows", C, says="paid_amount"),
    Case(26, "orders", repeated("orders", put(sales_channel="other"), 60), "key_conflicts", C),
    Case(26, "contacts", repeated("contacts", put(gender="u", city="Nowhere"), 30), "key_conflicts", C),
    Case(26, "orders", repeated("orders", later_and_dearer, 60), "orders_twice_with_other_content", X,
         **BIG_ALONE, name="a later version"),
    Case(26, "orders", repeated("orders", later_and_dearer, 60), "some_orders_twice_with_other_content", X, **WARNS,
         sizes=(SMALL,), name="a later version of a handful"),
    Case(27, "orders", orders_under_new_ids, "rows_under_new_ids", X, **WARNS, **BIG_ALONE),
    Case(27, "touches", repeated("touches", renumbered("touch_id"), 2), "rows_under_new_ids", X, **WARNS, **BIG_ALONE),
    Case(27, "events", repeated("events", renumbered("event_id"), 2), "rows_under_new_ids", X, **WARNS),
    Case(28, "orders", each("orders", stranger, every=10, where=has("contact_id")), "orders_of_unknown_contacts", X,
         quick=True),
    Case(28, "orders", each("orders", stranger, every=90, where=has("contact_id")), "some_orders_of_unknown_contacts",
         X, **WARNS, **BIG_ALONE, name="few"),
    Case(28, "events", each("events", stranger, every=3), "rows_of_unknown_contacts", X, **BIG_ALONE),
    Case(30, "orders", each("orders", put(channel_code=""), every=20, where=has("channel_code")), "values_lost", X,
         says="channel_code", **BIG_ALONE),
    Case(30, "touches", each("touches", put(channel_code=""), every=20), "bad_rows", C, says="channel_code"),
    Case(30, "contacts", each("contacts", put(source_channel_code=""), every=4), "cells_emptied", X,
         says="source_channel_code", name="a quarter", **BIG_ALONE),
    Case(31, "orders", each("orders", put(channel_code="unknown"), where=lacks("channel_code")), "cells_emptied", X,
         says="channel_code", **BIG_ALONE),
    Case(31, "contacts", each("contacts", put(source_channel_code="unknown"), where=lacks("source_channel_code")),
         "cells_emptied", X, says="source_channel_code", **BIG_ALONE),
    Case(31, "touches", each("touches", put(campaign_id="0"), where=lacks("campaign_id")), "cells_emptied", X,
         says="campaign_id", **BIG_ALONE),
    Case(31, "contacts", each("contacts", put(birth_year="0"), where=lacks("birth_year")), "bad_rows", C,
         says="birth_year", name="year 0"),
    Case(32, "orders", each("orders", moved(-8)), "hours_shifted", X, **TELLS_BIG),
    Case(32, "touches", each("touches", moved(-8)), "hours_shifted", X, **TELLS_BIG),
    Case(32, "events", each("events", moved(-8)), "hours_shifted", X, **BIG_ALONE),
    Case(32, "orders", each("orders", moved(8)), "bad_rows", C, says=FUTURE, name="ahead"),
    Case(34, "orders", each("orders", moved(24 * 40), every=12), "bad_rows", C, says=FUTURE),
    Case(34, "touches", each("touches", moved(24 * 400), every=12), "bad_rows", C, says=FUTURE),
    Case(35, "orders", without_orders(lambda row, _: hour(row, "placed_at") != 20), "hour_missing", X, **TELLS_BIG),
    Case(35, "touches", kept("touches", lambda row: hour(row, "occurred_at") != 20), "hour_missing", X, **TELLS_BIG),
    Case(35, "events", kept("events", lambda row: hour(row, "occurred_at") != 20), "hour_missing", X, **BIG_ALONE),
    # Orders come too unevenly to be sure of a third from one night.
    Case(36, "orders", without_orders(lambda _, number: number % 10 > 2), "day_volume_unusual", X, **WARNS,
         **BIG_ALONE),
    Case(36, "touches", seven_of_ten("touches"), "rows_missing", X, **BIG_ALONE),
    Case(36, "events", seven_of_ten("events"), "rows_missing", X, **BIG_ALONE),
    Case(36, "orders", seven_of_ten("orders"), "lines_of_unknown_orders", X, subject="order_lines", name="lines whole"),
    Case(36, "contacts", seven_of_ten("contacts"), "rows_of_unknown_contacts", X, subject="friendships",
         **BIG_ALONE),
    Case(36, "products", seven_of_ten("products"), "snapshot_shrunk", X),
    Case(37, "order_lines", one_category, "category_mix", X, **WARNS, **BIG_ALONE),
    Case(37, "touches", each("touches", put(channel_code="referral"), every=3), "category_mix", X, **WARNS,
         **BIG_ALONE),
    Case(39, "refunds", each("refunds", put(reason=PHONE)), "bad_rows", C, says="reason holds personal data",
         **BIG_ALONE),
    Case(39, "touches", each("touches", put(touchpoint="mail me at a@example.com"), every=20), "bad_rows", C,
         says="touchpoint holds personal data"),
    Case(40, "contacts", consent_reset, "opt_outs_reset", X, quick=True),
    Case(40, "contacts", each("contacts", everyone_consents), "everyone_consents", X, name="new contacts"),
]
