"""What each platform takes: which identifiers, normalized and hashed as it asks. Pure; each format names its source.

Platforms compare hashes, so an address has to be spelled as they spell it: one character more, and nobody is found.
The vault holds phones as E.164 (`+8613800138000`) and e-mails trimmed, in lower case.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby, zip_longest

from userops.activation.members import Address
from userops.errors import UseropsError

E164 = re.compile(r"\+[1-9]\d{6,14}")
CHINESE_MOBILE = re.compile(r"\+86(1[3-9]\d{9})")
PHONES = {"sms": "phone"}
PHONES_AND_EMAILS = {"email": "email", "sms": "phone"}
Line = tuple[str, ...]


@dataclass(frozen=True)
class Format:
    """A platform's file.

    `media` are the kinds of identifier that it takes by medium, in the order of its columns; `columns` is its header,
    None where it has none. `convert` makes the cell of a kind and value, None where the platform knows no such value.
    """

    name: str
    media: Mapping[str, str]
    columns: Line | None
    convert: Mapping[str, Callable[[str], str | None]]


def sha256(text: str) -> str:
    """Its SHA-256 in lower-case hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def email(value: str) -> str | None:
    """The hash of an e-mail address in lower case without any space; None if it is none."""
    plain = re.sub(r"\s", "", value).lower()
    return sha256(plain) if re.fullmatch(r"[^@]+@[^@]+\.[^@.]+", plain) else None


def phone_e164(value: str) -> str | None:
    """The hash of a phone as E.164, its plus included."""
    return sha256(value) if E164.fullmatch(value) else None


def phone_digits(value: str) -> str | None:
    """The hash of a phone's digits with country code, without plus or leading zeros."""
    return sha256(value.removeprefix("+")) if E164.fullmatch(value) else None


def phone_chinese(value: str) -> str | None:
    """The hash of the eleven digits of a mobile phone in mainland China; None of any other."""
    found = CHINESE_MOBILE.fullmatch(value)
    return sha256(found[1]) if found else None


def google() -> Format:
    """Customer Match: columns `Email` and `Phone`, SHA-256 in hexadecimal, phones as E.164 before.

    Source: Google Ads Help 7659867, "Format your customer data file", and the template it links. The dots in
    addresses of gmail.com stay: the rules for files do not remove them, those of the Data Manager API do.
    """
    return Format("google", PHONES_AND_EMAILS, ("Email", "Phone"), {"email": email, "phone": phone_e164})


def meta() -> Format:
    """Custom Audiences from a customer file: columns `email` and `phone`, SHA-256 in hexadecimal.

    Source: Meta's Marketing API, "Customer File Custom Audiences", hashing and normalization: phones are digits with
    country code, without plus, symbols and leading zeros.
    """
    return Format("meta", PHONES_AND_EMAILS, ("email", "phone"), {"email": email, "phone": phone_digits})


def tencent() -> Format:
    """Tencent Ads, a customer-file audience of the type SHA256_MOBILE_PHONE: one hash a line, no header.

    Source: Tencent Marketing API 3.0, `custom_audience_files/add`: txt or csv, one number a line, then a zip of at most
    100 MB. HASH_MOBILE_PHONE is documented as the MD5 of eleven digits; that SHA-256 is of the same digits is our
    reading.
    """
    return Format("tencent", PHONES, None, {"phone": phone_chinese})


def ocean_engine() -> Format:
    """Ocean Engine (Douyin), a package of the type MOBILE_HASH_SHA256: one hash a line, no header.

    Source: tools written against its data-source API, which call the type "SHA-256 of the mobile phone, 64 hexadecimal
    digits"; its own documentation is behind a login, so try a small package first. The file is what the console takes.
    The API takes the same hashes in Protocol Buffers, which this does not write.
    """
    return Format("ocean_engine", PHONES, None, {"phone": phone_chinese})


FORMATS = {made.name: made for made in (google(), meta(), tencent(), ocean_engine())}


def media_of(format: Format, medium: str | None) -> list[str]:
    """The media whose addresses go into a file; an error if the platform takes none of the medium asked for."""
    if medium is None:
        return list(format.media)
    if medium not in format.media:
        known = " or ".join(format.media)
        raise UseropsError(f"{format.name} finds nobody by {medium}.", fix=f"use --medium {known}, or leave it out.")
    return [medium]


def lines(format: Format, addresses: Iterable[Address], users: set[str], left_out: Counter) -> Iterator[Line]:
    """The lines of a file, of addresses by user: a user's first e-mail and phone in one line, then the next of each.

    Adds to `users` who is in the file, and to `left_out` by reason how many addresses are not.
    """
    for user_id, of_user in groupby(addresses, key=lambda address: address.user_id):
        cells: dict[str, list[str]] = {kind: [] for kind in format.media.values()}
        for address in of_user:
            cell = _cell(format, address, left_out)
            if cell is not None:
                cells[address.kind].append(cell)
        for line in zip_longest(*cells.values(), fillvalue=""):
            users.add(user_id)
            yield line


def _cell(format: Format, address: Address, left_out: Counter) -> str | None:
    if address.kind not in format.convert:
        left_out[f"{address.kind} is not taken"] += 1
        return None
    if address.value is None:
        left_out[f"{address.kind} is not in the vault"] += 1
        return None
    cell = format.convert[address.kind](address.value)
    if cell is None:
        left_out[f"{address.kind} is none that the platform knows"] += 1
    return cell
