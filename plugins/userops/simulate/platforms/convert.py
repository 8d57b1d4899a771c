"""A simulated business, day by day, into the files of its platforms."""

import re
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from zoneinfo import ZoneInfo

import yaml

from userops.contracts.model import load_contracts
from userops.errors import UseropsError
from userops.simulate.platforms import douyin, shopify, taobao
from userops.simulate.platforms.accounts import (
    ADVERTISING,
    Account,
    Pseudonym,
    accounts_of,
    natural,
    shop_channels,
    sources_yml,
)
from userops.simulate.platforms.advertising import Reports
from userops.simulate.platforms.cells import Row, table
from userops.simulate.platforms.history import Changes, History, Landing, partly_refunded
from userops.simulate.platforms.losses import Losses
from userops.simulate.platforms.names import Names, in_full
from userops.simulate.platforms.quirks import Quirks
from userops.simulate.platforms.shops import Shop, choose_shop
from userops.simulate.platforms.wecom import WeCom

TRUTH, EXPECTED = "_truth", "expected"
SHOP_MODULES: dict[str, ModuleType] = {"shopify": shopify, "taobao": taobao, "douyin": douyin}
OF_SHOPS = ("orders", "order_lines", "refunds")
OF_WECOM = ("friendships", "groups", "group_members")
# Optional columns of the second edition that platforms tell and the simulator's canonical files do not.
MORE_COLUMNS = {
    "orders": ("tax_amount", "payment_method", "is_test"),
    "order_lines": ("line_key", "line_kind", "product_name", "line_status", "line_paid_amount", "line_paid_at",
                    "line_shipping_amount"),
    "refunds": ("running_total", "is_date_estimated"),
    "ad_stats": ("level",),
}


def as_platforms(
    business: Path, out: Path, split: str | Sequence[str], *, quirks: bool = False, seed: int = 1,
    timezone: str = "Asia/Shanghai", currency: str = "CNY", keep_contacts: bool = False,
    pseudonym: Pseudonym = natural,
) -> dict:
    """Write the simulated business in `business` (CSV) again as files of the platforms of `split` under `out`.

    `split`: sources with commas between, each a platform's name or `name=platform`. A day's files of a source are in
    `out/<date>/<source>/`; exports that no source delivers stay canonical, and speak of the sources' rows by their
    full ids. `out/_truth/expected/` holds the same business as canonical files: the rows a perfect mapping gives.
    `keep_contacts`: the business's own table of contacts comes beside WeCom's. `pseudonym` must be that of the
    deployment that reads the files, or contacts named in canonical files are not found. Gives rows by source.
    """
    landing, zone = Landing(business), ZoneInfo(timezone)
    if Path(out).resolve() == landing.folder.resolve():
        raise UseropsError(f"{out} holds the business itself.", fix="give another folder for the platforms' files.")
    accounts = accounts_of(split, landing.rows(landing.days[0], "channels"), zone, currency, pseudonym)
    _make_room(Path(out))
    writer = _Writer(landing, Path(out), accounts, Quirks(quirks, seed), zone, keep_contacts)
    for place, day in enumerate(landing.days):
        writer.write(day, place)
    return writer.finish(currency)


def _make_room(out: Path) -> None:
    """Remove an earlier simulation; folders that were not simulated are left alone."""
    dated = [path for path in out.glob("*") if re.fullmatch(r"\d{4}-\d\d-\d\d", path.name)] if out.exists() else []
    if dated and not (out / TRUTH).is_dir():
        raise UseropsError(f"{out} holds days that were not simulated.", fix="give --out an empty folder.")
    for path in [*dated, out / TRUTH]:
        shutil.rmtree(path, ignore_errors=True)


