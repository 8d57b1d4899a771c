"""Marts to build the site from: empty tables by the contracts of the dbt models, and rows for them.

The tables have the columns and types the models promise, so a page that asks for anything else fails here.
"""

from pathlib import Path

import psycopg
import yaml

MODELS = Path(__file__).resolve().parents[2] / "dbt_project" / "models" / "marts"
ROWS = 240

BY_TYPE = {
    "integer": "n % 11 + 1",
    "bigint": "n % 11 + 1",
    "numeric": "round((n * 7 % 19 + 1) / 20.0, 2)",
    "real": "(n * 7 % 19 + 1) / 20.0",
    "double precision": "(n * 7 % 19 + 1) / 20.0",
    "boolean": "n % 3 = 0",
    "date": "(date '2026-07-01' - make_interval(months => n % 6))::date",
    "timestamptz": "timestamptz '2026-06-30 12:00+00' - make_interval(hours => n)",
}
UNKNOWN = {"integer": "0", "bigint": "0", "numeric": "null", "real": "null", "double precision": "null"}


def one_of(*words: str, every: int = 1) -> str:
    return f"(array[{', '.join(f'$${word}$$' for word in words)}])[n / {every} % {len(words)} + 1]"


MONTH = "(date '2026-07-01' - make_interval(months => n))::date"
STAGE = one_of("new", "active", "loyal", "at_risk", "prospect_weak", "zombie")
STEPS = ("touched", "identified", "friend_added", "replied", "group_joined", "registered", "first_order", "repurchased")
MODELS_OF_CREDIT = ("first", "last", "linear", "position", "time_decay", "markov", "shapley")

# Where a column must fit others, or a word has a meaning.
FITTING = {
    "aarrr_monthly.is_complete": "n > 1",
    "aarrr_monthly.month": MONTH,
    "attribution.channel_code": "'channel_' || n % 6",
    "attribution.model": one_of(*MODELS_OF_CREDIT, every=6),
    "audience_overlap.other_audience_code": "'audience_code_' || n % 12 + 1",
    "channel_daily.day": "date '2026-06-30' - n",
    "channel_performance.acquired_channel_code": "'channel_' || n % 6",
    "channel_performance.cost": "n % 2 * 61.25",
    "channel_performance.is_mature": "true",
    "channel_verdicts.verdict": one_of("scale", "cut", "test", "keep"),
    "cohort_retention.acquired_channel_code": "'all'",
    "cohort_retention.is_mature": "true",
    "industry_stages.track": "'track_' || n % 3",
    "interest_quality.method": one_of("interest", "popularity", "history"),
    "lifecycle_daily.day": "date '2026-06-30' - n",
    "lifecycle_daily.stage": STAGE,
    "lifecycle_moves.day": "date '2026-06-30' - n / 6",
    "lifecycle_moves.from_stage": f"nullif({STAGE}, 'zombie')",
    "loyalty_ledger.closing": "40 + n % 7 - n % 3 - n % 2",
    "loyalty_ledger.earned": "40 + n % 7",
    "loyalty_ledger.expired": "n % 2",
    "loyalty_ledger.opening": "0",
    "loyalty_ledger.spent": "n % 3",
    "private_domain_funnel.channel_code": "'channel_' || n % 4",
    "private_domain_funnel.step": one_of(*STEPS, every=4),
    "private_domain_funnel.step_number": f"n / 4 % {len(STEPS)} + 1",
    "product_turnover.sku": "'sku_' || n % 6",
    "push_fatigue.best_hour": "n % 24",
    "reachability.medium": one_of("sms", "email", "wechat", "app", "weibo"),
    "referral_k.is_complete": "n > 1",
    "referral_k.month": MONTH,
    "tag_value.verdict": one_of("useful", "no_lift", "too_rare", "too_common", "immature"),
    "traffic_balance.month": MONTH,
    "user_rfm.segment": one_of("champions", "lost_small", "new_small", "</script><script>alert(1)</script>"),
    "users.orders": "n % 5",
    "users.stage": STAGE,
    "value_model.model": one_of("bg_nbd", "gamma_gamma"),
}


def create(connection: psycopg.Connection) -> None:
    """All marts, without a row."""
    for mart, columns in _contracts().items():
        listed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        connection.execute(f"create table marts.{mart} ({listed})")
    connection.execute("grant select on all tables in schema marts to bi_reader")


def fill(connection: psycopg.Connection, *, known: bool = True) -> None:
    """Rows for every mart; where nothing is `known` every count in them is 0 and every other figure null."""
    for mart, columns in _contracts().items():
        values = {name: _value(mart, name, kind, columns) for name, kind in columns.items()}
        if not known:
            values |= {name: UNKNOWN[kind] for name, kind in columns.items() if kind in UNKNOWN}
        names, expressions = ", ".join(values), ", ".join(values.values())
        rows = f"select {expressions} from generate_series(1, {ROWS}) as n"
        connection.execute(f"insert into marts.{mart} ({names}) {rows}")


def clear(connection: psycopg.Connection) -> None:
    for mart in _contracts():
        connection.execute(f"truncate marts.{mart}")


def _contracts() -> dict[str, dict[str, str]]:
    models = [m for file in MODELS.rglob("_*models.yml") for m in yaml.safe_load(file.read_text())["models"]]
    return {m["name"]: {c["name"]: c["data_type"] for c in m["columns"]} for m in models}


def _value(mart: str, name: str, kind: str, columns: dict[str, str]) -> str:
    if f"{mart}.{name}" in FITTING:
        return FITTING[f"{mart}.{name}"]
    if kind != "text":
        return BY_TYPE[kind]
    return f"'{name}_' || n" if name == next(iter(columns)) else f"'{name}_' || n % 6"

