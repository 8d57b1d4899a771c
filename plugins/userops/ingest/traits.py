"""What the bytes of a file have somewhere, so that its cells are asked only for what can be there."""

import re
from dataclasses import dataclass

# Zero-width space, non-joiner and joiner, direction marks, word joiner, byte order mark; two non-breaking spaces.
INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00a0\u202f"
ERRORS = (
    "#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#FIELD!", "#BLOCKED!",
    "#CONNECT!", "#BUSY!", "#UNKNOWN!", "#ERROR!", "#GETTING_DATA",
)  # fmt: skip
LONGEST = max(len(word) for word in ERRORS)
ERROR_BYTES = re.compile("|".join(re.escape(word) for word in ERRORS).encode())
INVISIBLE_BYTES = tuple(character.encode() for character in INVISIBLE)
# A day or time that a spreadsheet wrote its own way when it saved the file: `2026/3/2 9:05`. It does so to all of them.
RESPELLED = re.compile(rb"[12]\d{3}(/\d{1,2}/\d|-\d-\d|-\d\d-\d(?!\d)|-\d\d-\d\d \d:)")
LOOKED_FOR_TIMES = 1 << 20
# A single byte is found fifty times faster than several.
INVISIBLE_STARTS = tuple(dict.fromkeys(mark[:1] for mark in INVISIBLE_BYTES))


@dataclass
class Traits:
    """What was seen of a file.

    `epoch` is the day from which a spreadsheet's bare numbers are counted as dates, None for other files.
    """

    is_ascii: bool = True
    has_invisible: bool = False
    has_errors: bool = False
    has_json: bool = False
    has_respelled_times: bool = False
    epoch: str | None = None
    _end: bytes = b""
    _looked: int = 0

    def look(self, text: bytes) -> None:
        """Take in the next piece of the file."""
        self.is_ascii = self.is_ascii and text.isascii()
        for piece in (self._end + text[:LONGEST], text):
            self.has_errors = self.has_errors or (b"#" in piece and ERROR_BYTES.search(piece) is not None)
            self.has_json = self.has_json or b"{" in piece or b"[" in piece
            if not (self.has_invisible or self.is_ascii):
                starts = tuple(start for start in INVISIBLE_STARTS if start in piece)
                self.has_invisible = any(mark in piece for mark in INVISIBLE_BYTES if mark.startswith(starts))
        if not self.has_respelled_times and self._looked < LOOKED_FOR_TIMES:
            self.has_respelled_times = RESPELLED.search(text) is not None
        self._looked += len(text)
        self._end = (self._end + text[-LONGEST:])[-LONGEST:]
