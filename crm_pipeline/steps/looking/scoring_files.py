"""A CSV or Excel file of records, each beside the published customers that it may be.

Belongs here: the file as records, under standard names or by the mapping of an extract, and the lines that come out.
Does not belong here: comparing one record (`score`), reading any file (`spreadsheet_files`). No value is logged, and
names of columns are not quoted: of a file without a header they would be somebody's data.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from crm_pipeline import standardise
from crm_pipeline.errors import ConfigurationError, DeliveryError
from crm_pipeline.publish import escaped
from crm_pipeline.settings import Extract, Project
from crm_pipeline.sources.mapped_columns import mapped_columns
from crm_pipeline.sources.mapping import map_rows
from crm_pipeline.state.delivery import LINE
from crm_pipeline.steps.date_forms import date_columns, find_forms
from crm_pipeline.steps.looking.score import Candidate, DuplicateCheck
from crm_pipeline.steps.readable import cleaned
from crm_pipeline.steps.run import private_files, utc_now
from crm_pipeline.steps.spreadsheet_files import read_sheets, write_file
from crm_pipeline.steps.vocabulary import vocabulary_of
from crm_pipeline.tables import ENTITIES, polars_type, std

STANDARD = "standard"
"""What a file is read as whose header names standard columns."""

CUSTOMER, PROBABILITY, VERDICT = "[customer_id]", "[probability]", "[verdict]"
RECORD, FOUND_BY = "[record]", "[found by]"
NOBODY = "none"
_WHERE, _SHEET = "score --file", "score"
_IDS = "external_ids"
_COLUMNS = {column.name: column for column in ENTITIES["customers"]}
_LISTS = ("phones", "emails")
_BETWEEN = r"[;；,，、\n]"  # several numbers or addresses in one cell
Progress = Callable[[str, int, int], None]  # what, lines done, lines in all


@dataclass(frozen=True, slots=True)
class ScoredFile:
    """What became of a file.

    Attributes:
        read_as: `standard`, or the extract by whose mapping it was read, as source.extract.
        unread: columns that neither names.
        lines: a row per line of the file, in its order: its cells as text, `LINE`, and `CUSTOMER`, `PROBABILITY` (0 to
            1), `VERDICT` (link, review or none), `RECORD` and `FOUND_BY` of the likeliest customer; nulls and none
            where there is none.
    """

    read_as: str
    unread: int
    lines: pl.DataFrame

    def count(self, verdict: str) -> int:
        """Lines with that verdict."""
        return int((self.lines[VERDICT] == verdict).sum())


def score_file(
    project: Project,
    file: Path,
    *,
    read_as: str | None = None,
    least_probability: float | None = None,
    progress: Progress | None = None,
) -> ScoredFile:
    """Each line of a file with the likeliest customer.

    Args:
        project: whose customers.
        file: CSV, or a workbook with one filled sheet; the first line is the header.
        read_as: `standard`, or an extract of customers as source.extract; None to read it as that which knows most of
            its columns.
        least_probability: less likely customers are left out; None for the project's review threshold.
        progress: told after each line.

    Raises:
        ConfigurationError: it can't be read, nothing knows its columns, several know them equally well, or nothing is
            published.
    """
    rows = _rows(project, file)
    texts = [name for name in rows.columns if name != LINE]
    chosen = _reading(project, texts, read_as)
    frame, known = _by_mapping(project, rows, chosen) if chosen in _extracts(project) else _by_name(project, rows)
    best: list[Candidate | None] = []
    with DuplicateCheck.open(project) as check:
        for row in frame.select(name for name in frame.columns if name in std("customers").column_names).iter_slices(1):
            best.append(next(iter(check.candidates(row, least_probability=least_probability)), None))
            if progress:
                progress("lines looked for", len(best), frame.height)
    return ScoredFile(chosen, len(set(texts) - known), rows.hstack(_told(best)))


def write_scored(scored: ScoredFile, target: Path) -> None:
    """The lines as a file, cells as they came, behind them what was found; readable by its owner only.

    Raises:
        ConfigurationError: it can't be written there.
    """
    lines = scored.lines.drop(LINE)
    texts = lines.select(pl.all().cast(pl.String).fill_null(""))
    write_file(target, {_SHEET: texts.select(escaped(pl.all()))}, where="score --out")


def _told(best: list[Candidate | None]) -> pl.DataFrame:
    cells: dict[str, list[Any]] = {
        CUSTOMER: [each and each.customer_id for each in best],
        PROBABILITY: [each and each.match_probability for each in best],
        VERDICT: [each.verdict if each else NOBODY for each in best],
        RECORD: [each and each.record_key for each in best],
        FOUND_BY: [each and f"{each.matched_by}: {each.rule}" for each in best],
    }
    return pl.DataFrame(
        {
            name: pl.Series(name, values, pl.Float64 if name == PROBABILITY else pl.String)
            for name, values in cells.items()
        }
    )


def _rows(project: Project, file: Path) -> pl.DataFrame:
    """The lines of the only filled sheet, all text, with `LINE`; marks of an earlier scoring are left out."""
    if not file.is_file():
        raise _refusal(file, "a file", "none", "Name a file.")
    folder = project.var / "scoring"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with private_files(), tempfile.TemporaryDirectory(dir=folder) as temporary:
            sheets = [sheet.rows for sheet in read_sheets(file, Path(temporary))]
    except DeliveryError as error:
        raise _refusal(file, error.expected, error.found, "Save it as .xlsx, or as CSV in UTF-8.") from None
    filled = [rows for rows in sheets if rows.height] or sheets[:1]
    if len(filled) != 1:
        raise _refusal(file, "one sheet with rows", str(len(filled)), "Leave one sheet in it.")
    return filled[0].drop(CUSTOMER, PROBABILITY, VERDICT, RECORD, FOUND_BY, strict=False)


def _extracts(project: Project) -> dict[str, Extract]:
    """The mapped extracts of customers, by source.extract; contacts in their rows apart."""
    extracts = project.config.extracts
    return {f"{source}.{name}": extract for source, name, extract in extracts if extract.entity == "customers"}


def _reading(project: Project, columns: list[str], read_as: str | None) -> str:
    """What the file is read as."""
    extracts = _extracts(project)
    if read_as is not None:
        if read_as != STANDARD and read_as not in extracts:
            known = ", ".join([STANDARD, *extracts])
            raise ConfigurationError(where="--as", expected=f"one of {known}", found=read_as, cure="Name one of these.")
        return read_as
    counts = {STANDARD: len(_standard(columns))}
    counts |= {name: len(_named(columns, extract)) for name, extract in extracts.items()}
    most = max(counts.values())
    fit = [name for name, count in counts.items() if count == most]
    if not most:
        raise ConfigurationError(
            where=_WHERE,
            expected="a header with standard columns of customers, or with the columns of a mapped extract",
            found=f"none of either among {len(columns)} columns",
            cure="Name the columns in the first line, such as name, phones, emails; docs/tables.md has all.",
        )
    if len(fit) > 1:
        raise ConfigurationError(
            where=_WHERE, expected="a header that one mapping knows best", found=f"{len(fit)}: {', '.join(fit)}",
            cure=f"Say which by --as {fit[0]}.",
        )  # fmt: skip
    return fit[0]


def _standard(columns: list[str]) -> list[str]:
    """Those that name a standard column; `external_ids.loyalty` is an identifier of that namespace."""
    return [
        name for name in columns if (name in _COLUMNS and name != _IDS) or (name.startswith(f"{_IDS}.") and name[13:])
    ]


def _by_name(project: Project, rows: pl.DataFrame) -> tuple[pl.DataFrame, set[str]]:
    """The lines standardised, and the columns that were read."""
    read = _standard(rows.columns)
    namespaced = [name for name in read if name.startswith(f"{_IDS}.")]
    cells = [
        pl.col(name).str.replace_all(_BETWEEN, ";").str.split(";") if name in _LISTS else pl.col(name)
        for name in read
        if name not in namespaced
    ]
    if namespaced:
        pairs = [
            pl.struct(pl.lit(name.removeprefix(f"{_IDS}.")).alias("namespace"), pl.col(name).alias("value"))
            for name in namespaced
        ]
        cells.append(pl.concat_list(pairs).cast(polars_type(_COLUMNS[_IDS].type)).alias(_IDS))
    config, words = project.config, vocabulary_of(project)
    context = standardise.Context(
        config.default_country,
        config.timezone,
        utc_now().date(),
        aliases=words.aliases,
        industry_synonyms=words.industry_synonyms,
    )
    return standardise.standardise("customers", rows.select(cells), context).frame, set(read)


def _by_mapping(project: Project, rows: pl.DataFrame, name: str) -> tuple[pl.DataFrame, set[str]]:
    """The lines mapped and standardised as the extract's deliveries are; columns that the file lacks count as empty."""
    extract = _extracts(project)[name]
    named = _named(rows.columns, extract)
    present = {column.casefold() for column in rows.columns}
    missing = [column for column in mapped_columns(extract) if column.casefold() not in present]
    filled = rows.rename(named).with_columns(pl.lit("").alias(column) for column in missing)
    mapped = map_rows(filled, extract, source=name.split(".", maxsplit=1)[0])
    columns = date_columns(extract, project.config.extras("customers"))
    forms = find_forms(extract, columns, lambda column: mapped[column], {})
    frame = cleaned(project, extract, mapped, utc_now().date(), vocabulary_of(project), forms).frame
    return frame, set(named)


def _named(columns: list[str], extract: Extract) -> dict[str, str]:
    """The file's columns that the mapping names, each with the mapping's spelling; capitals do not count."""
    wanted = {name.casefold(): name for name in reversed(mapped_columns(extract))}
    return {column: wanted[column.casefold()] for column in columns if column.casefold() in wanted}


def _refusal(file: Path, expected: str, found: str, cure: str) -> ConfigurationError:
    return ConfigurationError(where=str(file), expected=expected, found=found, cure=cure)
