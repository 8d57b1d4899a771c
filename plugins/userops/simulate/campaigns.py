"""The campaigns of a business: always-on advertising, messages with a hold-out, promotions of goods."""

from dataclasses import dataclass
from datetime import date, timedelta

from userops.simulate.assumptions import Assumptions, Money
from userops.simulate.clock import Clock
from userops.simulate.goods import Goods, amount

WELCOME = "WELCOME"
# Days within which an order counts as the campaign's, the first day included.
WINDOW_DAYS = 7
LISTED_BEFORE = 3
AUDIENCES = {"all": "everyone who can be reached", "buyers": "who has ordered", "prospects": "who has not ordered yet",
             "idle": "buyers without an order in 45 days"}


@dataclass(frozen=True)
class Campaign:
    """A message on one day; `effect` and `effect_idle` are its truth."""

    code: str
    scenario: str
    offer: str
    day: int
    # Whom it is for: `all`, `buyers`, `prospects` or `idle` buyers.
    to: str
    effect: float
    effect_idle: float


def messages(assumptions: Assumptions, clock: Clock) -> list[Campaign]:
    """The message campaigns of the nights, kinds in turn."""
    given, found = assumptions["campaigns"], []
    for month in clock.months():
        for day in (month.replace(day=number) for number in given["days"]):
            kind = given["kinds"][len(found) % len(given["kinds"])]
            found.append(Campaign(f"MSG_{day:%Y%m%d}", kind["scenario"], kind["offer"], clock.number(day), kind["to"],
                                  kind["effect"], kind.get("effect_idle", kind["effect"])))
    return [campaign for campaign in found if 1 <= campaign.day < clock.nights]


def campaign_rows(
    assumptions: Assumptions, money: Money, clock: Clock, listed: list[Campaign], goods: Goods | None, today: date,
    suffix: str = "",
) -> list[dict]:
    """The campaigns export as a night shows it: from a few days before each begins."""
    always = clock.start + timedelta(days=1095)
    rows = [_row(f"AD_{c.code}", f"{c.name} always on", "new-user conversion", clock.start, always, "none")
            for c in assumptions.channels if c.is_paid]
    rows.append(_row(WELCOME, "Welcome coupon", "new-user conversion", clock.start, always, "coupon"))
    for campaign in listed:
        first = clock.date(campaign.day)
        last = first + timedelta(days=WINDOW_DAYS - 1)
        rows.append(_row(campaign.code, f"{campaign.scenario} {first}", campaign.scenario, first, last, campaign.offer)
                    | {"budget": amount(int(money.cents(500.0))), "target_audience": AUDIENCES[campaign.to]})
    for promotion in goods.promotions if goods else ():
        scenario = "slow-moving clearance" if promotion.name.startswith("Clearance") else "price promotion"
        rows.append(_row(promotion.code, promotion.name, scenario, promotion.first, promotion.last, promotion.offer))
    shown = today + timedelta(days=LISTED_BEFORE)
    return [row | {"campaign_name": row["campaign_name"] + suffix} for row in rows if row["starts_on"] <= shown]


def _row(code: str, name: str, scenario: str, first: date, last: date, offer: str) -> dict:
    return {"campaign_id": code, "campaign_name": name, "scenario": scenario, "starts_on": first, "ends_on": last,
            "offer": offer}
