"""What of the business its platforms cannot say: counted value by value, each with its reason."""

from collections import Counter
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from userops.contracts.model import load_contracts
from userops.simulate.platforms.accounts import Account
from userops.simulate.platforms.cells import Row, instant
from userops.simulate.platforms.names import SPEAKS_OF
from userops.yaml_files import read

REASONS = Path(__file__).with_name("cannot_say.yml")
# Of these only whether they are there counts: platforms have ids and spellings of their own.
PRESENCE = {*SPEAKS_OF, "refund_id", "phone", "external_userid"}
# Platforms tell no time of a change: `updated_at` is the latest instant of the row itself, which orders versions alone.
UNTOLD = {"updated_at"}


class Losses:
    """Differences between canonical rows and what a perfect mapping makes of the platforms' files."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._values: dict[tuple[str, str], Counter] = {}
        self._rows: dict[tuple[str, str], Counter] = {}
        self._platforms: dict[str, str] = {}

    def compare(self, account: Account, export: str, canonical: Row, expected: Row) -> None:
        """Count the values of a canonical row that the platform's does not have."""
        self._platforms[account.name] = account.platform
        kinds = _kinds(export)
        lost = [
            name for name, cell in canonical.items()
            if cell and name not in UNTOLD
            and not self._is_same(name, kinds.get(name, "text"), cell, expected.get(name, ""))
        ]
        self._values.setdefault((account.name, export), Counter()).update(lost)

    def _is_same(self, name: str, kind: str, cell: str, said: str) -> bool:
        if not said or name in PRESENCE:
            return bool(said)
        if kind == "timestamptz":
            return instant(cell, self.zone) == instant(said, self.zone)
        if kind in ("numeric", "integer", "bigint"):
            return Decimal(cell) == Decimal(said)
        return cell.lower() == said.lower()

    def leave_out(self, source: str, platform: str, export: str, reason: str, rows: int = 1) -> None:
        """Count rows that no source delivers; `reason` is a key of cannot_say.yml."""
        self._platforms[source] = platform
        if rows:
            self._rows.setdefault((source, export), Counter())[reason] += rows

    def document(self) -> dict:
        """Source, export, column: how many values are lost and why; `rows`: which rows are in no file."""
        reasons = read(REASONS).content
        found: dict = {}
        for (source, export), lost in sorted(self._values.items()):
            said = reasons[self._platforms[source]].get(export, {})
            if unexplained := sorted(set(lost) - set(said)):
                raise ValueError(f"{source} loses {export}.{unexplained[0]} and cannot_say.yml does not say why")
            columns = {name: {"values": lost[name], "why": said[name]} for name in sorted(lost)}
            if columns:
                found.setdefault(source, {})[export] = columns
        for (source, export), left in sorted(self._rows.items()):
            rows = [{"rows": left[reason], "why": reasons["rows"][reason]} for reason in sorted(left)]
            found.setdefault(source, {}).setdefault(export, {})["rows_left_out"] = rows
        return found


@lru_cache
def _kinds(export: str) -> dict[str, str]:
    return {column.name: column.type for column in load_contracts()[export].columns}
