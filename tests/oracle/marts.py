"""Every mart the oracle computes: its rows and the key that finds a row again; and of which marts it knows a part."""

from collections.abc import Callable

from oracle import (
    attribution,
    audiences,
    campaigns,
    channels,
    community,
    journey,
    lifecycle,
    scores,
    tag_value,
    tags,
    users,
)

MARTS = {
    "users": (users.users, ("user_id",)),
    "user_rfm": (users.user_rfm, ("user_id",)),
    "cohort_retention": (users.cohort_retention, ("cohort_month", "month_number", "acquired_channel_code")),
    "reachability": (users.reachability, ("medium",)),
    "lifecycle_history": (lifecycle.lifecycle_history, ("user_id", "valid_from")),
    "lifecycle_daily": (lifecycle.lifecycle_daily, ("day", "stage")),
    "lifecycle_moves": (lifecycle.lifecycle_moves, ("day", "from_stage", "to_stage")),
    "channel_daily": (channels.channel_daily, ("day", "channel_code")),
    "channel_performance": (channels.channel_performance, ("acquired_channel_code", "acquired_month")),
    "traffic_balance": (channels.traffic_balance, ("month",)),
    "private_domain_funnel": (journey.private_domain_funnel, ("cohort_month", "channel_code", "step")),
    "path_performance": (journey.path_performance, ("path",)),
    "aarrr_monthly": (journey.aarrr_monthly, ("month",)),
    "industry_stages": (journey.industry_stages, ("track", "stage_code")),
    "conversion_cycle": (journey.conversion_cycle, ("category",)),
    "channel_verdicts": (attribution.channel_verdicts, ("channel_code",)),
    "attribution": (attribution.attribution, ("channel_code", "model")),
    "keyword_costs": (attribution.keyword_costs, ("month", "keyword")),
    "store_performance": (community.store_performance, ("store_id", "month")),
    "community_penetration": (community.community_penetration, ("community_id",)),
    "courier_targets": (community.courier_targets, ("staff_id",)),
    "group_performance": (community.group_performance, ("group_id",)),
    "referrals": (community.referrals, ("user_id",)),
    "referral_k": (community.referral_k, ("month",)),
    "campaign_performance": (campaigns.campaign_performance, ("campaign_id",)),
    "push_fatigue": (campaigns.push_fatigue, ("user_id",)),
    "push_response": (campaigns.push_response, ("pushes_7d_band",)),
    "product_turnover": (campaigns.product_turnover, ("campaign_id", "sku")),
    "user_tags": (tags.user_tags, ("user_id", "tag_code")),
    "tag_history": (tags.tag_history, ("user_id", "tag_code", "valid_from")),
    "tag_value": (tag_value.tag_value, ("tag_code",)),
    "audience_members": (audiences.audience_members, ("audience_code", "user_id")),
    "interest_predictions": (scores.interest_predictions, ("user_id", "category")),
    "interest_quality": (scores.interest_quality, ("method",)),
    "loyalty_ledger": (campaigns.loyalty_ledger, ("user_id", "month")),
}
# Of these the oracle computes the rows for which this holds.
PARTS: dict[str, Callable[[dict], bool]] = {
    **dict.fromkeys(("user_tags", "tag_history", "tag_value"), lambda row: row["tag_code"] in tags.TAGS),
    "audience_members": lambda row: row["audience_code"] in audiences.AUDIENCES,
}
