"""A draft of a platform for a file that nobody knows: what its columns may be, every guess marked."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from userops.errors import UseropsError
from userops.ingest.detection import DELIMITERS, ENCODINGS, Content
from userops.platforms.telling import decoded, first_records

LINES, SAMPLES = 16, 200
# Words of a column's name, in the order in which they are looked for: the more telling ones first.
WORDS = {
    "order_id": r"order ?(id|no|num|number|name|nr|#)|^(order|name|id|no\.?|nr\.?)$|订单(编)?号|单号",
    "line_id": r"line ?item ?id|子订单",
    "sku": r"\bsku\b|item ?(id|code|number)|product ?(id|code|number)|stock ?code|article|货号|商家编码|商品(编码|id)",
    "title": r"(product|item|article|lineitem)s? ?(name|title)?$|description|商品(名称|标题)?$",
    "quantity": r"quantity|\bqty\b|pieces|units|count|数量",
    "unit_price": r"(unit|item|lineitem) ?price|^price|单价",
    "paid": r"(grand|order)? ?total|amount ?paid|paid ?amount|^amount|revenue|实付|实收|总(额|金额)|支付金额",
    "discount": r"discount|coupon|优惠|折扣",
    "shipping": r"shipping|freight|delivery (fee|cost)|postage|运费|邮费",
    "tax": r"\btax(es)?\b|\bvat\b|税",
    "currency": r"currency|币种",
    "paid_time": r"paid ?(at|on|date|time)|payment ?(date|time)|付款(时间)?|支付时间",
    "placed": r"(order|created|purchase|invoice|placed) ?(at|on|date|time)|^(date|time|day|created)$"
    r"|下单|创建时间|日期",
    "updated": r"(updated|modified|changed) ?(at|on|date)?|更新时间",
    "status": r"status|state$|状态",
    "method": r"payment ?(method|type|gateway)|支付方式",
    "email": r"e-?mail|邮箱",
    "phone": r"phone|mobile|\btel\b|手机|电话",
    "person": r"(customer|buyer|client|user|member) ?(id|no|number|name)?$|买家|会员|客户",
    "city": r"\bcity\b|town|城市",
    "impressions": r"impr(essions|\.)?$|views|展(现|示)",
    "clicks": r"clicks?\b|点击",
    "cost": r"\bcost\b|spend|spent|消耗|花费",
    "campaign_id": r"campaign ?(id)?$|计划(id)?|推广计划",
    "keyword": r"keyword|search term|关键词",
}
UNKNOWN_ORDER = "'? which column is the order number'"
TIMES = ("placed", "paid_time", "updated")
MONEY = ("paid", "discount", "shipping", "tax", "unit_price", "cost")
# Spreadsheets spell `2026-03-02 09:05:00` as `2026/3/2 9:05`, which is read as it was.
YEAR_FIRST = re.compile(r"^\d{4}([-/])\d{1,2}\1\d{1,2}([ T]\d{1,2}:\d\d.*)?$")
PARTS = re.compile(r"^(\d{1,2})[/.](\d{1,2})[/.](\d{4})(.*)$")
COMMA = re.compile(r"^[^\d]*\d{1,3}(\.\d{3})*,\d{1,2}[^\d]*$")


@dataclass
class Columns:
    """The columns of a file: header names, what each may be (None: nobody knows), and values of the first rows."""

    names: list[str]
    meant: dict[str, str | None]
    values: dict[str, list[str]]
    encoding: str
    delimiter: str
    titles: int

    def has(self, meaning: str) -> bool:
        """Whether a column was taken for that."""
        return meaning in self.meant.values()

    def samples(self, meaning: str) -> list[str]:
        """The values of the column that was taken for that."""
        return next((self.values[name] for name, meant in self.meant.items() if meant == meaning), [])


def draft(content: Content, name: str, today: date) -> str:
    """The YAML of a platform for a file of text; guesses are marked `# guess`."""
    if content.format != "csv":
        raise UseropsError(f"{content.path.name} holds {content.format}, and drafts are made of CSV alone.",
                           fix="save it as CSV, or begin with a platform of that format (wecom.yml reads JSON).")
    columns = _columns(content)
    parts = [*_head(content, columns, name, today), *_header(columns), *_compute(columns), *_exports(columns, name)]
    return "\n".join(parts) + "\n"


def _columns(content: Content) -> Columns:
    best: tuple[int, str, str, int, list[tuple[int, list[str]]]] = (1, "", "", 0, [])
    for encoding in ENCODINGS:
        text = decoded(content.head, encoding)
        if not text:
            continue
        for delimiter in DELIMITERS:
            rows = [(lines, cells) for lines, cells in first_records(text, delimiter, LINES + SAMPLES) if any(cells)]
            for place, (_, cells) in enumerate(rows[:LINES]):
                words = sum(bool(cell) and not re.search(r"^\W*\d", cell) for cell in cells)
                # Names are there once, and no cell of a header is empty.
                score = words - 2 * (len(cells) - len(set(cells)) + cells.count(""))
                if score > best[0]:
                    best = score, encoding, delimiter, place, rows
        if best[1]:
            break
    _, encoding, delimiter, place, rows = best
    if not rows:
        raise UseropsError(f"No line of {content.path.name} looks like a header.",
                           fix="export it with column names, separated by commas, semicolons or tabs.")
    titles, names = rows[place]
    body = [row for _, row in rows[place + 1 :] if len(row) == len(names)]
    values = {name: [row[column] for row in body if row[column]] for column, name in enumerate(names)}
    return Columns(names, _meant(names), values, encoding, delimiter, titles)


def _meant(names: list[str]) -> dict[str, str | None]:
    """What each column may be; of two that could be one the first is taken."""
    meant: dict[str, str | None] = dict.fromkeys(names)
    for meaning, words in WORDS.items():
        found = next((name for name in names if meant[name] is None and re.search(words, name, re.IGNORECASE)), None)
        if found:
            meant[found] = meaning
    return meant


def _head(content: Content, columns: Columns, name: str, today: date) -> Iterator[str]:
    yield f"# Drafted from {content.path.name} on {today}: look at every `# guess`, then try the file."
    yield "required: []"
    yield f"values: {{channel: {name}}}"
    stem = re.sub(r"[\d\W_]+$", "", content.path.name.partition(".")[0])
    yield f"files: [{json.dumps(f'{stem or name}*.csv', ensure_ascii=False)}]  # guess"
    if columns.encoding != "utf-8":
        yield f"encoding: {columns.encoding}  # guess"
    if columns.delimiter != ",":
        yield f"delimiter: {json.dumps(columns.delimiter)}  # guess"
    if columns.titles:
        yield f"skip_lines: {columns.titles}  # guess"


def _header(columns: Columns) -> Iterator[str]:
    yield "header:"
    optional = []
    for place, (name, meaning) in enumerate(columns.meant.items(), start=1):
        key = json.dumps(name, ensure_ascii=False)
        if not name:
            continue
        if meaning is None:
            optional.append(f"unread_{place}")
            yield f"  {key}: unread_{place}"
        else:
            yield f"  {key}: {meaning}  # guess"
    if optional:
        yield f"optional: [{', '.join(optional)}]"


def _compute(columns: Columns) -> Iterator[str]:
    lines = []
    for meaning in TIMES:
        if columns.has(meaning):
            lines.append(f"  {meaning}_at: {_time(meaning, columns.samples(meaning))}")
    for meaning in MONEY:
        if columns.has(meaning):
            comma = _has_commas(columns.samples(meaning))
            cell = f"translate({meaning}, '.,', ',.')" if comma else meaning
            lines.append(f"  {meaning}_number: number({cell})" + ("  # guess: 1.200,50" if comma else ""))
    if lines:
        yield "compute:"
        yield from lines


def _time(meaning: str, values: list[str]) -> str:
    """SQL that makes an ISO time of a column, by the look of its values."""
    known = [YEAR_FIRST.match(value) for value in values]
    if values and all(known):
        bare = any(not match[2] for match in known)
        return f"{meaning} || ' 00:00:00'  # guess: a day without an hour" if bare else meaning
    found = [match for value in values if (match := PARTS.match(value))]
    if not found:
        return f"{meaning}  # guess: no time that is known; make it YYYY-MM-DD HH:MM:SS"
    day_first = not any(int(match[2]) > 12 for match in found)
    order, words = (r"\3-\2-\1", "day/month/year") if day_first else (r"\3-\1-\2", "month/day/year")
    padded = rf"regexp_replace({meaning}, '\b(\d)([/.])', '0\1\2', 'g')"
    iso = rf"regexp_replace({padded}, '^(\d\d)[/.](\d\d)[/.](\d{{4}})', '{order}')"
    if all(not match[4].strip() for match in found):
        iso += " || ' 00:00:00'"
    return f"{json.dumps(iso)}  # guess: {words}"


def _has_commas(values: list[str]) -> bool:
    return bool(values) and sum(bool(COMMA.match(value)) for value in values) * 2 > len(values)


def _exports(columns: Columns, name: str) -> Iterator[str]:
    yield "exports:"
    if columns.has("clicks") or columns.has("impressions"):
        yield from _ad_stats(columns)
        return
    has_lines = columns.has("sku") or columns.has("title")
    if has_lines:
        yield from _order_lines(columns)
    yield from _orders(columns, name, has_lines)
    if columns.has("email") or columns.has("phone"):
        yield from _contacts(columns, name)


def _select(name: str, cells: dict[str, str], source: str, by_row: bool) -> Iterator[str]:
    yield f"  {name}:"
    if by_row:
        yield "    row_per_line: true"
    yield "    select: |"
    yield "      select"
    given = list(cells.items())
    for place, (column, cell) in enumerate(given):
        comma = "," if place + 1 < len(given) else ""
        yield f"          {cell} as {column}{comma}" if cell != column else f"          {column}{comma}"
    yield f"      from staged{source}"


def _time_of(columns: Columns, *meanings: str) -> str:
    found = [f"{meaning}_at" for meaning in meanings if columns.has(meaning)]
    cells = ", ".join([*found, "'? no column of a time was found'"])
    return found[0] if len(found) == 1 else f"coalesce({cells})"


def _money_of(columns: Columns, meaning: str) -> str:
    """An amount as text; a cell that is no number stays as it is, for the contract to say so."""
    return f"coalesce({meaning}_number::text, {meaning})" if columns.has(meaning) else "'0'"


def _orders(columns: Columns, name: str, has_lines: bool) -> Iterator[str]:
    one = (lambda cell: f"min({cell})") if has_lines else (lambda cell: cell)
    order = "order_id" if columns.has("order_id") else UNKNOWN_ORDER
    paid, discount, shipping = (_money_of(columns, meaning) for meaning in ("paid", "discount", "shipping"))
    parts = [f"{meaning}_number" for meaning in ("paid", "discount") if columns.has(meaning)]
    gross = " + ".join(f"coalesce({part}, 0)" for part in parts) or "0"
    if columns.has("shipping"):
        gross += " - coalesce(shipping_number, 0)"
    cells = {
        "_row": one("_row"), "order_id": order, "contact_id": one(_person(columns, name)),
        "phone": one("phone") if columns.has("phone") else "", "status": "'completed'",
        "placed_at": one(_time_of(columns, "placed", "paid_time")),
        "paid_at": one(_time_of(columns, "paid_time", "placed")),
        "gross_amount": one(f"({gross})::text"), "discount_amount": one(discount), "shipping_amount": one(shipping),
        "paid_amount": one(paid), "currency": one("currency") if columns.has("currency") else "",
        "payment_method": one("method") if columns.has("method") else "", "sales_channel": "'web'",
        "channel_code": ":channel", "updated_at": one(_time_of(columns, "updated", "paid_time", "placed")),
    }  # fmt: skip
    yield "  # guess: every order is paid and completed, and its total stands on each of its lines."
    group = " group by order_id" if has_lines else ""
    yield from _select("orders", {column: cell for column, cell in cells.items() if cell}, group, not has_lines)


def _person(columns: Columns, name: str) -> str:
    found = [f"lower({meaning})" if meaning == "email" else meaning
             for meaning in ("email", "phone", "person") if columns.has(meaning)]  # fmt: skip
    return f"pseudonym('{name}', coalesce({', '.join(found)}))" if found else "null"


def _order_lines(columns: Columns) -> Iterator[str]:
    price = _money_of(columns, "unit_price" if columns.has("unit_price") else "paid")
    number = "unit_price_number" if columns.has("unit_price") else "paid_number" if columns.has("paid") else "0"
    pieces = "quantity" if columns.has("quantity") else "'1'"
    title = "left(title, 60)" if columns.has("title") else ""
    times = f"coalesce(({number} * number({pieces}))::text, {price})"
    known = columns.has("order_id")
    order = "order_id" if known else UNKNOWN_ORDER
    place = "(row_number() over (partition by order_id order by _row))::text" if known else "'1'"
    cells = {
        "_row": "_row", "order_id": order, "line_no": place, "line_key": "line_id" if columns.has("line_id") else "",
        "sku": "sku" if columns.has("sku") else title, "quantity": pieces, "unit_price": price,
        "line_amount": times if columns.has("unit_price") else price,
        "product_name": "title" if columns.has("title") else "",
        "updated_at": _time_of(columns, "updated", "paid_time", "placed"),
    }  # fmt: skip
    yield "  # guess: every row of the file is a line of an order."
    yield from _select("order_lines", {column: cell for column, cell in cells.items() if cell}, "", True)


def _contacts(columns: Columns, name: str) -> Iterator[str]:
    person = _person(columns, name)
    cells = {
        "_row": "min(_row)", "contact_id": person, "phone": "min(phone)" if columns.has("phone") else "",
        "email": "min(lower(email))" if columns.has("email") else "", "gender": "'u'",
        "city": "min(city)" if columns.has("city") else "",
        "updated_at": f"max({_time_of(columns, 'updated', 'paid_time', 'placed')})",
    }  # fmt: skip
    group = f" where {person} is not null group by {person}"
    yield from _select("contacts", {column: cell for column, cell in cells.items() if cell}, group, False)


def _ad_stats(columns: Columns) -> Iterator[str]:
    day = _time_of(columns, "placed", "updated")
    cells = {
        "_row": "_row", "stat_date": f"left({day}, 10)", "channel_code": ":channel",
        "campaign_id": "campaign_id" if columns.has("campaign_id") else "'? which column is the campaign'",
        "keyword": "keyword" if columns.has("keyword") else "",
        "impressions": "plain(impressions)" if columns.has("impressions") else "'0'",
        "clicks": "plain(clicks)" if columns.has("clicks") else "'0'", "cost": _money_of(columns, "cost"),
        "currency": "currency" if columns.has("currency") else "", "updated_at": f"left({day}, 10) || ' 00:00:00'",
    }  # fmt: skip
    yield "  # guess: every row of the file is a campaign's or keyword's day."
    lines = _select("ad_stats", {column: cell for column, cell in cells.items() if cell}, "", True)
    for line in lines:
        yield line
        if line.strip() == "row_per_line: true":
            yield "    add: [impressions, clicks, cost]"
