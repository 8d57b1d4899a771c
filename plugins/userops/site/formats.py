"""Values as JSON holds them, and the headline numbers as a page shows them before any script runs."""

import json
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

DASH = "–"
SYMBOLS = {"CNY": "¥", "GBP": "£", "EUR": "€", "USD": "$", "JPY": "¥", "HKD": "HK$", "TWD": "NT$", "KRW": "₩"}


def plain(value: object, zone: ZoneInfo) -> object:
    """A value as JSON holds it; moments in the business timezone."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        return value.astimezone(zone).strftime("%Y-%m-%d %H:%M")
    return value.isoformat() if isinstance(value, date) else value


def script(name: str, data: object) -> str:
    """A script that gives the page its data: a page opened from a folder may not fetch a JSON file."""
    return f"window.{name} = {json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(',', ':'))};\n"


def show(value: object, format: str, currency: str) -> str:
    """The number under its format; a dash for what is not known."""
    if value is None:
        return DASH
    number = Decimal(str(value))
    if format == "percent":
        return f"{_round(number * 100, 1):,}%"
    if format == "money":
        return f"{SYMBOLS.get(currency, currency + ' ')}{_round(number, 0):,}"
    if format == "price":
        return f"{SYMBOLS.get(currency, currency + ' ')}{_round(number, 2):,}"
    places = {"integer": 0, "decimal": 2, "factor": 3, "ratio": 2, "times": 2}.get(format, 1)
    return f"{_round(number, places):,}" + ("\xa0:\xa01" if format == "ratio" else "")


def _round(value: Decimal, places: int) -> Decimal:
    # Added to 0, because what rounds to nothing from below is no "-0.0" to a reader.
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP) + 0
