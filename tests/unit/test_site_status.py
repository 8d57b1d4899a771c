"""What the head of every page says about the gate."""

from datetime import date

import pytest

from userops.site.status import _gate

DAY = date(2011, 12, 9)
SHOWN = {"version": 2, "business_date": DAY, "run_id": "shown"}
RUN = {"run_id": "shown", "business_date": DAY, "checks": 90, "critical": 0, "warnings": 0}


@pytest.mark.parametrize(
    ("published", "run", "gate", "words"),
    [
        (None, None, "none", "no check has run yet"),
        (SHOWN, RUN, "passed", "passed, 90 checks"),
        (SHOWN, RUN | {"warnings": 1}, "warned", "passed with 1 warning"),
        (SHOWN, RUN | {"run_id": "newer"}, "other", "the run of 2011-12-09 was checked; another version is shown"),
        (
            SHOWN, RUN | {"run_id": "newer", "business_date": date(2011, 12, 10), "critical": 1}, "blocked",
            "blocked the run of 2011-12-10: 1 critical check failed",
        ),
        # What the demo ends with: the date that readers see came once more.
        (
            SHOWN, RUN | {"run_id": "newer", "critical": 3}, "blocked",
            "blocked a later delivery of 2011-12-09: 3 critical checks failed; version 2 stays",
        ),
        (None, RUN | {"critical": 2}, "blocked", "blocked the run of 2011-12-09: 2 critical checks failed"),
    ],
)  # fmt: skip
def test_the_gate_in_words(published, run, gate, words):
    state, said = _gate(published, run)
    assert (state, said.en) == (gate, words)
