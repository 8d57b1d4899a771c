"""Changes of a delivered folder: what each corruption does to the files of a night."""

import gzip
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from pathlib import Path

from clean_nights import Business, Row, path_of, read, restate, without_manifest, write

Change = Callable[[Path], None]
INSTANTS = ("placed_at", "paid_at", "occurred_at", "added_at", "first_reply_at", "registered_at", "updated_at")
AMOUNTS = ("gross_amount", "discount_amount", "shipping_amount", "paid_amount")
PHONE = "call 138 0013 8000"
# The business whose night is being broken; the tests set it.
PAST: list[Business] = []


def earlier(folder: Path, nights: int) -> Path:
    """The folder of an earlier night, as it was delivered."""
    return PAST[0].folder(date.fromisoformat(folder.name) - timedelta(days=nights))


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


def as_latin(word: str) -> str:
    """UTF-8 read as Latin-1."""
    return word.encode().decode("latin-1")


def as_gbk(word: str) -> str:
    """UTF-8 read as GBK."""
    return word.encode().decode("gbk")


def gbk_as_latin(word: str) -> str:
    """GBK read as Latin-1."""
    return word.encode("gbk").decode("latin-1")


def is_paid(row: Row) -> bool:
    return row["paid_at"] != "" and row["status"] != "cancelled"


def has(column: str) -> Callable[[Row], bool]:
    return lambda row: row[column] != ""


def lacks(column: str) -> Callable[[Row], bool]:
    return lambda row: row[column] == ""


def column_more(name: str, value: str) -> Callable[[str], str]:
    """A further column at the end of every line."""

    def change(content: str) -> str:
        first, *lines = content.splitlines()
        return "\n".join([f"{first},{name}", *(f"{line},{value}" for line in lines)]) + "\n"

    return change


def cut_on_the_way(export: str) -> Change:
    """The file loses its end; the manifest is that of the whole file."""

    def change(folder: Path) -> None:
        path = path_of(folder, export)
        path.write_text(cut_at_row_end(path.read_text(encoding="utf-8")), encoding="utf-8")

    return change


def seven_of_ten(export: str) -> Change:
    """Three of ten rows are missing, and the manifest agrees."""
    return lambda folder: write(folder, export, [r for n, r in enumerate(read(folder, export)) if n % 10 > 2])


def later_and_dearer(row: Row) -> Row:
    """A later version of the same night with other amounts."""
    return scaled(1.5, *AMOUNTS)(row) | {"updated_at": row["updated_at"][:11] + "23:59:58" + row["updated_at"][19:]}
