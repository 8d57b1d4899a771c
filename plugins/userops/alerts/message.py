"""What an alert says. Pure: from results to a title and a body, without personal data."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from userops.checks import LAYERS, CheckResult

OWNER = "data-platform"
SHOWN = 8
# The cause of an outage and of its end.
WAREHOUSE_AWAY = "critical|warehouse_answers@warehouse"
# What a tool's own text might quote: never passed on, whatever the check says.
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
        """What a receiver gets, whatever the way it goes."""
        return {
            "kind": kind,
            "severity": self.severity,
            "title": self.title,
            "body": self.body,
            "business_date": business_date,
            "run_id": run_id,
            "cause": fingerprint(self.cause_key),
        }


def part(result: CheckResult) -> str:
    """The stable name of one failing check."""
    return f"{result.check}@{result.subject}"


def parts_of(cause_key: str) -> frozenset[str]:
    """The failing checks a cause stands for."""
    return frozenset(cause_key.partition("|")[2].split(","))


def roots(results: Iterable[CheckResult]) -> list[CheckResult]:
    """Failed results that are causes: what was merely skipped because of another failure is none."""
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
) -> Message | None:
    """One message over everything that failed in a run; None where nothing did.

    Worst severity first, then causes before what follows from them: a file refused makes figures implausible.
    """
    failed = sorted(roots(results), key=lambda r: (not r.blocks, LAYERS.index(r.layer), part(r)))
    if not failed:
        return None
    severity = failed[0].severity
    key = f"{severity}|{','.join(sorted({part(r) for r in failed}))}"
    state = state or ("blocked" if severity == "critical" else "published with warnings")
    if any(r.check == "run" for r in failed):
        state = "failed"
    subjects = ", ".join(dict.fromkeys(r.subject for r in failed))
    title = f"[{severity}] night {business_date} {state}: {subjects}"
    lines = [
        f"{business_date} is {state}. Severity {severity}, owner {OWNER}, run {run_id}.",
        "",
        *(_finding(r) for r in failed[:SHOWN]),
        *([f"- and {len(failed) - SHOWN} more"] if len(failed) > SHOWN else []),
        "",
        f"Affected: {_affected(failed, state)}",
        f"Since: {since or business_date}",
        readers(published),
        *links,
    ]
    return Message(key, severity, clean(title)[:200], clean("\n".join(lines)))


def recovery(alert_title: str, cause_key: str, business_date: str, run_id: str, since: str) -> Message:
    """The notice that a cause has cleared."""
    title = f"[recovered] night {business_date}: {alert_title.partition('] ')[2] or alert_title}"
    body = (
        f"Run {run_id} of {business_date} published; what was open since {since} has cleared:\n"
        + "\n".join(f"- {name}" for name in sorted(parts_of(cause_key))[:SHOWN])
        + f"\nReaders see {business_date}."
    )
    return Message(cause_key, "info", clean(title)[:200], clean(body))


def away(finding: CheckResult, since: str) -> Message:
    """The warehouse cannot be used: no night can run, and perhaps nobody can read."""
    lines = [
        f"The warehouse is away. Severity {finding.severity}, owner {OWNER}.",
        "",
        _finding(finding),
        "",
        "Affected: dashboards that read it, and every night until it is back; what nights have to tell waits in it.",
        f"Since: {since}",
    ]
    title = f"[{finding.severity}] the warehouse does not answer"
    return Message(WAREHOUSE_AWAY, finding.severity, title, clean("\n".join(lines)))


def back(since: str) -> Message:
    """The notice that the warehouse can be used again."""
    body = f"Away since {since}, it can be read and written again. `userops status` says where nights stand."
    return Message(WAREHOUSE_AWAY, "info", "[recovered] the warehouse answers again", body)


def readers(published: tuple[int, str] | None) -> str:
    """What readers see meanwhile."""
    if published is None:
        return "Readers see nothing yet: no version was published."
    return f"Readers still see version {published[0]} of {published[1]}."


def clean(text: str) -> str:
    """Drop what a database adds after DETAIL, and mask anything shaped like an e-mail or a phone."""
    kept = [line for line in text.splitlines() if not line.lstrip().startswith(("DETAIL:", "CONTEXT:"))]
    return PERSONAL.sub("[masked]", "\n".join(kept))


def fingerprint(text: str) -> str:
    """A short stable id of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _finding(result: CheckResult) -> str:
    detail = f" ({result.detail})" if result.detail else ""
    return f"- {result.check} on {result.subject}: found {result.observed}, expected {result.expected}{detail}"


def _affected(failed: list[CheckResult], state: str) -> str:
    if state == "held":
        return "every mart stays as it is for readers until a person approves: `userops approve --date D --by NAME`."
    if state != "published with warnings":
        return "every mart stays as it is for readers: a night publishes all of them or none."
    return "marts that read " + ", ".join(dict.fromkeys(r.subject for r in failed)) + "; they are published."
