"""Outage alerts bypass the outbox, which is in the warehouse: one per outage and target, and one when it is over.

`USEROPS_HOME`/warehouse_outage.json keeps who was told. Where it cannot be written either (the same disk is full), the
next look tells again: rather twice than never.
"""

import json
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx

from userops.alerts import delivery, message
from userops.checks import CheckResult
from userops.settings import Settings

log = logging.getLogger(__name__)


@dataclass
class Outage:
    """When it began, and which targets were told (by fingerprint: targets may hold secrets)."""

    since: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    told: list[str] = field(default_factory=list)

    @property
    def message_id(self) -> int:
        """The same for every attempt; negative, because the outbox counts from 1."""
        return -int(datetime.fromisoformat(self.since).timestamp())


def tell(settings: Settings, reason: str, transport: httpx.BaseTransport | None = None) -> CheckResult:
    """Alert every target that does not know of this outage yet; where one fails, use a fallback."""
    language = settings.language
    finding = CheckResult(
        "warehouse_answers", "manifest", "warehouse", "critical", False, message.clean(reason).rstrip(".")[:500],
        message.text("outage_expected", language), message.text("outage_fix", language),
    )
    outage = _read(settings) or Outage()
    for target in settings.alert_targets:
        if message.fingerprint(target) in outage.told:
            continue
        text = message.outage(finding, outage.since, language)
        if _sent([target], text, "alert", outage.message_id, transport):
            outage.told.append(message.fingerprint(target))
        else:
            _sent(list(settings.alert_fallbacks), text, "alert", outage.message_id, transport)
    _keep(settings, outage)
    return finding


def clear(settings: Settings, transport: httpx.BaseTransport | None = None) -> None:
    """Tell the targets that know of the outage that it is over; one that cannot be reached is told at the next look."""
    outage = _read(settings)
    if outage is None:
        return
    for target in settings.alert_targets:
        known = message.fingerprint(target)
        text = message.outage_over(outage.since, settings.language)
        if known in outage.told and _sent([target], text, "recovery", outage.message_id, transport):
            outage.told.remove(known)
    if {message.fingerprint(target) for target in settings.alert_targets} & set(outage.told):
        _keep(settings, outage)
    else:
        _path(settings).unlink()


def _sent(
    targets: list[str], text: message.Message, kind: str, message_id: int, transport: httpx.BaseTransport | None
) -> bool:
    """Whether one of the targets accepted it; the first that does is the last that is tried."""
    for target in targets:
        try:
            delivery.send(target, message_id, text.payload(kind), transport)
            return True
        except delivery.DeliveryFailed as error:
            log.error("%s did not accept '%s': %s", delivery.shown(target), text.title, error)
    return False


def _path(settings: Settings) -> Path:
    return settings.home / "warehouse_outage.json"


def _read(settings: Settings) -> Outage | None:
    path = _path(settings)
    if not path.exists():
        return None
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return Outage(str(kept["since"]), list(kept["told"]))
    except (ValueError, KeyError, TypeError) as error:
        # It was cut off while being written, so nobody knows who was told.
        log.error("%s is not readable (%s): the outage is told again", path, error)
        return None


def _keep(settings: Settings, outage: Outage) -> None:
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        _path(settings).write_text(json.dumps({"since": outage.since, "told": outage.told}), encoding="utf-8")
    except OSError as error:
        log.error("%s cannot be written (%s): the next look tells of the outage again", _path(settings), error.strerror)
