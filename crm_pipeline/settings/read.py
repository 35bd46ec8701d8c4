"""The shape of `read:`: where the deliveries of an extract are, one class per kind of source.

Belongs here: keys, types, defaults and rules within `read:`. Does not belong here: the rest of pipeline.yaml (`model`).
"""

from __future__ import annotations

import difflib
import re
from pathlib import PurePath
from string import Formatter
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag, model_validator
from pydantic import field_validator as check

from crm_pipeline.settings.base import Frozen, Name, SourceRead, Text
from crm_pipeline.settings.database import DatabaseRead
from crm_pipeline.settings.rest import RestRead

__all__ = ["KINDS", "DatabaseRead", "FileRead", "Format", "Frozen", "Name", "Read", "RestRead", "Text"]

Format = Literal["csv", "json", "json_lines", "parquet", "excel"]

_FORMAT_OF_SUFFIX: dict[str, Format] = {
    ".json": "json",
    ".jsonl": "json_lines",
    ".ndjson": "json_lines",
    ".parquet": "parquet",
    **dict.fromkeys((".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"), "excel"),
}
_PACKED = (".gz", ".zip")
_WILDCARDS = set("*?[")
_FORMATS_OF_KEY: dict[str, tuple[Format, ...]] = {
    "sheet": ("excel",),
    "header_row": ("csv", "excel"),
    "header": ("csv", "excel"),
    "encoding": ("csv", "json", "json_lines"),
    "delimiter": ("csv",),
    "quote": ("csv",),
    "records": ("json",),
    "as_json": ("json", "json_lines"),
}


def format_of_name(name: str) -> Format | None:
    """The format that a file's suffix names, .gz and .zip behind it apart; None where it names none."""
    path = PurePath(name.lower())
    return _FORMAT_OF_SUFFIX.get(path.with_suffix("").suffix if path.suffix in _PACKED else path.suffix)


