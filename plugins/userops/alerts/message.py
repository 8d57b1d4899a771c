"""The text of alerts, in English or Chinese: from check results to a title and a body, without personal data.

The fixed parts are in `texts.yml`; what a check found and expected comes in the words that the check itself chose.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

import yaml

from userops.checks import LAYERS, CheckResult

OWNER = "data-platform"
SHOWN = 8
# Layers whose results are about one delivered file.
OF_FILES = ("manifest", "contract")
# The cause of an outage alert, and of the notice that it is over.
OUTAGE = "critical|warehouse_answers@warehouse"
# Values that a tool's own text might quote; they are masked, whatever the check says.
PERSONAL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+|\+\d[\d -]{7,}\d|(?<!\d)1[3-9]\d{9}(?!\d)")


@dataclass(frozen=True)
class Message:
    """One message for one cause; `parts` are the failing `check@subject` it stands for."""

    cause_key: str
    severity: str
    title: str
    body: str

    @property
    def parts(self) -> frozenset[str]:
        return parts_of(self.cause_key)

    def payload(self, kind: str, business_date: str = "", run_id: str = "") -> dict[str, str]:
        """The content that a receiver gets, by whichever channel."""
        return {
            "kind": kind,
            "severity": self.severity,
            "title": self.title,
            "body": self.body,
            "business_date": business_date,
            "run_id": run_id,
            "cause": fingerprint(self.cause_key),
        }


@cache
def _texts() -> dict[str, dict[str, str]]:
    return yaml.safe_load((Path(__file__).resolve().parent / "texts.yml").read_text(encoding="utf-8"))


def text(key: str, language: str, **values: object) -> str:
    """A text of texts.yml, filled in."""
    return _texts()[key][language].format(**values)


def part(result: CheckResult) -> str:
    """The stable name of one failing check."""
    return f"{result.check}@{result.subject}"


def parts_of(cause_key: str) -> frozenset[str]:
    """The failing checks that a cause stands for."""
    return frozenset(cause_key.partition("|")[2].split(","))


def roots(results: Iterable[CheckResult]) -> list[CheckResult]:
    """Failed results that are causes; a check that was skipped because of another failure is not."""
    failed = [r for r in results if not r.passed and r.severity != "info"]
    return [r for r in failed if not r.observed.startswith("skipped")] or failed


def alert(
    results: Iterable[CheckResult],
    business_date: str,
    run_id: str,
    published: tuple[int, str] | None,
    since: str | None = None,
    links: Sequence[str] = (),
    state: str = "",
    explains: Mapping[str, Sequence[str]] = MappingProxyType({}),
    language: str = "en",
) -> Message | None:
    """One message about everything that failed in a run; None if nothing did.

    Worst severity first, then causes before their consequences: a refused file makes figures implausible. Checks that
    another failed one `explains` (by check) are folded below it. `state` is `held` where the run waits for a person.
    """
    failed = sorted(roots(results), key=lambda r: (not r.blocks, LAYERS.index(r.layer), part(r)))
    if not failed:
        return None
    severity = failed[0].severity
    key = f"{severity}|{','.join(sorted({part(r) for r in failed}))}"
    state = state or ("blocked" if severity == "critical" else "warned")
    if any(r.check == "run" for r in failed):
        state = "failed"
    causes = fold(failed, explains)
    words = {"severity": text(severity, language), "state": text(state, language), "date": business_date}
    title = text("title", language, subjects=_subjects(causes, language), **words)
    lines = [
        text("intro", language, owner=OWNER, run=run_id, **words),
        "",
        *(_finding(cause, language, follow) for cause, follow in list(causes.items())[:SHOWN]),
        *([text("more", language, n=len(causes) - SHOWN)] if len(causes) > SHOWN else []),
        "",
        text("affected", language, what=_affected(failed, state, language)),
        text("since", language, since=since or business_date),
        readers(published, language),
        *links,
    ]
    return Message(key, severity, clean(title)[:200], clean("\n".join(lines)))


def fold(
    failed: Sequence[CheckResult], explains: Mapping[str, Sequence[str]]
) -> dict[CheckResult, list[CheckResult]]:
    """The failed results that no other explains, each with those that follow from it, in the order given.

    A check explains those that `explains` names; a file what else is wrong with it, as another export is cut from it
    too; and the refusal of an export's file what is implausible of that export, or refers to its rows. A warning
    explains no critical failure: that one blocks, and is told by itself.
    """
    causes: dict[CheckResult, list[CheckResult]] = {}
    cause_of = {
        result: next(
            (other for place, other in enumerate(failed) if (other.blocks or not result.blocks) and (
                (result.check in explains.get(other.check, ()) and other.check != result.check)
                or (place < failed.index(result) and _file(other) and _file(other) == _file(result))
                or _is_without(result, other)
            )), None,
        )
        for result in failed
    }  # fmt: skip
    for result in failed:
        cause, seen = result, {result}
        while (above := cause_of[cause]) is not None and above not in seen:
            cause = above
            seen.add(cause)
        causes.setdefault(cause, []).extend([] if cause is result else [result])
    return causes


def _file(result: CheckResult) -> str:
    """The delivered file that a result is about: its detail begins with the name."""
    return result.detail.partition(":")[0] if result.layer in OF_FILES else ""


def _is_without(result: CheckResult, refusal: CheckResult) -> bool:
    """Whether a finding follows from a refused file: it is of that export, or of references to its rows."""
    if refusal.layer not in OF_FILES or not refusal.blocks or result.layer != "expectations":
        return False
    return result.subject.split()[-1] == refusal.subject or f"of_unknown_{refusal.subject}" in result.check


def recovery(
    alert_title: str, cause_key: str, business_date: str, run_id: str, since: str, language: str = "en"
) -> Message:
    """Say that a cause has cleared."""
    title = f"[{text('recovered', language)}] {business_date}: {alert_title.partition('] ')[2] or alert_title}"
    lines = [
        text("cleared", language, run=run_id, date=business_date, since=since),
        *(f"- {name}" for name in sorted(parts_of(cause_key))[:SHOWN]),
        text("readers_now", language, date=business_date),
    ]
    return Message(cause_key, "info", clean(title)[:200], clean("\n".join(lines)))


def outage(finding: CheckResult, since: str, language: str = "en") -> Message:
    """Say that the warehouse cannot be used: no run can start, and perhaps nobody can read."""
    severity = text(finding.severity, language)
    lines = [
        text("outage_intro", language, severity=severity, owner=OWNER),
        "",
        _finding(finding, language),
        "",
        text("affected", language, what=text("outage_affected", language)),
        text("since", language, since=since),
    ]
    title = f"[{severity}] {text('outage', language)}"
    return Message(OUTAGE, finding.severity, title, clean("\n".join(lines)))


def outage_over(since: str, language: str = "en") -> Message:
    """Say that the warehouse can be used again."""
    title = f"[{text('recovered', language)}] {text('outage_over', language)}"
    return Message(OUTAGE, "info", title, text("outage_over_body", language, since=since))


def readers(published: tuple[int, str] | None, language: str = "en") -> str:
    """The version that readers see meanwhile."""
    if published is None:
        return text("readers_nothing", language)
    return text("readers", language, version=published[0], date=published[1])


def clean(text: str) -> str:
    """Drop the lines a database adds as DETAIL, and mask anything that looks like an e-mail address or a phone."""
    kept = [line for line in text.splitlines() if not line.lstrip().startswith(("DETAIL:", "CONTEXT:"))]
    return PERSONAL.sub("[masked]", "\n".join(kept))


def fingerprint(text: str) -> str:
    """A short, stable id of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _finding(result: CheckResult, language: str, follow: Sequence[CheckResult] = ()) -> str:
    """What was found first, then what was expected, what to do, and the check by its name."""
    # Some findings name their subjects themselves, as there may be several.
    found = result.observed.removeprefix(f"{result.subject}: ")
    lines = [
        text("finding", language, subject=result.subject, found=found),
        text("expected", language, expected=result.expected),
        *([text("detail", language, detail=result.detail)] if result.detail else []),
        text("check", language, check=result.check) + _following(follow, language),
    ]
    return "\n".join(lines)


def _following(follow: Sequence[CheckResult], language: str) -> str:
    if not follow:
        return ""
    checks = text("comma", language).join(dict.fromkeys(result.check for result in follow))
    return text("follow", language, n=len(follow), checks=checks)


def _affected(failed: list[CheckResult], state: str, language: str) -> str:
    if state == "held":
        return text("affected_held", language)
    if state != "warned":
        return text("affected_none", language)
    return text("affected_warned", language, subjects=_subjects(failed, language))


def _subjects(results: Iterable[CheckResult], language: str) -> str:
    return text("comma", language).join(dict.fromkeys(result.subject for result in results))
