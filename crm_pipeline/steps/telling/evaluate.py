"""Published customers judged by labels: what the linkage has right, now and at other thresholds.

Belongs here: reading labels and published files, and putting the figures together. Does not belong here: the measures
(`linkage.evaluation`) or printing. Keys leave this module only in the file of wrong pairs that was asked for.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

import polars as pl

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.linkage.evaluation import Agreement, agreement, at_thresholds, thresholds_from, wrong_pairs
from crm_pipeline.publish import escaped
from crm_pipeline.settings import Project
from crm_pipeline.state.files import appearing
from crm_pipeline.state.measures import MeasureStore, Outcome
from crm_pipeline.tables import PAIRS
from crm_pipeline.warehouse import open_reader

KEY_COLUMNS = ("source", "extract", "source_id")
LABEL_COLUMNS = (*KEY_COLUMNS, "label")

# Where precision and recall are usually weighed against each other; the project's own two are added.
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999)
# A file of so many wrong pairs is read by programs only; 100 MB.
MOST_WRONG_PAIRS = 1_000_000

_RECORDS = """
    SELECT concat_ws('/', source, extract, source_id) AS record_key, customer_id, deleted_on IS NULL AS is_living
    FROM customer_records
"""
_PAIRS = "SELECT record_key_l, record_key_r, matched_by, rule, match_probability, verdict FROM pairs"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What labels say of the published customers.

    Attributes:
        labelled: records with a label, each once.
        found: those of them that are living records of `customer_records`; all measures are over these.
        deleted: those that were published and are deleted.
        unknown: those that `customer_records` does not have: never delivered, or held back in quarantine.
        published: the customers as published.
        by_threshold: match probability to the agreement at it, rising; from the review threshold on, since pairs
            below it are not stored.
        match_threshold: the project's, one of `by_threshold`.
        wrong_pairs_written: rows of the file of wrong pairs; None when none was asked for.
        has_newer_pairs: whether the pairs are of a run that was stopped, and so not those behind the customers:
            measures by threshold, and the evidence of wrong pairs, are then of another run.
    """

    labelled: int
    found: int
    deleted: int
    unknown: int
    published: Agreement
    by_threshold: dict[float, Agreement]
    match_threshold: float
    wrong_pairs_written: int | None
    has_newer_pairs: bool = False

    @property
    def wrong_pairs(self) -> int:
        """False links and missed pairs of the published customers."""
        told = self.published
        return told.predicted_pairs + told.true_pairs - 2 * told.correct_pairs

    def as_dict(self) -> dict[str, Any]:
        """Everything for JSON; a ratio of nothing is null."""
        records = {name: getattr(self, name) for name in ("labelled", "found", "deleted", "unknown")}
        rows = [{"threshold": threshold, **_told(found)} for threshold, found in self.by_threshold.items()]
        return {
            "records": records,
            "published": _told(self.published),
            "match_threshold": self.match_threshold,
            "by_threshold": rows,
            "has_newer_pairs": self.has_newer_pairs,
            "wrong_pairs": self.wrong_pairs,
            "wrong_pairs_written": self.wrong_pairs_written,
        }


def _told(found: Agreement) -> dict[str, Any]:
    ratios = {name: getattr(found, name) for name in ("precision", "recall", "f1", "b_cubed_f1")}
    return asdict(found) | ratios


def evaluate(project: Project, labels_file: Path, errors_file: Path | None = None) -> Evaluation:
    """What the labels say of what is published; the pairs behind the thresholds are those of the last run.

    Args:
        project: the project.
        labels_file: UTF-8 CSV with the columns of `LABEL_COLUMNS`; others are left out. Records with one label are one
            customer.
        errors_file: where to write the wrong pairs, in place of what is there; see `linkage.evaluation.wrong_pairs`.

    Raises:
        ConfigurationError: the labels can't be read as that, name no published record, or nothing is published.
    """
    labels = read_labels(labels_file)
    if errors_file and errors_file.resolve() == labels_file.resolve():
        _refuse(errors_file, "a file of its own for the wrong pairs", "the labels file", "Name another file.")
    with open_reader(project.published_file) as reader:
        records = reader.frame(_RECORDS)
    with open_reader(project.steward_file) as reader:
        pairs = reader.frame(_PAIRS)
    known = labels.join(records, on="record_key", maintain_order="left")
    living = known.filter("is_living").drop("is_living")
    if living.is_empty():
        _refuse_unknown(labels_file, records, known.height)
    settings = project.config.linkage
    thresholds = thresholds_from(settings.review_threshold, settings.match_threshold, THRESHOLDS)
    keys = records.filter("is_living")["record_key"]
    at = at_thresholds(living.select("record_key", "label"), keys, pairs, thresholds)
    return Evaluation(
        labelled=labels.height,
        found=living.height,
        deleted=known.height - living.height,
        unknown=labels.height - known.height,
        published=agreement(living["label"], living["customer_id"]),
        by_threshold=dict(zip(thresholds, at, strict=True)),
        match_threshold=settings.match_threshold,
        wrong_pairs_written=_write_wrong_pairs(living, pairs, errors_file) if errors_file else None,
        has_newer_pairs=_has_newer_pairs(project),
    )


