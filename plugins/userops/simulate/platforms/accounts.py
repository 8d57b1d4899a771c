"""The sources of a simulated business: accounts of platforms, and which part of the business each delivers."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from userops.errors import UseropsError
from userops.simulate.platforms.cells import Row, stamp

SHOPS = ("shopify", "taobao", "douyin")
ADVERTISING = {"google_ads": "search_engine", "ocean_engine": "short_video"}
PLATFORMS = (*SHOPS, "wecom", *ADVERTISING)
# Platforms that know China's time and money alone.
CHINESE = ("taobao", "douyin", "wecom", "ocean_engine")
CHINA = "Asia/Shanghai"
REQUIRED = dict.fromkeys(SHOPS, ["orders", "order_lines"]) | {"wecom": ["friendships"]}
Pseudonym = Callable[[str, str], str]


def natural(prefix: str, name: str) -> str:
    """A contact id that shows the platform's own name of the person: what a pseudonym is made of."""
    return f"{prefix}_{name}"


def keyed(key: str) -> Pseudonym:
    """The pseudonyms that ingest makes of names with a deployment's pseudonym key."""
    return lambda prefix, name: f"{prefix}_{hashlib.sha256((key + name).encode()).hexdigest()[:32]}"


@dataclass(frozen=True)
class Account:
    """An account of a platform: `zone` is that of its files, `business_zone` that of canonical ones."""

    name: str
    platform: str
    channel_code: str
    zone: tzinfo
    business_zone: tzinfo
    pseudonym: Pseudonym = natural

    def full(self, name: str) -> str:
        """An id as everything outside this source speaks of it."""
        return f"{self.name}:{name}" if name else ""

    def contact(self, prefix: str, name: str) -> str:
        """The contact id that the platform's mapping makes of a person's name there."""
        return self.full(self.pseudonym(prefix, name)) if name else ""

    def stamp(self, moment: datetime | None) -> str:
        """An instant in a canonical cell."""
        return stamp(moment, self.business_zone)


def accounts_of(
    split: str | Sequence[str], channels: Sequence[Row], zone: ZoneInfo, currency: str, pseudonym: Pseudonym
) -> list[Account]:
    """Read `shopify,taobao` or `shop_us=shopify,shop_eu=shopify`.

    A shop's channel code is its name. Each advertising account reports one paid channel of its kind.
    """
    names = [name.strip() for name in split.split(",")] if isinstance(split, str) else list(split)
    found: list[Account] = []
    for name, _, platform in (entry.partition("=") for entry in names if entry):
        platform = platform or name
        _refuse(name, platform, currency, found)
        code = name if platform in SHOPS else ""
        if platform in ADVERTISING:
            code = _paid_channel(platform, channels, {account.channel_code for account in found})
        own_zone = ZoneInfo(CHINA) if platform in CHINESE else zone
        found.append(Account(name, platform, code, own_zone, zone, pseudonym))
    if not found:
        raise UseropsError("No platform to write the business for.", fix=f"name some of {', '.join(PLATFORMS)}.")
    return found


def _refuse(name: str, platform: str, currency: str, found: Sequence[Account]) -> None:
    if platform not in PLATFORMS:
        raise UseropsError(f"The simulator writes no files of {platform!r}.", fix=f"use {', '.join(PLATFORMS)}.")
    if name in {account.name for account in found}:
        raise UseropsError(f"Two sources are named {name!r}.", fix="write name=platform with different names.")
    if platform == "wecom" and any(account.platform == "wecom" for account in found):
        raise UseropsError("A simulated business has one WeCom.", fix="name wecom once.")
    if platform == "ocean_engine" and currency != "CNY":
        raise UseropsError(f"Ocean Engine reports CNY, the business is in {currency}.", fix="leave ocean_engine out.")


def _paid_channel(platform: str, channels: Sequence[Row], taken: set[str]) -> str:
    category = ADVERTISING[platform]
    for row in channels:
        if row["category"] == category and row["is_paid"] == "true" and row["channel_code"] not in taken:
            return row["channel_code"]
    raise UseropsError(f"The business has no paid channel of category {category} left for {platform}.",
                       fix=f"leave {platform} out, or add such a channel.")


def shop_channels(accounts: Sequence[Account], listed: Sequence[Row], day: str) -> list[Row]:
    """Rows of `channels` for the shops that the business does not list yet."""
    known = {row["channel_code"] for row in listed}
    return [
        {"channel_code": account.channel_code, "channel_name": f"Shop {account.name}", "domain": "public",
         "category": "ecommerce_platform", "is_paid": "false", "pricing_model": "free", "started_on": day}
        for account in accounts if account.platform in SHOPS and account.channel_code not in known
    ]


def sources_yml(accounts: Sequence[Account], currency: str) -> Mapping[str, list[dict]]:
    """The sources.yml under which the files are to be read."""
    return {"sources": [
        {"name": account.name, "platform": account.platform, "timezone": str(account.zone),
         "currency": "CNY" if account.platform in CHINESE else currency,
         "required": list(REQUIRED.get(account.platform, ())), "skus": "shared"}
        | ({"channel_code": account.channel_code} if account.channel_code else {})
        for account in accounts
    ]}
