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
_LOOKED_AT = 50  # rows among which a header below others is looked for


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
        rows: line and number of cells of each, the header first; 0 cells of a line that can't be read.
    """

    dialect: Dialect
    rows: tuple[tuple[int, int], ...]

    @property
    def width(self) -> int:
        return next((width for _, width in self.rows if width), 0)

    @property
    def alike(self) -> int:
        """Rows with as many cells as the header, which is among them."""
        return sum(width == self.width for _, width in self.rows)

    @property
    def share(self) -> float:
        return self.alike / len(self.rows) if self.rows and self.width > 1 else 0.0

    @property
    def shown(self) -> str:
        return f"{self.named}, {self.width} columns in {self.alike:,} of {len(self.rows):,} rows"

    @property
    def named(self) -> str:
        quote = "" if self.dialect.quote == '"' else f" with the quote {self.dialect.quote}"
        return f"{_SHOWN.get(self.dialect.delimiter, self.dialect.delimiter)}{quote}"

    @property
    def misfit(self) -> tuple[int, str]:
        """The first line that does not fit, and what it has."""
        line, width = next(row for row in self.rows if row[1] != self.width)
        return line, f"{width} cells" if width else "a quote that is not closed, or not doubled inside a cell"


@dataclass(frozen=True, slots=True)
class _Table:
    """Rows that fit together below others with fewer cells.

    Attributes:
        trial: under which they do.
        line: of the first of them, the header.
        width: cells of each.
        count: how many there are.
    """

    trial: _Trial
    line: int
    width: int
    count: int


def dialect_of(text: bytes, delimiter: str | None, quote: str | None, where: str, *, first_line: int = 1) -> Found:
    """The dialect that is given, else the one that the text's first megabyte proves.

    A candidate is proven when all rows have as many cells, more than one, as the header; when none is, by nine rows in
    ten, if no other comes near. A text in whose header no candidate occurs has one column.

    Args:
        text: UTF-8, from the header on.
        delimiter: as set; None to find it.
        quote: as set, `none` for no quote; None to find it.
        where: source, extract and file, for messages.
        first_line: number of the text's first line.

    Raises:
        DeliveryError: no candidate is proven, or several are; or the header is below a title block.
    """
    given = [None if quote == "none" else quote] if quote else None
    if delimiter:
        return Found(_quoted(text, delimiter) if given is None else Dialect(delimiter, given[0]), "as set")
    trials = [_trial(text, Dialect(mark, given[0] if given else '"'), first_line) for mark in _DELIMITERS]
    below = _table_below(trials)
    if all(trial.width <= 1 for trial in trials):
        if below and below.count * 2 >= len(below.trial.rows):
            raise _below_a_title(below, where)
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
    if not proven and below:
        raise _below_a_title(below, where)
    raise _undecided(proven or [trial for trial in near if trial.width > 1], where, is_several=bool(proven))


def width_of_header(header: list[str], below: int | None = None) -> int:
    """The columns of a header, by the cells of the row below: blank cells at its end that no cell is below are none."""
    is_wider = below is not None and below < len(header)
    return below if below and is_wider and not any(cell.strip() for cell in header[below:]) else len(header)


def _quoted(text: bytes, delimiter: str) -> Dialect:
    """The dialect of a given delimiter: with single quotes only where they, and not double ones, are proven."""
    double, single = Dialect(delimiter), Dialect(delimiter, "'")
    if b"'" not in text[:_SAMPLE_BYTES] or _trial(text, double).share in {0.0, 1.0}:
        return double
    return single if _trial(text, single).share == 1.0 else double


def _trial(text: bytes, dialect: Dialect, first_line: int = 1) -> _Trial:
    sample = text[:_SAMPLE_BYTES]
    records = records_of(sample, dialect, first_line, is_last=len(text) == len(sample))
    pairs = zip(records.starts.tolist(), records.ends.tolist(), strict=True)
    content = b"\n".join(sample[start:end] for start, end in pairs).decode(errors="replace")
    rows = list(cells_of(content, dialect))
    widths = [len(row) for row in rows]
    widths[:1] = [width_of_header(row, *widths[1:2]) for row in rows[:1]]
    broken = [(line, 0) for line, _, _ in records.broken]
    return _Trial(dialect, tuple(sorted([*zip(records.lines.tolist(), widths, strict=False), *broken])))


def _table_below(trials: list[_Trial]) -> _Table | None:
    """The widest rows that are alike, nine in ten, below some with fewer cells; of at least two rows."""
    found = []
    for trial in trials:
        widest = 0
        for place, (line, width) in enumerate(trial.rows[:_LOOKED_AT]):
            if place and width > max(widest, 1):
                below = trial.rows[place:]
                count = sum(other == width for _, other in below)
                if count > 1 and count >= _LEAST_SHARE * len(below):
                    found.append(_Table(trial, line, width, count))
                    break
            widest = max(widest, width)
    return max(found, key=lambda table: (table.count, table.width), default=None)


def _below_a_title(table: _Table, where: str) -> DeliveryError:
    first, cells = table.trial.rows[0]
    return DeliveryError(
        where=where,
        expected="a header with as many cells as the rows below it",
        found=f"{cells} in line {first}, but {table.width} from line {table.line} on ({table.trial.named})",
        cure=f"Set read.header_row to {table.line} if the header is there, else set read.delimiter.",
    )


def _undecided(trials: list[_Trial], where: str, *, is_several: bool) -> DeliveryError:
    found, cure = "; ".join(trial.shown for trial in trials), ""
    if not is_several:
        line, what = trials[0].misfit
        found += f"; line {line} has {what}"
        cure = f"See whether line {line} is whole. "
    return DeliveryError(
        where=where,
        expected="one delimiter under which all rows have the same number of cells",
        found=f"{'several' if is_several else 'none'}: {found}",
        cure=f"{cure}Set read.delimiter (and read.quote); rows that don't fit are then held back.",
    )
