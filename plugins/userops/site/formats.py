"""Values as people read them, and as charts and embedded JSON need them."""

import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

DASH = "–"


class Formats:
    """Formats by name, for one currency and business timezone."""

    def __init__(self, currency: str, timezone: str) -> None:
        self.currency = currency
        self.zone = ZoneInfo(timezone)
        self._named: dict[str, Callable[[object], str]] = {
            "text": self._text,
            "integer": lambda v: f"{int(v):,}",
            "decimal": lambda v: f"{_round(v, 2):,}",
            "money": lambda v: f"{_round(v, 2):,}",
            "percent": lambda v: f"{_round(Decimal(str(v)) * 100, 1):,} %",
            "day": str,
            "moment": lambda v: v.astimezone(self.zone).strftime("%Y-%m-%d %H:%M"),
        }

    def show(self, value: object, name: str) -> str:
        """The value under this format; a dash for what is not known."""
        return DASH if value is None else self._named[name](value)

    def label(self, label: str, name: str) -> str:
        """The label, with the currency where amounts stand under it."""
        return f"{label}, {self.currency}" if name == "money" else label

    @staticmethod
    def kind(name: str) -> str:
        """How a table sets this format: `number` to the right, `day` on one line, or as text."""
        return {"day": "day", "moment": "day", "text": "text"}.get(name, "number")

    @staticmethod
    def _text(value: object) -> str:
        if isinstance(value, bool):
            return "yes" if value else "no"
        return str(value)


def _round(value: object, places: int) -> Decimal:
    # Added to 0, because what rounds to nothing from below is no "-0.0" to a reader.
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP) + 0


def plain(value: object) -> object:
    """A value as Vega-Lite takes it."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value


def script_json(data: object) -> str:
    """JSON that cannot end, or open anything in, the script element it stands in."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
