"""Marts to build the site from: empty tables by the contracts of the dbt models, and rows for them.

The tables have the columns and types the models promise, so a page that asks for anything else fails here.
"""

from pathlib import Path

import psycopg
import yaml

MODELS = Path(__file__).resolve().parents[1] / "dbt_project" / "models" / "marts"
ROWS = 240

BY_TYPE = {
    "integer": "n % 11 + 1",
    "bigint": "n % 11 + 1",
    "numeric": "round((n * 7 % 19 + 1) / 20.0, 2)",
    "decimal": "round((n * 7 % 19 + 1) / 20.0, 2)",
    "real": "(n * 7 % 19 + 1) / 20.0",
    "double precision": "(n * 7 % 19 + 1) / 20.0",
    "boolean": "n % 3 = 0",
    "date": "(date '2026-07-01' - make_interval(months => n % 6))::date",
    "timestamptz": "timestamptz '2026-06-30 12:00+00' - make_interval(hours => n)",
}
UNKNOWN = {
    "integer": "0", "bigint": "0", "numeric": "null", "decimal": "null", "real": "null", "double precision": "null",
}  # fmt: skip


def one_of(*words: str, every: int = 1) -> str:
    return f"(array[{', '.join(f'$${word}$$' for word in words)}])[n / {every} % {len(words)} + 1]"


MONTH = "(date '2026-07-01' - make_interval(months => n))::date"
STAGE = one_of("new", "active", "loyal", "at_risk", "prospect_weak", "zombie")
STEPS = ("touched", "identified", "friend_added", "replied", "group_joined", "registered", "first_order", "repurchased")
MODELS_OF_CREDIT = ("first", "last", "linear", "position", "time_decay", "markov", "shapley")

DAY = "date '2026-06-30' - n"
CHANNEL = "'channel_' || n % 6"
# `all` beside the channels themselves: pages add up the channels alone.
COHORT_CHANNEL = "case when n % 2 = 0 then 'all' else 'channel_' || n % 6 end"
SOURCE = one_of("shopify", "wecom", "canonical")

