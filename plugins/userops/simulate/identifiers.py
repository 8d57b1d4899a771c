"""Phones, e-mails and ids as sources spell them."""

import numpy as np

from userops.simulate.csv_columns import Cells, Column, blank, digits, ident, table
from userops.simulate.people import SHARED
from userops.simulate.world import World

# As it is kept; with the country code; with spaces; with a code behind the sign that spreadsheets hide.
SPELLINGS = (0.82, 0.07, 0.07, 0.04)
_MAIL_FRONT = table(["person", "PERSON", "Person"])
_MAIL_BACK = table(["@example.com", "@EXAMPLE.COM", "@Example.com"])


def phones(world: World, number: np.ndarray, spelling: np.ndarray, has: np.ndarray) -> Column:
    """Phones that are valid in the business's country, in one of the SPELLINGS."""
    country = world.country
    fronts = table(["", f"+{country.prefix}", "", f"'+{country.prefix}"])
    start = np.frombuffer(country.first_digits.encode(), dtype=np.uint8)

    def cells(rows: np.ndarray) -> Cells:
        chosen, written = number[rows], spelling[rows]
        shown = np.where(chosen == SHARED, 10**country.digits - 1, chosen)
        front, back = fronts[written], digits(shown, country.digits)
        middle = np.broadcast_to(start, (len(rows), len(start))).copy()
        if country.first_digits.startswith("0"):
            middle[(written == 1) | (written == 3), 0] = 0
        space = np.where(written == 2, ord(" "), 0).astype(np.uint8)[:, None]
        return blank(np.concatenate([front, middle, space, back[:, :4], space, back[:, 4:]], axis=1), ~has[rows])

    return cells


def mails(number: np.ndarray, spelling: np.ndarray, has: np.ndarray) -> Column:
    """E-mails, small, in capitals or mixed."""

    def cells(rows: np.ndarray) -> Cells:
        front, back = _MAIL_FRONT[spelling[rows]], _MAIL_BACK[spelling[rows]]
        return blank(np.concatenate([front, digits(number[rows], 8), back], axis=1), ~has[rows])

    return cells


def keys(prefix: str, number: np.ndarray, has: np.ndarray) -> Column:
    """A prefix and a number; for device ids the shared one too."""
    return ident(prefix, np.where(has, np.where(number == SHARED, 99_999_999, number), -1))
