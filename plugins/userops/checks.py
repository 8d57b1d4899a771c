"""The result of a check, whoever asked the question."""

from dataclasses import dataclass

SEVERITIES = ("critical", "warning", "info")
LAYERS = ("manifest", "contract", "dbt", "scores", "expectations")


@dataclass(frozen=True)
class CheckResult:
    """One answer of one check in one run.

    `subject` is an export or a mart; `observed` and `expected` are short texts without personal data.
    A check that crashed or gave no answer is a failed critical result: no answer blocks.
    `seconds` it took and `rows` it wrote, if known.
    """

    check: str
    layer: str
    subject: str
    severity: str
    passed: bool
    observed: str
    expected: str
    detail: str = ""
    seconds: float | None = None
    rows: int | None = None

    def __post_init__(self) -> None:
        if self.severity not in SEVERITIES:
            raise ValueError(f"severity {self.severity!r} is none of {SEVERITIES}")
        if self.layer not in LAYERS:
            raise ValueError(f"layer {self.layer!r} is none of {LAYERS}")

    @property
    def blocks(self) -> bool:
        """Only a failed critical check blocks the publication."""
        return not self.passed and self.severity == "critical"
