"""Errors that a person reads: what happened, where, and how to mend it."""

EXIT_OK = 0
EXIT_BLOCKED = 1
EXIT_USAGE = 2
EXIT_FAILED = 3


class UseropsError(Exception):
    """A failure with its mend; `exit_code` is what the command line returns (2 usage, 3 safe to run again)."""

    def __init__(self, what: str, *, mend: str = "", exit_code: int = EXIT_USAGE) -> None:
        super().__init__(what)
        self.what = what
        self.mend = mend
        self.exit_code = exit_code

    def __str__(self) -> str:
        return f"{self.what} To mend: {self.mend}" if self.mend else self.what


class Blocked(UseropsError):
    """The gate refused the night; readers keep the version they have."""

    def __init__(self, what: str, *, mend: str = "") -> None:
        super().__init__(what, mend=mend, exit_code=EXIT_BLOCKED)


class Overtaken(UseropsError):
    """Another run holds, or has taken, the right to write."""

    def __init__(self, what: str, *, mend: str = "") -> None:
        super().__init__(what, mend=mend, exit_code=EXIT_FAILED)


def first_line(error: BaseException) -> str:
    """What an error says first, or its kind: lines that follow, a database's DETAIL, may quote cell values."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
