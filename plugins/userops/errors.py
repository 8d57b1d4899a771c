"""Errors that a person reads: what happened, where, and how to fix it."""

EXIT_OK = 0
EXIT_BLOCKED = 1
EXIT_USAGE = 2
EXIT_FAILED = 3


class UseropsError(Exception):
    """A failure with its fix; `exit_code` is what the command line returns (2 usage, 3 safe to run again)."""

    def __init__(self, what: str, *, fix: str = "", exit_code: int = EXIT_USAGE) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix
        self.exit_code = exit_code

    def __str__(self) -> str:
        return f"{self.what} Fix: {self.fix}" if self.fix else self.what


class Blocked(UseropsError):
    """The gate refused the run; readers keep the version they have."""

    def __init__(self, what: str, *, fix: str = "") -> None:
        super().__init__(what, fix=fix, exit_code=EXIT_BLOCKED)


class Superseded(UseropsError):
    """Another run has the right to write."""

    def __init__(self, what: str, *, fix: str = "") -> None:
        super().__init__(what, fix=fix, exit_code=EXIT_FAILED)


def first_line(error: BaseException) -> str:
    """The first line of an error, or its kind: the lines after it, a database's DETAIL, may quote cell values."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
