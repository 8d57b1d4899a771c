"""The decision over a run, from the worst failed severity: pure, and the project's rather than the tool's."""

from collections.abc import Iterable

from userops.checks import CheckResult


def decide(results: Iterable[CheckResult]) -> str:
    """`block` where a critical check failed or nothing was checked at all, `warn` where a warning did."""
    results = list(results)
    if not results or any(r.blocks for r in results):
        return "block"
    return "warn" if any(not r.passed and r.severity == "warning" for r in results) else "publish"