class FileRead(SourceRead):
    """Deliveries that are files."""

    kind: ClassVar[str] = "file"

    file: Text = Field(
        description="path relative to the project, or s3://bucket/key; {date} or {date:%Y%m%d} stands for the business "
        "date; a pattern such as orders_*.csv for all files that match"
    )
    endpoint_url: Text | None = Field(None, description="of an S3-compatible service; with s3:// only")
    format: Format | None = Field(
        None,
        description="by default by suffix: json, json_lines (.jsonl, .ndjson), parquet, excel (.xlsx, .xlsm, .xls, "
        ".xlsb, .ods), csv for any other",
    )
    member: Text | None = Field(None, description="name or pattern of the file in a zip archive that holds several")
    unpacked_limit: Text | None = Field(
        None,
        description="most that an archive or a workbook may hold unpacked; a larger one is refused; by default 20GB, "
        "and 1GB of a workbook, which is read into memory",
    )
    sheet: Text | None = Field(None, description="excel only; by default the first sheet that is not hidden")
    header_row: Annotated[int, Field(ge=0, strict=True)] | None = Field(
        None,
        description="csv and excel only: line or row of the header, what is above is passed over; 0 if there is none",
    )
    header: dict[Annotated[int, Field(ge=1)], Text] = Field(
        default_factory=dict,
        description="csv and excel only: names of columns by their number from 1, such as {4: phone_2}, in place of "
        "what the header has there: for names that are blank or come twice, and for files without a header",
    )
    encoding: Text | None = Field(None, description="text only; by default it is detected")
    delimiter: Annotated[str, Field(pattern=r"^[\t -!#-~]$", strict=True)] | None = Field(
        None, description="csv only; by default it is detected"
    )
    quote: Literal['"', "'", "none"] | None = Field(
        None, description="csv only; none where quotes are characters like others; by default it is detected"
    )
    records: Text | None = Field(
        None, description="json only: dotted path to the array of objects, such as data.items; by default the document"
    )
    as_json: tuple[Text, ...] = Field(
        (),
        description="json and json_lines only: dotted paths of objects that are one column of JSON text instead of a "
        "column for each key, such as those whose keys are data",
    )

    inbox: bool = Field(
        False, description="files that match are each loaded once, as they come, and moved to done/ or failed/"
    )
    settle_seconds: float = Field(10, ge=0, le=3600, description="a file of an inbox is complete after so long a rest")
    marker: bool = Field(False, description="a file of an inbox is complete when <name>.done lies beside it")

    @check("file")
    @classmethod
    def _only_date(cls, value: str) -> str:
        try:
            fields = {(name, conversion) for _, name, _, conversion in Formatter().parse(value) if name is not None}
        except ValueError:
            fields = {("", None)}
        if not fields <= {("date", None)}:
            raise ValueError("expected no other placeholder than {date} or {date:%Y%m%d}")
        return value

    @check("unpacked_limit")
    @classmethod
    def _size(cls, value: str | None) -> str | None:
        if value and not re.fullmatch(r"[1-9][0-9]*(MB|GB|TB)", value):
            raise ValueError("expected a size such as 500MB or 20GB")
        return value

    @check("encoding")
    @classmethod
    def _known_encoding(cls, value: str | None) -> str | None:
        try:
            "".encode(value or "utf-8")
        except LookupError as error:
            raise ValueError("expected an encoding that Python knows, such as utf-8, gb18030 or big5") from error
        return value

    @model_validator(mode="after")
    def _keys_of_the_format(self) -> FileRead:
        for key, formats in _FORMATS_OF_KEY.items():
            if key in self.model_fields_set and self.file_format not in formats:
                known = " or ".join(filter(None, (", ".join(formats[:-1]), formats[-1])))
                raise ValueError(f"expected {key} with {known} only; this is {self.file_format}")
        if self.delimiter is not None and self.delimiter == self.quote:
            raise ValueError("expected another character for delimiter than for quote")
        if self.endpoint_url is not None and not self.is_remote:
            raise ValueError("expected endpoint_url with s3:// only")
        if self.header_row == 0 and not self.header:
            raise ValueError("expected header, with a name for each column, where header_row is 0")
        return self

    @model_validator(mode="after")
    def _inbox_is_a_pattern(self) -> FileRead:
        name = PurePath(self.file).name
        is_pattern = _WILDCARDS & set(name) and not _WILDCARDS & set(self.file.removesuffix(name))
        if self.inbox and (self.is_dated or not is_pattern):
            raise ValueError("expected a folder and a pattern of names, as inbox/crm/*.csv, without {date}, with inbox")
        if not self.inbox and {"settle_seconds", "marker"} & self.model_fields_set:
            raise ValueError("expected settle_seconds and marker with inbox: true only")
        return self

    @property
    def file_format(self) -> Format:
        """The format that is written, else the one of the suffix of the file or of its member."""
        return self.format or format_of_name(self.file) or format_of_name(self.member or "") or "csv"

    @property
    def is_remote(self) -> bool:
        """Whether the files lie in a bucket."""
        return self.file.startswith("s3://")

    @property
    def is_pattern(self) -> bool:
        """Whether several files may be one delivery."""
        return bool(set("*?") & set(re.sub(r"\[[*?\[]\]", "", self.file)))  # [*] stands for a star itself

    @property
    def is_dated(self) -> bool:
        """Whether the source can answer for a past date."""
        return "{date" in self.file

    @property
    def described(self) -> str:
        """The format."""
        return self.file_format.replace("_", " ")

    @property
    def place(self) -> str:
        """The path as it is written."""
        return self.file


KINDS: dict[str, type[SourceRead]] = {kind.kind: kind for kind in (FileRead, DatabaseRead, RestRead)}


def _tag(value: Any) -> str:
    """The tag of a kind of `read:`, the one whose key, or nearly, is there; brackets tell it from a key."""
    if isinstance(value, SourceRead):
        return f"[{value.kind}]"
    keys = [str(key) for key in value] if isinstance(value, dict) else []
    near = (difflib.get_close_matches(key, KINDS, n=1, cutoff=0.75) for key in keys)
    found = [kind for kind in KINDS if kind in keys] + [matches[0] for matches in near if matches]
    return f"[{next(iter(found), FileRead.kind)}]"


# A further kind: its class in KINDS, and here with its key as the tag.
Read = Annotated[
    Annotated[FileRead, Tag("[file]")]
    | Annotated[DatabaseRead, Tag("[database]")]
    | Annotated[RestRead, Tag("[rest]")],
    Discriminator(_tag),
]
