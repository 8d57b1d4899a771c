"""Reads the delivered folders: the newest version of each row known by a date, without erased people."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import phonenumbers

from oracle.order_rows import by_its_lines, current_lines, refunds_by_totals

KEYS = {
    "channels": ("channel_code",),
    "ad_stats": ("stat_date", "channel_code", "campaign_id", "level", "ad_group_id", "ad_id", "keyword"),
    "touches": ("touch_id",),
    "orders": ("order_id",),
    "order_lines": ("order_id", "line_key"),
    "refunds": ("refund_id",),
    "products": ("sku",),
    "fx_rates": ("rate_date", "currency"),
    "reviews": ("review_id",),
    "contacts": ("contact_id",),
    "contact_identifiers": ("contact_id", "kind", "value"),
    "contact_tags": ("contact_id", "staff_id", "tag_name"),
    "staff": ("staff_id",),
    "friendships": ("staff_id", "contact_id"),
    "groups": ("group_id",),
    "group_members": ("group_id", "contact_id", "joined_at"),
    "stores": ("store_id",),
    "communities": ("community_id",),
    "campaigns": ("campaign_id",),
    "pushes": ("push_id",),
    "coupons": ("coupon_id",),
    "points": ("entry_id",),
    "memberships": ("contact_id", "plan", "effective_at"),
    "events": ("event_id",),
    "stage_events": ("event_id",),
    "erasure_requests": ("request_id",),
}
SNAPSHOTS = {"channels", "products", "fx_rates", "staff", "groups", "stores", "communities", "campaigns"}
MONEY = {
    "gross_amount", "discount_amount", "shipping_amount", "paid_amount", "unit_price", "line_amount", "amount", "cost",
    "rate", "list_price", "unit_cost", "face_value", "budget", "monthly_budget", "tax_amount", "line_paid_amount",
    "line_shipping_amount", "running_total", "platform_conversions", "platform_conversion_value",
}
WHOLE = {
    "impressions", "clicks", "line_no", "quantity", "rating", "birth_year", "city_tier", "level", "points",
    "households", "new_consumer_target", "replenishment_days",
}
DATES = {"stat_date", "rate_date", "started_on", "launched_on", "opened_on", "starts_on", "ends_on"}
IDENTIFIERS = ("phone", "email", "unionid", "external_userid", "device_id")

Row = dict


def typed(column: str, text: str, zone: ZoneInfo) -> object:
    """A cell as its column's type; an empty cell is None (that of a key of ad_stats is the empty text)."""
    if text == "":
        return "" if column in ("keyword", "ad_group_id", "ad_id") else None
    if column.endswith("_at"):
        moment = datetime.fromisoformat(text)
        # Two instants of one zone are subtracted by their clocks, which lie when these change: all are kept in UTC.
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    if column in DATES:
        return date.fromisoformat(text)
    if column in MONEY:
        return Decimal(text)
    if column in WHOLE:
        # The level of a membership is a number, that of an advertising row a word.
        return text if column == "level" and text.isalpha() or "_" in text else int(text)
    if column in ("latitude", "longitude"):
        return float(text)
    if column.endswith("_consent") or column in ("is_paid", "is_test", "is_date_estimated"):
        return text == "true"
    return text


def completed(export: str, row: Row) -> Row:
    """The row with what an empty cell means; a further identifier is known by its normalised value."""
    if export == "ad_stats":
        level = row.get("level") or ("keyword" if row["keyword"] else "campaign")
        return {"ad_group_id": "", "ad_id": ""} | row | {"level": level}
    if export == "contact_identifiers":
        return row | {"value": normalised(row["kind"], row["value"])}
    if export == "order_lines":
        line_key = row.get("line_key") or str(row["line_no"])
        return row | {"line_key": line_key, "line_kind": row.get("line_kind") or "goods"}
    if export == "refunds":
        return row | {"is_date_estimated": bool(row.get("is_date_estimated"))}
    return row


def normalised(kind: str, value: str | None) -> str | None:
    """The value that two rows must share to be of one person; None where it identifies nobody."""
    if value is None:
        return None
    if kind == "phone":
        try:
            number = phonenumbers.parse(value, "CN")
        except phonenumbers.NumberParseException:
            return None
        if not phonenumbers.is_valid_number(number):
            return None
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if kind == "email":
        return value.strip().lower()
    return value


def identifiers(row: Row) -> set[tuple[str, str]]:
    """(kind, value) of what the row is known by, `contact_id` included."""
    found = {(kind, normalised(kind, row.get(kind))) for kind in IDENTIFIERS} | row.get("further", set())
    if "value" in row:
        found.add((row["kind"], row["value"]))
    found.add(("contact_id", row.get("contact_id")))
    return {(kind, value) for kind, value in found if value is not None}


def key_of(export: str, row: Row) -> tuple:
    """What the versions of a row have in common."""
    return tuple(row[column] for column in KEYS[export])


@dataclass
class Version:
    """One delivered row: its folder's date and its line there."""

    folder: date
    line: int
    row: Row

    @property
    def order(self) -> tuple:
        """Versions of a key by `updated_at`; on a tie the later folder wins, then the later line."""
        return self.row["updated_at"], self.folder, self.line