# Where a column must fit others, or a word has a meaning.
FITTING = {
    "aarrr_monthly.is_complete": "n > 1",
    "aarrr_monthly.month": MONTH,
    "attribution.channel_code": CHANNEL,
    "attribution.model": one_of(*MODELS_OF_CREDIT, every=6),
    "audience_overlap.audience_code": "'audience_code_' || n",
    "audience_overlap.other_audience_code": "'audience_code_' || n % 12 + 1",
    "channel_daily.channel_code": CHANNEL,
    "channel_daily.day": DAY,
    "channel_performance.acquired_channel_code": CHANNEL,
    "channel_performance.cost": "n % 2 * 61.25",
    "channel_performance.is_mature": "true",
    "channel_verdicts.channel_code": CHANNEL,
    "channel_verdicts.verdict": one_of("scale", "cut", "test", "keep"),
    "cohort_category.is_mature": "true",
    "cohort_retention.acquired_channel_code": COHORT_CHANNEL,
    "cohort_retention.is_mature": "true",
    "cohort_weekly.acquired_channel_code": COHORT_CHANNEL,
    "cohort_weekly.cohort_week": "date '2026-06-29' - 7 * (n % 20)",
    "cohort_weekly.is_mature": "true",
    "industry_stages.track": "'track_' || n % 3",
    "interest_quality.method": one_of("interest", "popularity", "history"),
    "keyword_costs.keyword": one_of("gift ideas", "=1+1", "@home", 'say "hi", twice'),
    "lifecycle_daily.day": "date '2026-06-30' - n / 10",
    "lifecycle_daily.stage": STAGE,
    "lifecycle_history.is_current": "n % 2 = 0",
    "lifecycle_moves.day": "date '2026-06-30' - n / 6",
    "lifecycle_moves.from_stage": f"nullif({STAGE}, 'zombie')",
    "lifecycle_moves.to_stage": one_of("active", "loyal", "won_back", "at_risk", "lost", every=6),
    "loyalty_ledger.closing": "40 + n % 7 - n % 3 - n % 2",
    "loyalty_ledger.earned": "40 + n % 7",
    "loyalty_ledger.expired": "n % 2",
    "loyalty_ledger.opening": "0",
    "loyalty_ledger.spent": "n % 3",
    "private_domain_funnel.channel_code": "'channel_' || n % 4",
    "private_domain_funnel.cohort_month": "(date '2026-07-01' - make_interval(months => n % 3))::date",
    "private_domain_funnel.step": one_of(*STEPS, every=12),
    "private_domain_funnel.step_number": f"n / 12 % {len(STEPS)} + 1",
    "private_domain_funnel.users": "30 + n % 11",
    "product_turnover.sku": "'sku_' || n % 6",
    "push_fatigue.best_hour": "n % 24",
    "reachability.medium": one_of("sms", "email", "wechat", "app", "weibo"),
    "referral_k.is_complete": "n > 1",
    "referral_k.month": MONTH,
    "refunds_daily.day": DAY,
    "refunds_daily.source": SOURCE,
    "source_daily.day": DAY,
    "source_daily.source": SOURCE,
    "store_performance.store_id": "'store_' || n % 6",
    "tag_catalog.tag_name": "'tag_name_' || n",
    "tag_history.from_date": f"{DAY} - 30",
    "tag_history.tag_code": "'tag_code_' || n",
    "tag_history.to_date": DAY,
    "tag_value.verdict": one_of("useful", "no_lift", "too_rare", "too_common", "immature"),
    "traffic_balance.month": MONTH,
    "user_rfm.segment": one_of("champions", "lost_small", "new_small", "</script><script>alert(1)</script>"),
    "users.acquired_channel_code": CHANNEL,
    "users.orders": "n % 5",
    "users.stage": STAGE,
    "value_model.model": one_of("bg_nbd", "gamma_gamma"),
}
# A view that the publication makes, and its columns.
TAG_HISTORY = {
    "user_id": "text", "tag_code": "text", "value": "text", "from_version": "bigint", "from_date": "date",
    "to_version": "bigint", "to_date": "date",
}  # fmt: skip
# Two runs: the first published whole, the newest with a warning.
RUNS = """
insert into meta.publications (version, base_version, business_date, run_id, slot, load_id) values
    (6, null, '2026-06-29', 'r6', 0, 0), (7, 6, '2026-06-30', 'r7', 1, 1);
update meta.pointer set version = 7, slot = 1;
insert into meta.log_user_ids (version, old_user_id, new_user_id, kind, contacts)
select 7, 'old_' || n, 'new', 'merge', 1 from generate_series(1, 3) as n;
insert into meta.log_audiences (version, audience_code, entered, "left", members)
select 5 + n % 2 + 1, 'audience_code_' || n, n, n / 2, 40 + n from generate_series(1, 12) as n;
insert into meta.log_tag_counts (version, tag_code, users, all_users)
select 6 + n % 2, 'tag_code_' || n, n, 240 from generate_series(1, 12) as n;
insert into meta.quality_results (run_id, business_date, check_name, layer, subject, severity, passed, observed,
    expected)
select 'r7', '2026-06-30', 'check ' || n, 'contract', 'orders', 'warning', n > 1, '3 <b>rows</b>', '0 rows'
from generate_series(1, 12) as n;
insert into meta.quality_results (run_id, business_date, check_name, layer, subject, severity, passed, observed,
    expected, seconds, rows)
values ('r7', '2026-06-30', 'users', 'dbt', 'users', 'critical', true, 'success 9', 'built', 1.5, 9);
insert into meta.step_timings (run_id, business_date, step, part, seconds) values
    ('r6', '2026-06-29', 'build', '', 21.5), ('r7', '2026-06-30', 'ingest', 'orders', 0.4),
    ('r7', '2026-06-30', 'build', '', 20.5);
insert into meta.load_files (business_date, export, file_name, sha256, source, bytes, rows_in_file, rows_loaded,
    rows_quarantined, state) values
    ('2026-06-30', 'orders', 'orders.csv', 'x', 'canonical', 9, 10, 8, 2, 'loaded'),
    ('2026-06-20', 'ad_stats', 'ad_stats.csv', 'y', 'canonical', 9, 10, 10, 0, 'loaded');
insert into quarantine.rows (load_id, business_date, export, file_name, line, raw_text, reason) values
    (1, '2026-06-30', 'orders', 'orders.csv', 3, 'CANARY', 'amount is no number'),
    (1, '2026-06-30', 'orders', 'orders.csv', 4, 'CANARY', 'amount is no number');
insert into meta.erasure_log (request_id, table_name, rows) values ('request-1', 'raw.contacts', 3);
"""
# The headline figures of the pages, each by a query of its own: (page, figure) → SQL.
HEADLINES = {
    ("overview", "first-order-conversion"): "select sum(round(first_order_conversion * users)) / sum(users)"
    " from marts.channel_performance where acquired_month = '2026-07-01'",
    ("overview", "natural-to-paid"): "select sum(natural_users) * 1.0 / sum(paid_users) from marts.traffic_balance"
    " where month = '2026-06-01'",
    ("overview", "net"): "select sum(net) from marts.channel_daily where day between '2026-06-01' and '2026-06-30'",
    ("users", "users"): "select count(*) from marts.users",
    ("users", "buyers"): "select count(*) from marts.users where orders > 0",
    ("users", "repeat-share"): "select avg((orders > 1)::integer) from marts.users where orders > 0",
    ("value", "expected-net"): "select sum(clv_365) from marts.user_value",
    ("value", "clv"): "select avg(clv_365) from marts.user_value",
    ("value", "alive"): "select avg(p_alive) from marts.user_value",
    ("lifecycle", "zombies"): "select sum(users) from marts.lifecycle_daily where stage = 'zombie'"
    " and day = (select max(day) from marts.lifecycle_daily)",
    ("private_domain", "touched"): "select sum(users) from marts.private_domain_funnel where step = 'touched'",
    ("private_domain", "order-share"): "select (select sum(users) from marts.private_domain_funnel"
    " where step = 'first_order') * 1.0 / (select sum(users) from marts.private_domain_funnel where step = 'touched')",
    ("channels", "acquired"): "select sum(users) from marts.channel_performance",
    ("channels", "cost"): "select sum(cost) from marts.channel_performance",
    ("channels", "cac"): "select sum(cost) / sum(users) from marts.channel_performance where cost > 0",
    ("attribution", "conversions"): "select sum(conversions) from marts.attribution where model = 'shapley'",
    ("tags", "declared"): "select count(*) from marts.tag_catalog",
    ("tags", "useful"): "select count(*) from marts.tag_value where verdict = 'useful'",
    ("audiences", "members"): "select sum(size) from marts.audiences",
    ("stores", "store-net"): "select sum(net) from marts.store_performance",
    ("groups", "members"): "select sum(members) from marts.group_performance",
    ("referral", "k"): "select invited * 1.0 / active_before from marts.referral_k where month = '2026-05-01'",
    ("campaigns", "campaigns"): "select count(*) from marts.campaign_performance",
    ("campaigns", "cost"): "select sum(cost) from marts.campaign_performance",
    ("quality", "checks"): "select count(*) from marts.quality_results",
    ("quality", "warnings"): "select count(*) from marts.quality_results where not passed",
    ("quality", "rejected"): "select count(*) from quarantine.rows",
    ("quality", "versions"): "select count(*) from meta.publications",
}


