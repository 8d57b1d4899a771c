"""Reports of advertising accounts: the days that changed, whole. Money as the business's ad_stats say it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from userops.simulate.platforms.accounts import Account
from userops.simulate.platforms.cells import Row, csv_text, decimal, money
from userops.simulate.platforms.quirks import Quirks, missing_as, thousands, total_row, with_bom

KEY = ("stat_date", "campaign_id", "level", "ad_group_id", "ad_id", "keyword")
GOOGLE = ("Day", "Campaign ID", "Campaign", "Search keyword", "Currency code", "Impr.", "Clicks", "Cost")
GOOGLE_TOTALS = ("Total: Campaigns", "Total: Account", "Total: Search")
OCEAN = (
    "时间-天", "项目ID", "项目名称", "消耗", "展示数", "平均千次展现费用(元)", "点击数", "点击率%", "平均点击单价(元)",
    "转化数", "平均转化成本", "转化率%",
)
GOOGLE_QUIRKS = {"Search keyword": missing_as(" --"), "Impr.": thousands, "Clicks": thousands}
OCEAN_QUIRKS = dict.fromkeys(("消耗", "展示数", "点击数"), thousands) | dict.fromkeys(
    ("转化数", "平均转化成本", "转化率%"), missing_as("--"))
CAMPAIGN_IDS = {"google_ads": 2_100_000_000, "ocean_engine": 7_300_000_000}


@dataclass(frozen=True)
class Figures:
    """What one row of a report says."""

    day: str
    campaign: str
    keyword: str
    currency: str
    impressions: int
    clicks: int
    cost: Decimal

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(self.day, self.campaign, self.keyword, self.currency, self.impressions + other.impressions,
                       self.clicks + other.clicks, self.cost + other.cost)


class Reports:
    """The ad_stats of one channel as its platform's account reports them."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.campaigns: dict[str, str] = {}
        self._known: dict[str, dict[tuple, Row]] = {}

    def learn(self, rows: Iterable[Row]) -> list[Figures]:
        """Take in a day's rows of the channel; gives all rows of the dates that changed."""
        dates = []
        for row in rows:
            dates.append(row["stat_date"])
            key = tuple(row.get(name, "") for name in KEY)
            self._known.setdefault(row["stat_date"], {})[key] = row
            self._number(row["campaign_id"])
        found = (_figures(row) for date in sorted(set(dates)) for row in self._known[date].values())
        return list(found) if self.account.platform == "google_ads" else _by_campaign(found)

    def _number(self, campaign: str) -> None:
        first = CAMPAIGN_IDS[self.account.platform]
        self.campaigns.setdefault(campaign, str(first + len(self.campaigns) + 1))

    def files(self, figures: Sequence[Figures], quirks: Quirks) -> dict[str, bytes]:
        """The report, where there is something to report."""
        if not figures:
            return {}
        write = _google if self.account.platform == "google_ads" else _ocean
        return write(figures, self.campaigns, quirks)

    def expected(self, figures: Sequence[Figures]) -> list[Row]:
        """What a perfect mapping makes of the report; a row without keyword in a report of keywords is of its level."""
        level = "keyword" if any(row.keyword for row in figures) else "campaign"
        return [{
            "stat_date": row.day,
            "channel_code": self.account.channel_code,
            "campaign_id": self.account.full(self.campaigns[row.campaign]),
            "level": level,
            "keyword": row.keyword,
            "impressions": str(row.impressions),
            "clicks": str(row.clicks),
            "cost": money(row.cost),
            "currency": row.currency,
            "updated_at": f"{row.day}T00:00:00",
        } for row in figures]


def _figures(row: Row) -> Figures:
    return Figures(row["stat_date"], row["campaign_id"], row["keyword"], row["currency"], int(row["impressions"]),
                   int(row["clicks"]), decimal(row["cost"]))


def _by_campaign(figures: Iterable[Figures]) -> list[Figures]:
    """Keywords added up: the project report has none."""
    found: dict[tuple[str, str], Figures] = {}
    for row in figures:
        row = Figures(row.day, row.campaign, "", row.currency, row.impressions, row.clicks, row.cost)
        key = row.day, row.campaign
        found[key] = found[key] + row if key in found else row
    return list(found.values())


def _sum(figures: Sequence[Figures]) -> Figures:
    total = figures[0]
    for row in figures[1:]:
        total += row
    return total


def _google(figures: Sequence[Figures], campaigns: Mapping[str, str], quirks: Quirks) -> dict[str, bytes]:
    """Two lines of title; with quirks counts with thousands, ` --` for nothing, and totals that overlap."""
    rows = [quirks.dress(_google_cells(row, campaigns[row.campaign]), GOOGLE_QUIRKS) for row in figures]
    if quirks.on:
        total = quirks.dress(_google_cells(_sum(figures), ""), GOOGLE_QUIRKS)
        sums = {name: total[name] for name in ("Currency code", "Impr.", "Clicks", "Cost")}
        rows += [total_row(GOOGLE, label, sums, " --") for label in GOOGLE_TOTALS]
    text = csv_text(GOOGLE, ([row[name] for name in GOOGLE] for row in rows))
    period = f'"{min(row.day for row in figures)} - {max(row.day for row in figures)}"'
    return {"google_ads_keywords.csv": f"Search keyword report\n{period}\n{text}".encode()}


def _google_cells(row: Figures, campaign_id: str) -> Row:
    return {"Day": row.day, "Campaign ID": campaign_id, "Campaign": row.campaign, "Search keyword": row.keyword,
            "Currency code": row.currency, "Impr.": str(row.impressions), "Clicks": str(row.clicks),
            "Cost": money(row.cost)}


def _ocean(figures: Sequence[Figures], campaigns: Mapping[str, str], quirks: Quirks) -> dict[str, bytes]:
    """The project report; with quirks a BOM, thousands, `--` for nothing and a total row."""
    rows = [quirks.dress(_ocean_cells(row, campaigns[row.campaign]), OCEAN_QUIRKS) for row in figures]
    if quirks.on:
        total = quirks.dress(_ocean_cells(_sum(figures), ""), OCEAN_QUIRKS)
        rows.append(total_row(OCEAN, "总计", {name: total[name] for name in OCEAN[3:]}, ""))
    data = csv_text(OCEAN, ([row[name] for name in OCEAN] for row in rows)).encode()
    return {"ocean_engine_projects.csv": with_bom(data) if quirks.on else data}


def _ocean_cells(row: Figures, campaign_id: str) -> Row:
    return {
        "时间-天": row.day, "项目ID": campaign_id, "项目名称": row.campaign, "消耗": money(row.cost),
        "展示数": str(row.impressions), "平均千次展现费用(元)": _ratio(row.cost * 1000, row.impressions),
        "点击数": str(row.clicks), "点击率%": _ratio(Decimal(row.clicks * 100), row.impressions),
        "平均点击单价(元)": _ratio(row.cost, row.clicks), "转化数": "", "平均转化成本": "", "转化率%": "",
    }


def _ratio(over: Decimal, under: int) -> str:
    return money(over / under) if under else "0.00"