@dataclass
class Landing:
    """All delivered folders, read once; `nights` are the business dates on which the pipeline ran."""

    zone: ZoneInfo
    nights: list[date]
    folders: dict[date, dict[str, list[Row]]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path, zone: ZoneInfo, nights: list[date]) -> "Landing":
        """Every CSV file of every folder."""
        landing = cls(zone, nights)
        for folder in sorted(p for p in path.iterdir() if p.is_dir() and p.name[:2] == "20"):
            exports = landing.folders[date.fromisoformat(folder.name)] = {}
            for file in sorted(folder.glob("*.csv")):
                with file.open(encoding="utf-8", newline="") as lines:
                    rows = [{c: typed(c, t, zone) for c, t in row.items()} for row in csv.DictReader(lines)]
                exports[file.stem] = [completed(file.stem, row) for row in rows]
        return landing

    def versions(self, export: str, day: date) -> list[Version]:
        """Every version delivered by a day, oldest folder first."""
        return [
            Version(folder, line, row)
            for folder, exports in sorted(self.folders.items())
            if folder <= day
            for line, row in enumerate(exports.get(export, []))
        ]


class Erasure:
    """Who and what was erased by the run of a night, for good."""

    def __init__(self, landing: Landing, night: date) -> None:
        requests = landing.versions("erasure_requests", night)
        self.contacts = {v.row["contact_id"] for v in requests if v.row["scope"] == "erase"}
        theirs: set[tuple[str, str]] = set()
        others: set[tuple[str, str]] = set()
        carriers = [*landing.versions("contacts", night), *landing.versions("contact_identifiers", night)]
        for version in carriers:
            found = theirs if version.row["contact_id"] in self.contacts else others
            found |= identifiers(version.row)
        # What versions of erased contacts carried and no version of another contact carries.
        self.identifiers = theirs - others

    def names(self, row: Row) -> bool:
        """Whether the row names an erased contact or is known by identifiers of erased ones alone."""
        known_by = identifiers(row)
        return row["contact_id"] in self.contacts or (bool(known_by) and known_by <= self.identifiers)

    def applied(self, export: str, versions: list[Version]) -> list[Version]:
        """What is left: of a key any version of which names an erased contact nothing, or an order without identifiers.

        A mention in another column is emptied, and its row stays.
        """
        if export == "erasure_requests" or not versions or "contact_id" not in versions[0].row:
            return versions
        gone = {key_of(export, version.row) for version in versions if self.names(version.row)}
        left = []
        for version in versions:
            row = version.row
            if key_of(export, row) in gone:
                if export != "orders":
                    continue
                row = row | dict.fromkeys(("contact_id", *IDENTIFIERS))
            mentions = [c for c in ("referrer_contact_id", "inviter_contact_id") if row.get(c) in self.contacts]
            left.append(Version(version.folder, version.line, row | dict.fromkeys(mentions)))
        return left


class Known:
    """What the business knows by the end of business date `day`."""

    def __init__(self, landing: Landing, day: date) -> None:
        self.day, self.zone, self._landing = day, landing.zone, landing
        nights = sorted({night for night in [*landing.nights, day] if night <= day})
        self._erasures = {night: Erasure(landing, night) for night in nights}
        self.forgotten = self._erasures[day].identifiers
        self._seen: dict[str, list[Version]] = {}
        self._rows: dict[str, list[Row]] = {}

    def local_day(self, moment: datetime) -> date:
        """The calendar day in the business timezone."""
        return moment.astimezone(self.zone).date()

    def seen(self, export: str) -> list[Version]:
        """Every delivered version of every key of a delta that erasure left, as it left it."""
        if export not in self._seen:
            self._seen[export] = self._left(export)
        return self._seen[export]

    def rows(self, export: str) -> list[Row]:
        """The rows that hold by the end of the day, erased people left out."""
        if export not in self._rows:
            self._rows[export] = self._snapshot(export) if export in SNAPSHOTS else self._current(export)
        return self._rows[export]

    def _current(self, export: str) -> list[Row]:
        """Of a delta; orders, their lines and refunds as all their rows together say."""
        rows = self._newest(export)
        if export == "contacts":
            return self._with_further(rows)
        if export == "order_lines":
            return current_lines(rows)
        if export == "orders":
            lines = by(self.rows("order_lines"), "order_id")
            nobody = dict.fromkeys(("contact_id", *IDENTIFIERS))
            rows = [by_its_lines(row, lines.get(row["order_id"], [])) for row in rows]
            return [row | nobody if row.get("is_test") else row for row in rows]
        if export == "refunds":
            totals = [version for version in self.seen(export) if version.row.get("running_total") is not None]
            single = [row for row in rows if row.get("running_total") is None]
            return single + refunds_by_totals(totals, self.seen("orders"), self.zone)
        return rows

    def _with_further(self, contacts: list[Row]) -> list[Row]:
        """Each contact with its further identifiers."""
        further: dict[object, set[tuple[str, str]]] = {}
        for row in self.rows("contact_identifiers"):
            if row["removed_at"] is None and row["value"] is not None:
                further.setdefault(row["contact_id"], set()).add((row["kind"], row["value"]))
        return [row | {"further": further.get(row["contact_id"], set())} for row in contacts]

    def _snapshot(self, export: str) -> list[Row]:
        """The last one that came."""
        came = [f for f, exports in self._landing.folders.items() if f <= self.day and export in exports]
        rows = self._landing.folders[max(came)][export] if came else []
        return list({key_of(export, row): row for row in rows}.values())

    def _newest(self, export: str) -> list[Row]:
        newest: dict[tuple, Row] = {}
        for version in sorted(self.seen(export), key=lambda v: v.order):
            newest[key_of(export, version.row)] = version.row
        return list(newest.values())

    def _left(self, export: str) -> list[Version]:
        """Run after run: what came since the one before is added, then what names the erased goes."""
        left, before = [], date.min
        for night, erasure in self._erasures.items():
            left += [version for version in self._landing.versions(export, night) if version.folder > before]
            left, before = erasure.applied(export, left), night
        return left


def by(rows: Iterable[Row], column: str) -> dict[object, list[Row]]:
    """Rows grouped by a column."""
    grouped: dict[object, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row[column], []).append(row)
    return grouped