def create(connection: psycopg.Connection) -> None:
    """All marts, without a row."""
    for mart, columns in contracts().items():
        listed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        connection.execute(f"create table marts.{mart} ({listed})")
    connection.execute("grant select on all tables in schema marts to bi_reader")


def fill(connection: psycopg.Connection, *, known: bool = True) -> None:
    """Rows for every mart; where nothing is `known` every count in them is 0 and every other figure null."""
    for mart, columns in contracts().items():
        values = {name: _value(mart, name, kind, columns) for name, kind in columns.items()}
        if not known:
            values |= {name: UNKNOWN[_base(kind)] for name, kind in columns.items() if _base(kind) in UNKNOWN}
        names, expressions = ", ".join(f'"{name}"' for name in values), ", ".join(values.values())
        rows = f"select {expressions} from generate_series(1, {ROWS}) as n"
        connection.execute(f"insert into marts.{mart} ({names}) {rows}")


def clear(connection: psycopg.Connection) -> None:
    """No row in any mart."""
    for mart in contracts():
        connection.execute(f"truncate marts.{mart}")


def contracts() -> dict[str, dict[str, str]]:
    """The columns of each mart and their types."""
    models = [m for file in MODELS.rglob("_*models.yml") for m in yaml.safe_load(file.read_text())["models"]]
    declared = {m["name"]: {c["name"]: c["data_type"] for c in m["columns"]} for m in models}
    return declared | {"tag_history": TAG_HISTORY}


def _value(mart: str, name: str, kind: str, columns: dict[str, str]) -> str:
    if f"{mart}.{name}" in FITTING:
        return FITTING[f"{mart}.{name}"]
    if kind != "text":
        return BY_TYPE[_base(kind)]
    return f"'{name}_' || n" if name == next(iter(columns)) else f"'{name}_' || n % 6"


def _base(kind: str) -> str:
    """The type without its precision."""
    return kind.partition("(")[0]
