"""Scores that SQL cannot give in the time there is: customer value (BG/NBD, Gamma-Gamma) and category interest.

Between two dbt calls of a night: the first builds the numbered inputs, the second turns the scores into marts.
numpy and scipy are imported inside `run`: the DAG's parser reads this module.
"""

from datetime import date

from userops.checks import CheckResult
from userops.settings import Settings

EPOCH = date(1970, 1, 1)


def run(url: str, settings: Settings, business_date: date) -> list[CheckResult]:
    """Score the buyers that `build` holds as of the business date into the tables `build.score_*`.

    Returns what became of each model; where there is too little to learn from the scores are null and nothing fails.
    All tables are replaced in one transaction.
    """
    from userops.scoring import steps

    return steps.score(url, settings, (business_date - EPOCH).days)