class _Writer:
    """Takes the business's days one after the other and writes each as its platforms' files."""

    def __init__(
        self, landing: Landing, out: Path, accounts: Sequence[Account], quirks: Quirks, zone: ZoneInfo,
        keep_contacts: bool,
    ) -> None:
        self.landing, self.out, self.quirks = landing, out, quirks
        self.accounts = accounts
        self.history, self.losses = History(zone), Losses(zone)
        self.shops = [Shop(account, SHOP_MODULES[account.platform], self.history, quirks)
                      for account in accounts if account.platform in SHOP_MODULES]
        self.reports = [Reports(account) for account in accounts if account.platform in ADVERTISING]
        self.wecom = next((WeCom(account, self.history) for account in accounts if account.platform == "wecom"), None)
        self.names = Names(self.wecom, keep_contacts or not self.wecom, bool(self.shops))
        self.left_out: Counter = Counter()
        self.rows: Counter = Counter()
        self._in_parts = partly_refunded(landing)
        self._shop_of: dict[str, Shop | None] = {}
        self._quiet = 0

    def write(self, day: str, place: int) -> None:
        """The files of one day, and what is expected of them."""
        changes = self.history.learn(self.landing, day)
        (self.out / day).mkdir(parents=True)
        expected: dict[str, list[Row]] = {export: [] for export in self._covered()}
        for found in (self._sell(day, place, changes), self._befriend(day, changes), self._advertise(day)):
            for export, rows in found.items():
                expected.setdefault(export, []).extend(rows)
        self._write_rest(day, expected)

    def _covered(self) -> list[str]:
        """Exports that come from platforms alone."""
        shops = list(OF_SHOPS) if self.shops else []
        wecom = [*OF_WECOM, *([] if self.names.keeps_contacts else ["contacts"])] if self.wecom else []
        return shops + wecom

    def _sell(self, day: str, place: int, changes: Changes) -> dict[str, list[Row]]:
        """The shops' files."""
        expected: dict[str, list[Row]] = {}
        for order in changes.orders if self.shops else ():
            if order not in self._shop_of:
                self._shop_of[order] = choose_shop(self.shops, order, self.history, order in self._in_parts)
                if not self._shop_of[order]:
                    self.losses.leave_out("canonical", "canonical", "orders", "currency")
        for shop in self.shops:
            mine = [order for order in changes.orders if self._shop_of[order] is shop]
            files, found = shop.day(day, place, mine, self.names, self.losses)
            self._write_files(day, shop.account, files)
            for row in changes.refunds:
                if self._shop_of[row["order_id"]] is shop:
                    self.losses.compare(shop.account, "refunds", row, shop.refund_said(row))
            for export, rows in found.items():
                self.rows[f"{shop.account.name} {export}"] += len(rows)
                expected.setdefault(export, []).extend(rows)
        return expected

    def _befriend(self, day: str, changes: Changes) -> dict[str, list[Row]]:
        """WeCom's files. On a day without news it answers of people it has told of before, some more each time."""
        if not self.wecom:
            return {}
        met = self.wecom.meet(changes.contacts)
        self._quiet = 0 if met else self._quiet + 1
        told = met or [name for name in self.wecom.ids if name not in self.history.erased][-self._quiet :]
        members = self.wecom.member_changes(day)
        expected = self.wecom.expected_contacts(told) | {
            "groups": self.wecom.group_rows(), "group_members": [said for _, said in members]}
        files = self.wecom.contact_files(day, told, self.quirks) | self.wecom.group_files()
        self._write_files(day, self.wecom.account, files)
        self._compare_people(met, expected)
        for row, said in members:
            self.losses.compare(self.wecom.account, "group_members", row, said)
        for export, rows in expected.items():
            self.rows[f"{self.wecom.account.name} {export}"] += len(rows)
        return expected

    def _compare_people(self, met: Sequence[str], expected: Mapping[str, Sequence[Row]]) -> None:
        wecom, history = self.wecom, self.history
        contacts = {row["contact_id"]: row for row in expected["contacts"]}
        friends = {(row["contact_id"], row["staff_id"]): row for row in expected["friendships"]}
        for name in met:
            full = wecom.contact(name)
            if not self.names.keeps_contacts:
                self.losses.compare(wecom.account, "contacts", history.contacts[name], contacts[full])
            for row in history.friendships[name].values():
                said = friends[full, wecom.account.full(row["staff_id"])]
                self.losses.compare(wecom.account, "friendships", row, said)
        for said in expected["groups"]:
            row = history.groups[said["group_id"].removeprefix(wecom.account.full("wr"))]
            self.losses.compare(wecom.account, "groups", row, said)

    def _advertise(self, day: str) -> dict[str, list[Row]]:
        """The reports of the advertising accounts."""
        expected: list[Row] = []
        rows = self.landing.rows(day, "ad_stats")
        for report in self.reports:
            account = report.account
            mine = [row for row in rows if row["channel_code"] == account.channel_code]
            figures = report.learn(mine)
            self._write_files(day, account, report.files(figures, self.quirks))
            found = report.expected(figures)
            self.names.campaigns |= {name: account.full(number) for name, number in report.campaigns.items()}
            if account.platform == "ocean_engine":
                for row in mine:
                    said = row if not row["keyword"] else row | {"keyword": ""}
                    self.losses.compare(account, "ad_stats", row, said)
            self.rows[f"{account.name} ad_stats"] += len(found)
            expected += found
        return {"ad_stats": expected} if expected else {}

    def _write_files(self, day: str, account: Account, files: Mapping[str, bytes]) -> None:
        folder = self.out / day / account.name
        for name, data in files.items():
            folder.mkdir(exist_ok=True)
            (folder / name).write_bytes(data)

    def _write_rest(self, day: str, expected: dict[str, list[Row]]) -> None:
        """The exports that stay canonical, and all of them as they are expected."""
        reported = {report.account.channel_code for report in self.reports}
        folder = self.out / TRUTH / EXPECTED / day
        folder.mkdir(parents=True)
        for export in sorted({*self.landing.exports(day), *expected}):
            header, rows = self.landing.read(day, export)
            rest = [] if export in self._covered() else in_full(export, rows, self.names, self.left_out)
            if export == "ad_stats":
                rest = [row for row in rest if row["channel_code"] not in reported]
            elif export == "channels":
                rest += shop_channels(self.accounts, rows, self.landing.days[0])
            if export not in self._covered() and (rest or not rows):
                (self.out / day / f"{export}.csv").write_bytes(table(header, rest))
                self.rows[f"canonical {export}"] += len(rest)
            more = MORE_COLUMNS.get(export, ()) if export in expected else ()
            columns = dict.fromkeys((*(header or _columns(export)), *more))
            (folder / f"{export}.csv").write_bytes(table(list(columns), [*rest, *expected.get(export, ())]))

    def finish(self, currency: str) -> dict:
        """Write what is true of the whole; gives rows by source and export."""
        truth, old = self.out / TRUTH, self.landing.folder / TRUTH
        if old.is_dir():
            shutil.copytree(old, truth, dirs_exist_ok=True)
        self._leave_out()
        for name, content in (("cannot_say.yml", self.losses.document()),
                              ("sources.yml", sources_yml(self.accounts, currency))):
            (truth / name).write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=120))
        staff = [row["staff_id"] for row in self.landing.rows(self.landing.days[-1], "staff")]
        ids = self.names.rows(staff, list(self.history.groups))
        (truth / "ids.csv").write_bytes(table(("kind", "canonical_id", "platform_id"), ids))
        return dict(sorted(self.rows.items()))

    def _leave_out(self) -> None:
        for export, rows in self.left_out.items():
            self.losses.leave_out("canonical", "canonical", export, "nobody_delivers", rows)
        if self.wecom and not self.names.keeps_contacts:
            unmet = len(set(self.history.contacts) - set(self.wecom.ids))
            self.losses.leave_out(self.wecom.account.name, "wecom", "contacts", "no_friend", unmet)
        if self.wecom:
            strangers = sum(row["contact_id"] not in self.wecom.ids for rows in self.history.members.values()
                            for row in rows.values())
            self.losses.leave_out(self.wecom.account.name, "wecom", "group_members", "no_friend", strangers)


def _columns(export: str) -> list[str]:
    return [column.name for column in load_contracts()[export].columns]
