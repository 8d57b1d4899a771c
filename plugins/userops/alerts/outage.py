"""That the warehouse is away is told past the outbox, which lies in it: once an outage a target, and when it is back.

What was told stands in `USEROPS_HOME`/warehouse_away.json. Where that cannot be written either (the same disk is full),
the next look tells again: rather twice than never.
"""

import json
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from userops.alerts import delivery, message
from userops.checks import CheckResult
from userops.settings import Settings

log = logging.getLogger(__name__)


@dataclass
class Outage:
    """Since when the warehouse is away, and the targets (by fingerprint: they may hold secrets) that were told."""

    since: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    told: list[str] = field(default_factory=list)

    @property
    def message_id(self) -> int:
        """The same at every try and of no message in an outbox, which count from 1."""
        return -int(datetime.fromisoformat(self.since).timestamp())


def tell(settings: Settings, reason: str) -> CheckResult:
    """Send an alert to every target that does not know of this outage; a fallback stands in for one that fails."""
    finding = CheckResult(
        "warehouse_answers", "manifest", "warehouse", "critical", False, message.clean(reason).rstrip(".")[:500],
        "a warehouse that can be read and written", "look at the server, its log and its disks, then `userops doctor`",
    )
    outage = _read(settings) or Outage()
    for target in settings.alert_targets:
        if message.fingerprint(target) in outage.told:
            continue
        text = message.away(finding, outage.since)
        if _sent([target], text, "alert", outage.message_id):
            outage.told.append(message.fingerprint(target))
        else:
            _sent(list(settings.alert_fallbacks), text, "alert", outage.message_id)
    _keep(settings, outage)
    return finding


def clear(settings: Settings) -> None:
    """Tell those who were told that the warehouse is back; who cannot be reached is told at the next look."""
    outage = _read(settings)
    if outage is None:
        return
    for target in settings.alert_targets:
        known = message.fingerprint(target)
        if known in outage.told and _sent([target], message.back(outage.since), "recovery", outage.message_id):
            outage.told.remove(known)
    if {message.fingerprint(target) for target in settings.alert_targets} & set(outage.told):
        _keep(settings, outage)
    else:
        _path(settings).unlink()


def _sent(targets: list[str], text: message.Message, kind: str, message_id: int) -> bool:
    """Whether the first target that answers took it."""
    for target in targets:
        try:
            delivery.send(target, message_id, text.payload(kind))
            return True
        except delivery.DeliveryFailed as error:
            log.error("%s did not take '%s': %s", delivery.shown(target), text.title, error)
    return False


def _path(settings: Settings) -> Path:
    return settings.home / "warehouse_away.json"


def _read(settings: Settings) -> Outage | None:
    path = _path(settings)
    if not path.exists():
        return None
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return Outage(str(kept["since"]), list(kept["told"]))
    except (ValueError, KeyError, TypeError) as error:
        # Cut off while it was written: who was told is not known any more.
        log.error("%s is not readable (%s): the outage is told again", path, error)
        return None


def _keep(settings: Settings, outage: Outage) -> None:
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        _path(settings).write_text(json.dumps({"since": outage.since, "told": outage.told}), encoding="utf-8")
    except OSError as error:
        log.error("%s cannot be written (%s): the next look tells of the outage again", _path(settings), error.strerror)
