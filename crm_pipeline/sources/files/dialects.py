"""Which delimiter and quote CSV text has, proven by columns that are the same in its rows.

Belongs here: candidates and what speaks for each. Does not belong here: records (`csv_records`) or cells (`csv_rows`).
"""

from __future__ import annotations

from dataclasses import dataclass

from crm_pipeline.errors import DeliveryError
from crm_pipeline.sources.files.csv_records import Dialect, cells_of, records_of

_SAMPLE_BYTES = 1 << 20
_DELIMITERS = ",;\t|^"
_SHOWN = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", "^": "caret"}
_LEAST_SHARE = 0.9
"""Share of rows as wide as the header from which on a delimiter is taken although some differ, which are held back."""
_MOST_OF_ANOTHER = 0.5
"""Share that another candidate may have at most then."""


@dataclass(frozen=True, slots=True)
class Found:
    """A dialect, and how it became known."""

    dialect: Dialect
    reason: str


@dataclass(frozen=True, slots=True)
class _Trial:
    """What a dialect makes of the first rows.

    Attributes:
        dialect: that was tried.
        width: cells of the header.
        alike: rows with as many cells, the header among them.
        rows: all rows, those that can't be read among them.
    """

    dialect: Dialect
    width: int
    alike: int
    rows: int

    @property
    def share(self) -> float:
        return self.alike / self.rows if self.rows and self.width > 1 else 0.0

    @property
    def shown(self) -> str:
        quote = "" if self.dialect.quote == '"' else f" with the quote {self.dialect.quote}"
        alike = f"{self.width} columns in {self.alike:,} of {self.rows:,} rows"
        return f"{_SHOWN.get(self.dialect.delimiter, self.dialect.delimiter)}{quote}, {alike}"


def dialect_of(text: bytes, delimiter: str | None, quote: str | None, where: str) -> Found:
    """The dialect that is given, else the one that the text's first megabyte proves.

    A candidate is proven when all rows have as many cells, more than one, as the header; when none is, by nine rows in
    ten, if no other comes near. A text in whose header no candidate occurs has one column.

    Args:
        text: UTF-8, from the header on.
        delimiter: as set; None to find it.
        quote: as set, `none` for no quote; None to find it.
        where: source, extract and file, for messages.

    Raises:
        DeliveryError: no candidate is proven, or several are.
    """
    given = [None if quote == "none" else quote] if quote else None
    if delimiter:
        return Found(_quoted(text, delimiter) if given is None else Dialect(delimiter, given[0]), "as set")
    trials = [_trial(text, Dialect(mark, given[0] if given else '"')) for mark in _DELIMITERS]
    if all(trial.width <= 1 for trial in trials):
        return Found(trials[0].dialect, "one column: no delimiter in the header")
    proven = [trial for trial in trials if trial.share == 1.0]
    if not proven and given is None and b"'" in text[:_SAMPLE_BYTES]:
        single = [_trial(text, Dialect(mark, "'")) for mark in _DELIMITERS]
        proven = [trial for trial in single if trial.share == 1.0]
    near = sorted(trials, key=lambda trial: -trial.share)
    if not proven and near[0].share >= _LEAST_SHARE and near[1].share <= _MOST_OF_ANOTHER:
        proven = near[:1]
    if len(proven) == 1:
        return Found(proven[0].dialect, proven[0].shown)
    raise _undecided(proven or [trial for trial in near if trial.width > 1], where, is_several=bool(proven))


def _quoted(text: bytes, delimiter: str) -> Dialect:
    """The dialect of a given delimiter: with single quotes only where they, and not double ones, are proven."""
    double, single = Dialect(delimiter), Dialect(delimiter, "'")
    if b"'" not in text[:_SAMPLE_BYTES] or _trial(text, double).share in {0.0, 1.0}:
        return double
    return single if _trial(text, single).share == 1.0 else double


def _trial(text: bytes, dialect: Dialect) -> _Trial:
    sample = text[:_SAMPLE_BYTES]
    records = records_of(sample, dialect, 1, is_last=len(text) == len(sample))
    pairs = zip(records.starts.tolist(), records.ends.tolist(), strict=True)
    content = b"\n".join(sample[start:end] for start, end in pairs).decode(errors="replace")
    widths = [len(row) for row in cells_of(content, dialect)]
    width = widths[0] if widths else 0
    return _Trial(dialect, width, widths.count(width), len(widths) + len(records.broken))


def _undecided(trials: list[_Trial], where: str, *, is_several: bool) -> DeliveryError:
    shown = "; ".join(trial.shown for trial in trials)
    return DeliveryError(
        where=where,
        expected="one delimiter under which all rows have the same number of cells",
        found=f"{'several' if is_several else 'none'}: {shown}",
        cure="Set read.delimiter (and read.quote); rows that don't fit are then held back.",
    )
