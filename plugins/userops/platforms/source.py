"""Sources: the accounts of platforms that a business has, and which files are theirs.

`sources.yml` lists them; a platform needs no entry there where one source of its name will do.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from userops.contracts.model import load_contracts
from userops.errors import UseropsError
from userops.platforms.layout import (
    NAME,
    Layout,
    Platform,
    check_bytes,
    check_exports,
    fits,
    names_as_text,
    unpacked_name,
)  # fmt: skip
from userops.platforms.platform_file import check_values
from userops.platforms.telling import by_head, by_words
from userops.yaml_files import Mistake, YamlModel

CANONICAL = "canonical"
# The name of a file with the contracts' shape.
CANONICAL_NAME = re.compile(
    r"^(?P<export>[a-z_]+)(?:\.(?P<part>[^.]+))?\.(?P<format>csv|jsonl|parquet|xlsx|xls)(?P<packed>\.gz|\.zst)?$"
)
PAID, DELIVERED = "paid", "delivered"
# Identifiers that only mean something within one app or one WeCom tenant.
WITHIN_NAMESPACE = ("external_userid", "device_id")


class SourceEntries(YamlModel):
    """A source as `sources.yml` has it; what is left out is as its platform, or else the business, has it.

    `counts_when` says when an order counts: once `paid`, once `delivered`, or, for payment methods named there,
    delivered. `exports` are those that are taken of its files, all where left out. `sheet` is read of its workbooks.
    """

    name: str
    platform: str | None = None
    files: tuple[str, ...] = ()
    channel_code: str | None = None
    timezone: str | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str = ""
    default_country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    counts_when: str | dict[str, str] = PAID
    required: tuple[str, ...] | None = None
    exports: tuple[str, ...] | None = None
    namespace: str | None = None
    skus: Literal["shared", "own"] = "shared"
    values: dict[str, str] = {}

    @field_validator("name")
    @classmethod
    def _is_name(cls, name: str) -> str:
        if not NAME.match(name) or name == CANONICAL:
            raise Mistake(f"name {name!r}", "write small letters, digits and _, a letter first; canonical is taken")
        return name

    @field_validator("timezone")
    @classmethod
    def _is_zone(cls, name: str | None) -> str | None:
        try:
            ZoneInfo(name or "UTC")
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise Mistake(f"there is no time zone {name!r}", "use an IANA name such as Asia/Shanghai") from None
        return name

    @field_validator("counts_when")
    @classmethod
    def _is_rule(cls, rule: str | dict[str, str]) -> str | dict[str, str]:
        words = [rule] if isinstance(rule, str) else rule.values()
        if not all(word in (PAID, DELIVERED) for word in words):
            raise Mistake("counts_when is neither paid nor delivered",
                          "write paid, delivered, or `{a payment method: delivered}`")
        return rule

    @model_validator(mode="after")
    def _check(self) -> "SourceEntries":
        check_bytes(self.encoding, self.delimiter)
        check_values(self.values)
        check_exports((*(self.required or ()), *(self.exports or ())))
        return self


@dataclass(frozen=True)
class Source:
    """One account of a platform: what is said of it, and the layouts of its files as they are for it.

    Without layouts its files have the contracts' shape.
    """

    said: SourceEntries
    platform: Platform | None
    layouts: tuple[Layout, ...] = ()

    @property
    def name(self) -> str:
        """What stands in front of its ids."""
        return self.said.name

    @property
    def required(self) -> tuple[str, ...] | None:
        """The exports that it must bring every night; None where neither it nor its platform says so."""
        if self.said.required is not None or self.platform is None:
            return self.said.required
        return self.platform.required

    @property
    def files(self) -> tuple[str, ...]:
        """Patterns of its own; none where those of the layouts hold."""
        return self.said.files or (self.platform.files if self.platform else ())

    @property
    def patterns(self) -> list[str]:
        """The file names that are looked for."""
        return list(self.files) or [pattern for layout in self.layouts for pattern in layout.files]

    def patterns_of(self, export: str) -> list[str]:
        """The file names in which an export is looked for."""
        layouts = [layout for layout in self.layouts if export in layout.exports and self.takes(export)]
        return list(self.files) or [pattern for layout in layouts for pattern in layout.files]

    def takes(self, export: str) -> bool:
        """Whether the export is taken of its files."""
        return self.said.exports is None or export in self.said.exports

    def prefixed(self, id_of: str) -> bool:
        """Whether ids of such things are its own, so that its name stands in front of them."""
        return id_of != "products" or self.said.skus == "own"

    def namespace_of(self, kind: str) -> str:
        """The namespace within which an identifier of a kind joins people; empty: the whole business."""
        return (self.said.namespace or "") if kind in WITHIN_NAMESPACE else ""

    def counts_delivered(self) -> bool | tuple[str, ...]:
        """Whether all orders count when they are delivered, or those of which payment methods."""
        rule = self.said.counts_when
        if isinstance(rule, str):
            return rule == DELIVERED
        return tuple(method for method, word in rule.items() if word == DELIVERED)

    def names_of(self, file_name: str) -> tuple[str, ...]:
        """The name, and what is left of it without the source's or the platform's name in front."""
        starts = (self.name, *((self.platform.name,) if self.platform else ()))
        name = unpacked_name(file_name).casefold()
        return (name, *(name.removeprefix(f"{start}_") for start in starts if name.startswith(f"{start}_")))

    def is_named_by(self, file_name: str) -> bool:
        """Whether a file's name begins with the source's."""
        return file_name.casefold().startswith(f"{self.name}_")

    def claims(self, file_name: str, in_its_folder: bool = False) -> list[Layout]:
        """The layouts that a file of that name may have if it is the source's; none if it is not.

        Patterns tell layouts. Of a file that its folder, the start of its name or the source's own `files` tell, all
        with that ending may be meant. A layout of CSV also reads a spreadsheet.
        """
        for name in (file_name, *names_as_text(file_name)):
            found = self._claims(name, in_its_folder)
            if name != file_name:
                found = [layout for layout in found if layout.format == "csv"]
            if found:
                return found
        return []

    def _claims(self, file_name: str, in_its_folder: bool) -> list[Layout]:
        names = self.names_of(file_name)
        told = in_its_folder or self.is_named_by(file_name) or any(fits(name, self.files) for name in names)
        if self.files and not told:
            return []
        found = [layout for layout in self.layouts if any(layout.matches(name) for name in names)]
        if told and not found and not any(canonical_name(name) for name in names):
            return [layout for layout in self.layouts if _ends_like(file_name, layout)]
        return found

    def layouts_of(
        self, file_name: str, in_its_folder: bool = False, head: Callable[[], bytes] | None = None
    ) -> list[Layout]:
        """The layouts that a file is read by; several only where they hold different exports.

        `head` gives the beginning of its bytes: where its name does not tell which of several it has, its columns do.
        """
        found = self.claims(file_name, in_its_folder)
        exports = [export for layout in found for export in layout.exports]
        if len(set(exports)) == len(exports):
            return found
        if any(layout.matches(name) for name in self.names_of(file_name) for layout in found):
            raise UseropsError(
                f"{file_name} fits more than one layout of {self.layouts[0].platform}.",
                fix=f"name it as that platform names its files, or narrow the patterns of `files` in"
                f" platforms/{self.layouts[0].platform}.yml.",
            )
        return (by_head(head(), found) if head else []) or by_words(file_name, found)


def _ends_like(file_name: str, layout: Layout) -> bool:
    ending = PurePath(unpacked_name(file_name)).suffix.casefold()
    return ending in {PurePath(unpacked_name(pattern)).suffix.casefold() for pattern in layout.files}


def make_source(said: SourceEntries, platform: Platform | None) -> Source:
    """A source of what is said of it and its platform, whose layouts take on what differs for it."""
    if platform is None:
        return Source(said, None)
    known = platform.values or {}
    if said.channel_code and "channel" not in known:
        raise Mistake(f"platform {platform.name} writes no channel_code", "remove `channel_code`")
    unknown = sorted(set(said.values) - set(known))
    if unknown:
        raise Mistake(f"platform {platform.name} knows no value {unknown[0]!r}",
                      f"use one of {', '.join(known)}" if known else "remove it")
    values = known | ({"channel": said.channel_code} if said.channel_code else {}) | said.values
    changed = {name: value for name in ("encoding", "delimiter") if (value := getattr(said, name)) is not None}
    layouts = tuple(
        layout.model_copy(update={"values": values} | (changed if layout.format == "csv" else {}))
        for layout in platform.layouts
    )
    return Source(said, platform, layouts)


@dataclass(frozen=True)
class Sources:
    """The sources that a run reads beside the canonical files."""

    all: tuple[Source, ...] = ()

    @property
    def names(self) -> list[str]:
        """Their names."""
        return [source.name for source in self.all]

    def named(self, name: str) -> Source | None:
        """The source of that name."""
        return next((source for source in self.all if source.name == name), None)

    def of_file(self, file_name: str) -> Source | None:
        """Whose file it is by its name; a name that begins with a source's is of that source alone."""
        fitting = [source for source in self.all if source.claims(file_name)]
        fitting += [source for source in self.all if source not in fitting and _is_canonical_of(source, file_name)]
        named = sorted((one for one in fitting if one.is_named_by(file_name)), key=lambda one: -len(one.name))
        found = named[:1] or fitting
        if len(found) > 1:
            names = [source.name for source in found]
            raise UseropsError(
                f"{file_name} fits {len(names)} sources: {', '.join(names)}.",
                fix=f"put it into a folder of its source ({names[0]}/{file_name}), start its name with the source"
                f" ({names[0]}_{file_name}), or say in sources.yml which `files` each has.",
            )
        return found[0] if found else None


def _is_canonical_of(source: Source, file_name: str) -> bool:
    """Whether it is a file of the contracts' shape, with the source's name in front."""
    return source.is_named_by(file_name) and canonical_name(file_name[len(source.name) + 1 :]) is not None


def canonical_name(file_name: str) -> re.Match[str] | None:
    """The parts of a name such as `orders.2.csv.gz`; None where it names no export."""
    match = CANONICAL_NAME.match(file_name)
    return match if match and match["export"] in load_contracts() else None
