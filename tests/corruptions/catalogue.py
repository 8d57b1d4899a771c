"""The corruptions that the gate must catch, numbered as in the gate's specification, and by what each is caught."""

import gzip
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from clean_nights import Row, path_of, read, restate, without_manifest, write

SMALL, BIG = "small", "big"
BOTH = (SMALL, BIG)
Change = Callable[[Path], None]
INSTANTS = ("placed_at", "paid_at", "occurred_at", "added_at", "first_reply_at", "registered_at", "updated_at")


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


# Changes of a folder ------------------------------------------------------------------------------------------------


def earlier(folder: Path, nights: int) -> Path:
    """The folder of an earlier night, as it was delivered."""
    return PAST[0].folder(date.fromisoformat(folder.name) - timedelta(days=nights))


# The business whose night is being broken; the tests set it.
PAST: list = []


def each(export: str, change: Callable[[Row], Row], every: int = 1, where: Callable[[Row], bool] = bool) -> Change:
    """Change every n-th row for which `where` holds."""

    def changed(folder: Path) -> None:
        rows, found = read(folder, export), 0
        for place, row in enumerate(rows):
            if where(row):
                rows[place] = change(dict(row)) if found % every == 0 else row
                found += 1
        assert found, f"no row of {export} to change"
        write(folder, export, rows)

    return changed


def put(**values: str) -> Callable[[Row], Row]:
    """Set cells."""
    return lambda row: row | values


def scaled(factor: float, *columns: str) -> Callable[[Row], Row]:
    """Multiply amounts."""
    return lambda row: row | {c: f"{float(row[c]) * factor:.2f}" for c in columns if row[c]}


def moved(hours: float) -> Callable[[Row], Row]:
    """Move every instant of a row."""
    return lambda row: row | {
        c: (datetime.fromisoformat(row[c]) + timedelta(hours=hours)).isoformat() for c in INSTANTS if row.get(c)
    }


def swapped(first: str, second: str) -> Callable[[Row], Row]:
    """Exchange two cells."""
    return lambda row: row | {first: row[second], second: row[first]}


def text(export: str, change: Callable[[str], str | bytes], *, manifest: bool = True) -> Change:
    """Change the file's text."""

    def changed(folder: Path) -> None:
        path = path_of(folder, export)
        after = change(path.read_text(encoding="utf-8"))
        path.write_bytes(after if isinstance(after, bytes) else after.encode())
        restate(folder) if manifest else without_manifest(folder)

    return changed


def all_of(*changes: Change) -> Change:
    """One after the other."""

    def changed(folder: Path) -> None:
        for change in changes:
            change(folder)

    return changed


def kept(export: str, wanted: Callable[[Row], bool]) -> Change:
    """Leave out the rows that are not wanted."""
    return lambda folder: write(folder, export, [row for row in read(folder, export) if wanted(row)])


def header(old: str, new: str) -> Callable[[str], str]:
    """Change the header line alone."""
    return lambda content: content.split("\n", 1)[0].replace(old, new, 1) + "\n" + content.split("\n", 1)[1]


def dropped(column: str) -> Callable[[str], str]:
    """Take a column out of every line (no cell of it holds a comma)."""

    def change(content: str) -> str:
        lines = [line.split(",") for line in content.splitlines()]
        place = lines[0].index(column)
        return "\n".join(",".join(cells[:place] + cells[place + 1 :]) for cells in lines) + "\n"

    return change


def quoted_commas(column: str) -> Callable[[Row], Row]:
    """1234.50 becomes 1234,50."""
    return lambda row: row | {column: row[column].replace(".", ",")}


def cut_in_last_row(content: str) -> str:
    return content[: content.rstrip("\n").rindex("\n") + 12]


def cut_in_last_cell(content: str) -> str:
    return content.rstrip("\n")[:-1]