def _has_newer_pairs(project: Project) -> bool:
    """Whether the last run that made pairs was stopped before it published."""
    runs = MeasureStore(project.state / "history" / "measures").runs()
    pairing = [told for told in runs if any(step.step == PAIRS.qualified for step in told.steps)]
    return bool(pairing) and pairing[-1].outcome is Outcome.STOPPED


def _write_wrong_pairs(living: pl.DataFrame, pairs: pl.DataFrame, file: Path) -> int:
    """Number of rows written; the file is readable by its owner only, since keys may lead to persons."""
    found = wrong_pairs(living, pairs, most=MOST_WRONG_PAIRS)
    with appearing(file) as temporary:
        found.with_columns(escaped(pl.col(pl.String))).write_csv(temporary)
    return found.height


def _refuse_unknown(file: Path, records: pl.DataFrame, deleted: int) -> NoReturn:
    if deleted:
        found, cure = f"none that lives; {deleted:,} are deleted", "Label records that are delivered."
    else:
        extracts = records["record_key"].str.extract("^([^/]+/[^/]+)/").unique().sort().to_list()
        found = "none of them"
        cure = f"source and extract are the names in pipeline.yaml; published are: {', '.join(extracts) or 'none'}."
    raise ConfigurationError(where=str(file), expected="records that are published", found=found, cure=cure)


def read_labels(file: Path) -> pl.DataFrame:
    """One row per labelled record, in the order of the file: record_key and label, both trimmed text.

    Raises:
        ConfigurationError: there is no such file, it is no CSV in UTF-8 with the columns of `LABEL_COLUMNS`, it has no
            row or one with a blank among them, or a record has two labels.
    """
    frame = _read(file)
    is_blank = pl.any_horizontal(pl.col(LABEL_COLUMNS).fill_null("") == "")
    blank = frame.with_row_index("row", offset=1).filter(is_blank)["row"]
    if len(blank):
        found = f"blanks in {len(blank):,} of {frame.height:,} rows, first in row {blank[0]:,} below the header"
        _refuse(file, f"a value in each of {', '.join(LABEL_COLUMNS)}", found)
    key = pl.concat_str(KEY_COLUMNS, separator="/").alias("record_key")
    labels = frame.select(key, "label").unique(maintain_order=True)
    twice = labels.filter(pl.col("record_key").is_duplicated())["record_key"].unique(maintain_order=True)
    if len(twice):
        _refuse(file, "one label for a record", f"several for {len(twice):,} records, first {twice[0]}")
    return labels


def _read(file: Path) -> pl.DataFrame:
    """The columns of `LABEL_COLUMNS`, trimmed."""
    header = ",".join(LABEL_COLUMNS)
    if not file.is_file():
        _refuse(file, "a labels file", "none", f"Give a CSV file with the header {header}.")
    try:
        frame = pl.read_csv(file, infer_schema=False)
    except pl.exceptions.NoDataError:
        _refuse(file, f"the header {header}", "an empty file")
    except pl.exceptions.PolarsError:
        _refuse(file, "a CSV file in UTF-8, as many cells in each row as in the header", "another file")
    missing = [name for name in LABEL_COLUMNS if name not in frame.columns]
    if missing:
        _refuse(file, f"the header {header}", f"a header without {', '.join(missing)}")
    if frame.is_empty():
        _refuse(file, "labelled records", "the header alone")
    return frame.select(pl.col(LABEL_COLUMNS).str.strip_chars())


def _refuse(file: Path, expected: str, found: str, cure: str = "Correct the file.") -> NoReturn:
    raise ConfigurationError(where=str(file), expected=expected, found=found, cure=cure)