def cut_at_row_end(content: str) -> str:
    lines = content.splitlines(keepends=True)
    return "".join(lines[: max(2, len(lines) * 2 // 3)])


def repeated(export: str, change: Callable[[Row], Row], every: int = 1) -> Change:
    """Add changed copies of every n-th row at the end."""

    def changed(folder: Path) -> None:
        rows = read(folder, export)
        write(folder, export, rows + [change(dict(row)) for row in rows[::every]])

    return changed


def renumbered(*columns: str) -> Callable[[Row], Row]:
    """The same under new ids."""
    return lambda row: row | {column: f"X{row[column]}" for column in columns}


def orders_under_new_ids(folder: Path) -> None:
    new = {row["order_id"] for row in read(folder, "orders") if row["status"] == "paid"}
    for export in ("orders", "order_lines"):
        rows = read(folder, export)
        write(folder, export, rows + [renumbered("order_id")(dict(r)) for r in rows if r["order_id"] in new])


def of_night(export: str, nights: int, change: Callable[[list[Row]], Iterable[Row]] = list) -> Change:
    """The file of an earlier night under this night's name."""
    return lambda folder: write(folder, export, list(change(read(earlier(folder, nights), export))))


def manifest_of_yesterday(folder: Path) -> None:
    path = folder / "_manifest.json"
    path.write_text(path.read_text().replace(folder.name, earlier(folder, 1).name, 1))


def left_out(export: str) -> Change:
    """The file is not there; the manifest knows nothing of it."""

    def changed(folder: Path) -> None:
        path_of(folder, export).unlink()
        restate(folder)

    return changed


def listed_but_missing(export: str) -> Change:
    return lambda folder: path_of(folder, export).unlink()


def packed(export: str, change: Callable[[bytes], bytes]) -> Change:
    """Pack the file, and break the archive."""

    def changed(folder: Path) -> None:
        path = path_of(folder, export)
        (folder / f"{export}.csv.gz").write_bytes(change(gzip.compress(path.read_bytes())))
        path.unlink()
        without_manifest(folder)

    return changed


def chinese(export: str, column: str, encode: Callable[[str], str]) -> Change:
    """Chinese cells that went through a wrong decoder."""
    return each(export, lambda row: row | {column: encode("无锡市新吴区")})


def gb18030(export: str, column: str) -> Change:
    def change(folder: Path) -> None:
        chinese(export, column, str)(folder)
        path = path_of(folder, export)
        path.write_bytes(path.read_text(encoding="utf-8").encode("gb18030"))
        restate(folder)

    return change


def both_amounts(factor: float) -> Change:
    """Orders and their lines alike: another unit or currency under the same label."""
    return all_of(
        each("orders", scaled(factor, "gross_amount", "discount_amount", "shipping_amount", "paid_amount")),
        each("order_lines", scaled(factor, "unit_price", "line_amount")),
    )


def stranger(row: Row) -> Row:
    return row | {"contact_id": f"gone-{row['contact_id']}"}


def without_orders(wanted: Callable[[Row, int], bool]) -> Change:
    """Leave out orders together with their lines, so that nothing in the files contradicts it."""

    def changed(folder: Path) -> None:
        gone = {row["order_id"] for number, row in enumerate(read(folder, "orders")) if not wanted(row, number)}
        for export in ("orders", "order_lines", "refunds", "reviews", "coupons"):
            kept(export, lambda row: row["order_id"] not in gone)(folder)

    return changed


def hour(row: Row, column: str) -> int:
    return datetime.fromisoformat(row[column]).hour


def one_category(folder: Path) -> None:
    skus = [row["sku"] for row in read(folder, "products")]
    each("order_lines", put(sku=skus[0]), every=2)(folder)


def consent_reset(folder: Path) -> None:
    """Contacts of the past that had refused something come again and consent to everything."""
    flags = [c for c in read(folder, "contacts")[0] if c.endswith("_consent")]
    known = {}
    for nights in range(30, 0, -1):
        known |= {row["contact_id"]: row for row in read(earlier(folder, nights), "contacts")}
    tonight = read(folder, "contacts")
    for row in tonight:
        known.pop(row["contact_id"], None)
    at = f"{folder.name}T20:00:00+08:00"
    again = [row | dict.fromkeys(flags, "true") | {"updated_at": at} for row in list(known.values())[:60]]
    write(folder, "contacts", tonight + again)


def everyone_consents(row: Row) -> Row:
    return row | {column: "true" for column in row if column.endswith("_consent")}


AMOUNTS = ("gross_amount", "discount_amount", "shipping_amount", "paid_amount")
PHONE = "call 138 0013 8000"
AS_LATIN = lambda word: word.encode().decode("latin-1")  # noqa: E731
AS_GBK = lambda word: word.encode().decode("gbk")  # noqa: E731
GBK_AS_LATIN = lambda word: word.encode("gbk").decode("latin-1")  # noqa: E731
PAID = lambda row: row["paid_at"] != "" and row["status"] != "cancelled"  # noqa: E731
M, C, X = "manifest", "contract", "expectations"

CASES = [
    Case(1, "orders", text("orders", cut_at_row_end, manifest=False), "lines_of_unknown_orders", X, subject="order_lines",
         name="no manifest: by the lines"),
    Case(1, "orders", lambda f: path_of(f, "orders").write_text(cut_at_row_end(path_of(f, "orders").read_text())),
         "manifest_sha256", M, says="orders.csv", quick=True),
    Case(1, "touches", lambda f: path_of(f, "touches").write_text(cut_at_row_end(path_of(f, "touches").read_text())),
         "manifest_sha256", M, says="touches.csv"),
    Case(2, "orders", text("orders", cut_in_last_row, manifest=False), "file_whole", M, says="orders.csv", quick=True),
    Case(2, "contacts", text("contacts", cut_in_last_cell, manifest=False), "file_whole", M),
    Case(2, "staff", text("staff", cut_in_last_cell, manifest=False), "file_whole", M, name="a last cell of any length"),
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
    Case(8, "orders", each("orders", moved(24)), "bad_rows", C, name="tomorrow's", says="after the business date"),
    Case(9, "orders", packed("orders", lambda data: data[:-20]), "file_readable", M, quick=True),
    Case(9, "touches", packed("touches", lambda data: data[:100] + b"\0" * 8 + data[108:]), "file_readable", M),
    Case(9, "events", packed("events", lambda data: data), "file_readable", M, name="grows past the limit", says="grows"),
    Case(10, "contacts", gb18030("contacts", "city"), "file_readable", M, says="not utf-8"),
    Case(10, "products", gb18030("products", "product_name"), "file_readable", M, says="not utf-8"),
    Case(11, "contacts", chinese("contacts", "city", AS_LATIN), "bad_rows", C, says="garbled", quick=True),
    Case(11, "contacts", chinese("contacts", "city", AS_GBK), "bad_rows", C, says="garbled", name="read as GBK"),
    Case(11, "products", chinese("products", "product_name", GBK_AS_LATIN), "bad_rows", C, says="garbled"),
    Case(13, "orders", text("orders", header("paid_amount", "amount_paid")), "header", C, says="paid_amount"),
    Case(13, "contacts", text("contacts", header("source_channel_code", "source")), "header", C,
         name="one that may be empty", says="source_channel_code", quick=True),
    Case(14, "orders", text("orders", lambda t: "".join(f"{x},red\n" for x in t.splitlines()).replace(",red", ",colour", 1)),
         "unknown_columns", C, "warning", says="colour"),
    Case(14, "touches", text("touches", lambda t: "".join(f"{x},1\n" for x in t.splitlines()).replace(",1\n", ",new\n", 1)),
         "unknown_columns", C, "warning", says="new"),
    Case(15, "order_lines", text("order_lines", dropped("sku")), "header", C, says="sku"),
    Case(15, "orders", text("orders", dropped("channel_code")), "header", C, name="one that may be empty", says="channel_code"),
    Case(16, "orders", each("orders", put(paid_amount="ten"), every=10), "bad_rows", C, says="paid_amount"),
    Case(16, "order_lines", each("order_lines", put(quantity="two"), every=5), "bad_rows", C, says="quantity"),
    Case(17, "orders", text("orders", header("contact_id", "order_id")), "header", C, says="twice"),
    Case(17, "contacts", text("contacts", header("email", "phone")), "header", C, says="twice"),
    Case(18, "ad_stats", each("ad_stats", swapped("clicks", "impressions")), "bad_rows", C, says="clicks exceed", quick=True),
    Case(18, "stores", each("stores", swapped("latitude", "longitude")), "bad_rows", C, says="latitude"),
    Case(18, "orders", each("orders", swapped("gross_amount", "discount_amount")), "bad_rows", C),
    Case(18, "order_lines", each("order_lines", swapped("quantity", "line_no")), "most_orders_differ_from_lines", X,
         sizes=(), name="quantity and line number"),
    Case(18, "order_lines", each("order_lines", swapped("unit_price", "line_amount")), "lines_above_their_price", X,
         name="price and amount"),
    Case(19, "orders", text("orders", lambda t: t.replace(",", ";")), "field_count", M),
    Case(19, "order_lines", text("order_lines", lambda t: t.replace("SKU01", "SKU,01")), "field_count", M, says="fields"),
    Case(19, "touches", text("touches", lambda t: t.replace("landing_page", 'landing_page"', 1)), "file_readable", M,
         says="quote"),
    Case(20, "orders", each("orders", quoted_commas("paid_amount")), "bad_rows", C, says="paid_amount"),
    Case(20, "ad_stats", each("ad_stats", quoted_commas("cost")), "bad_rows", C, says="cost"),
    Case(21, "orders", each("orders", scaled(100, *AMOUNTS)), "most_orders_differ_from_lines", X, quick=True),
    Case(21, "order_lines", each("order_lines", scaled(100, "unit_price", "line_amount")),
         "most_orders_differ_from_lines", X, subject="orders"),
    Case(21, "orders", both_amounts(100), "amount_level", X, name="orders and lines", info_on=(SMALL,)),
    Case(21, "orders", each("orders", scaled(100, "gross_amount")), "amounts_do_not_add_up", X, name="gross alone"),
    Case(21, "ad_stats", each("ad_stats", scaled(100, "cost")), "click_prices", X),
    Case(21, "refunds", each("refunds", scaled(100, "amount")), "refunds_above_orders", X, sizes=(BIG,)),
    Case(21, "products", each("products", scaled(100, "unit_cost")), "prices_changed", X),
    Case(22, "orders", each("orders", scaled(100, *AMOUNTS), every=100, where=PAID), "orders_differ_from_lines", X,
         info_on=(SMALL,)),
    Case(22, "order_lines", each("order_lines", scaled(100, "unit_price", "line_amount"), every=100),
         "orders_differ_from_lines", X, subject="orders", info_on=(SMALL,)),
    Case(23, "orders", each("orders", scaled(1 / 7.2, *AMOUNTS)), "most_orders_differ_from_lines", X),
    Case(23, "orders", both_amounts(1 / 7.2), "amount_level", X, name="orders and lines", info_on=(SMALL,)),
    Case(23, "ad_stats", each("ad_stats", scaled(1 / 7.2, "cost")), "click_prices", X),
    Case(24, "orders", each("orders", put(currency="")), "bad_rows", C, says="currency is empty"),
    Case(24, "ad_stats", each("ad_stats", put(currency="")), "bad_rows", C, says="currency is empty"),
    Case(25, "order_lines", each("order_lines", put(unit_price="0.00"), every=12), "bad_rows", C, says="unit price"),
    Case(25, "orders", each("orders", put(paid_amount="-5.00"), every=12), "bad_rows", C, says="paid_amount"),
    Case(26, "orders", repeated("orders", put(sales_channel="other"), 100), "key_conflicts", C),
    Case(26, "contacts", repeated("contacts", put(gender="u", city="Nowhere"), 50), "key_conflicts", C),
    Case(26, "orders", repeated("orders", lambda r: scaled(1.5, *AMOUNTS)(r)
         | {"updated_at": r["updated_at"][:11] + "23:59:58" + r["updated_at"][19:]}, 60),
         "orders_twice_with_other_content", X, name="a later version"),
    Case(27, "orders", orders_under_new_ids, "rows_under_new_ids", X, "warning", sizes=(BIG,)),
    Case(27, "touches", repeated("touches", renumbered("touch_id"), 2), "rows_under_new_ids", X, "warning", sizes=(BIG,)),
    Case(27, "events", repeated("events", renumbered("event_id"), 2), "rows_under_new_ids", X, "warning"),
    Case(28, "orders", each("orders", stranger, every=10, where=lambda r: r["contact_id"] != ""),
         "orders_of_unknown_contacts", X, quick=True),
    Case(28, "orders", each("orders", stranger, every=90, where=lambda r: r["contact_id"] != ""),
         "some_orders_of_unknown_contacts", X, "warning", sizes=(BIG,), name="few"),
    Case(28, "events", each("events", stranger, every=3), "rows_of_unknown_contacts", X, subject="contacts",
         sizes=(BIG,), says="events"),
    Case(30, "orders", each("orders", put(channel_code=""), every=20, where=lambda r: r["channel_code"] != ""),
         "values_lost", X, sizes=(BIG,), says="channel_code"),
    Case(30, "touches", each("touches", put(channel_code=""), every=20), "bad_rows", C, says="channel_code"),
    Case(30, "contacts", each("contacts", put(source_channel_code=""), every=4), "cells_emptied", X, sizes=(BIG,),
         says="source_channel_code", name="a quarter"),
    Case(31, "orders", each("orders", put(channel_code="unknown"), where=lambda r: r["channel_code"] == ""),
         "cells_emptied", X, sizes=(BIG,), says="channel_code"),
    Case(31, "contacts", each("contacts", put(source_channel_code="unknown"),
         where=lambda r: r["source_channel_code"] == ""), "cells_emptied", X, sizes=(BIG,), says="source_channel_code"),
    Case(31, "touches", each("touches", put(campaign_id="0"), where=lambda r: r["campaign_id"] == ""), "cells_emptied", X,
         sizes=(BIG,), says="campaign_id"),
    Case(31, "contacts", each("contacts", put(birth_year="0"), where=lambda r: r["birth_year"] == ""), "bad_rows", C,
         says="birth_year", name="year 0"),
    Case(32, "orders", each("orders", moved(-8)), "hours_shifted", X, info_on=(SMALL,)),
    Case(32, "touches", each("touches", moved(-8)), "hours_shifted", X, info_on=(SMALL,)),
    Case(32, "events", each("events", moved(-8)), "hours_shifted", X, sizes=(BIG,)),
    Case(32, "orders", each("orders", moved(8)), "bad_rows", C, says="after the business date", name="ahead"),
    Case(34, "orders", each("orders", moved(24 * 40), every=12), "bad_rows", C, says="after the business date"),
    Case(34, "touches", each("touches", moved(24 * 400), every=12), "bad_rows", C, says="after the business date"),
    Case(35, "orders", without_orders(lambda r, _: hour(r, "placed_at") != 20), "hour_missing", X, info_on=(SMALL,)),
    Case(35, "touches", kept("touches", lambda r: hour(r, "occurred_at") != 20), "hour_missing", X, info_on=(SMALL,)),
    Case(35, "events", kept("events", lambda r: hour(r, "occurred_at") != 20), "hour_missing", X, sizes=(BIG,)),
    Case(36, "orders", without_orders(lambda _, number: number % 10 > 2), "rows_missing", X, sizes=(BIG,)),
    Case(36, "touches", lambda f: write(f, "touches", [r for n, r in enumerate(read(f, "touches")) if n % 10 > 2]),
         "rows_missing", X, sizes=(BIG,)),
    Case(36, "events", lambda f: write(f, "events", [r for n, r in enumerate(read(f, "events")) if n % 10 > 2]),
         "rows_missing", X, sizes=(BIG,)),
    Case(36, "orders", lambda f: write(f, "orders", [r for n, r in enumerate(read(f, "orders")) if n % 10 > 2]),
         "lines_of_unknown_orders", X, subject="order_lines", name="lines whole"),
    Case(36, "contacts", lambda f: write(f, "contacts", [r for n, r in enumerate(read(f, "contacts")) if n % 10 > 2]),
         "orders_of_unknown_contacts", X, subject="orders", sizes=(BIG,)),
    Case(36, "products", lambda f: write(f, "products", [r for n, r in enumerate(read(f, "products")) if n % 10 > 2]),
         "snapshot_shrunk", X),
    Case(37, "order_lines", one_category, "category_mix", X, "warning", sizes=(BIG,)),
    Case(37, "touches", each("touches", put(channel_code="referral"), every=3), "category_mix", X, "warning", sizes=(BIG,)),
    Case(39, "refunds", each("refunds", put(reason=PHONE)), "bad_rows", C, says="reason holds personal data", sizes=(BIG,)),
    Case(39, "touches", each("touches", put(touchpoint="mail me at a@example.com"), every=20), "bad_rows", C,
         says="touchpoint holds personal data"),
    Case(40, "contacts", consent_reset, "opt_outs_reset", X, quick=True),
    Case(40, "contacts", each("contacts", everyone_consents), "everyone_consents", X, name="new contacts"),
]
CASES = [case for case in CASES if case.sizes]
