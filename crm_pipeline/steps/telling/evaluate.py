"""Published customers judged by labels: what the linkage has right, now and at other thresholds, and what went wrong.

Belongs here: reading published files, and putting the figures together. Does not belong here: the measures
(`linkage.evaluation`), reading labels (`labels`), what can be judged (`judging`), or printing. Keys leave this module
only in the file of wrong pairs and in the examples that were asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from crm_pipeline.linkage.evaluation import (
    MISSED,
    Agreement,
    LabelledPairs,
    PairCounts,
    Reason,
    compared,
    thresholds_from,
    with_reasons,
)
from crm_pipeline.publish import escaped
from crm_pipeline.settings import Project
from crm_pipeline.state.files import appearing
from crm_pipeline.state.measures import MeasureStore, Outcome
from crm_pipeline.steps.reviewing.held import constraints_of
from crm_pipeline.steps.telling.judging import Published, judge
from crm_pipeline.steps.telling.labels import PairLabels, read_labels, refuse
from crm_pipeline.tables import PAIRS
from crm_pipeline.warehouse import open_reader

# Where precision and recall are usually weighed against each other; the project's own two are added.
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999)

_RECORDS = """
    SELECT concat_ws('/', source, extract, source_id) AS record_key, customer_id, deleted_on IS NULL AS is_living
    FROM customer_records
"""
_PAIRS = "SELECT record_key_l, record_key_r, matched_by, rule, match_weight, match_probability, verdict FROM pairs"
_CONFLICTS = "SELECT record_key_l, record_key_r, blocked_by FROM conflicts"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What labels say of the published customers.

    Attributes:
        unit: what is labelled: records or pairs.
        labelled: records with a label, or labelled pairs, each once.
        found: those of them that are living records of `customer_records`, of pairs both; all measures are over these.
        deleted: those that were published and are deleted, of pairs at least one.
        unknown: those that `customer_records` does not have, of pairs at least one: never delivered, or held back in
            quarantine.
        published: the customers as published.
        by_threshold: match probability to the measures at it, rising; from the review threshold on, since pairs
            below it are not stored.
        match_threshold: the project's, one of `by_threshold`.
        by_sources: pair of sources to the counts between them as published.
        reasons: verdict and reason of the wrong pairs to how many; only such as there are.
        not_looked_at: wrong pairs besides, of the customers and labels with most of them.
        examples: rows of `linkage.evaluation.with_reasons`, as many of each verdict and reason as were asked for.
        wrong_pairs_written: rows of the file of wrong pairs; None when none was asked for.
        has_newer_pairs: whether the pairs are of a run that was stopped, and so not those behind the customers:
            measures by threshold, and the evidence of wrong pairs, are then of another run.
    """

    unit: str
    labelled: int
    found: int
    deleted: int
    unknown: int
    published: Agreement | LabelledPairs
    by_threshold: Mapping[float, Agreement | LabelledPairs]
    match_threshold: float
    by_sources: Mapping[tuple[str, str], PairCounts]
    reasons: Mapping[tuple[str, Reason], int]
    not_looked_at: int
    examples: pl.DataFrame
    wrong_pairs_written: int | None
    has_newer_pairs: bool = False

    @property
    def is_as_published(self) -> bool:
        """Whether the customers at the project's threshold agree with the labels as the published ones do."""
        return self.by_threshold[self.match_threshold] == self.published

    def as_dict(self) -> dict[str, Any]:
        """Everything for JSON; a ratio of nothing is null."""
        judged = {name: getattr(self, name) for name in ("labelled", "found", "deleted", "unknown")}
        return {
            self.unit: judged,
            "published": _told(self.published),
            "match_threshold": self.match_threshold,
            "by_threshold": [{"threshold": at} | _told(found) for at, found in self.by_threshold.items()],
            "by_sources": [{"sources": list(both)} | _told(found) for both, found in self.by_sources.items()],
            "has_newer_pairs": self.has_newer_pairs,
            "is_as_published": self.is_as_published,
            "wrong_pairs": self.published.wrong_pairs,
            "wrong_pairs_by_reason": [
                {"verdict": verdict, "reason": reason.value, "pairs": pairs}
                for (verdict, reason), pairs in self.reasons.items()
            ],
            "wrong_pairs_not_looked_at": self.not_looked_at,
            "examples": self.examples.to_dicts(),
            "wrong_pairs_written": self.wrong_pairs_written,
        }


def _told(found: PairCounts) -> dict[str, Any]:
    return asdict(found) | found.ratios


def evaluate(project: Project, labels_file: Path, errors_file: Path | None = None, *, examples: int = 0) -> Evaluation:
    """What the labels say of what is published; the pairs behind the thresholds are those of the last run.

    Args:
        project: the project.
        labels_file: UTF-8 CSV with the columns of `labels.LABEL_COLUMNS` or `labels.PAIR_COLUMNS`; others are left out.
        errors_file: where to write the wrong pairs, in place of what is there; see `linkage.evaluation.with_reasons`.
        examples: wrong pairs to show of each verdict and reason.

    Raises:
        ConfigurationError: the labels can't be read as that, name no published record, or nothing is published.
    """
    labels = read_labels(labels_file)
    if errors_file and errors_file.resolve() == labels_file.resolve():
        refuse(errors_file, "a file of its own for the wrong pairs", "the labels file", "Name another file.")
    published = _published(project)
    judged = judge(labels, published)
    wrong = _reasoned(project, judged.wrong, published)
    return Evaluation(
        unit="pairs" if isinstance(labels, PairLabels) else "records",
        labelled=judged.labelled,
        found=judged.found,
        deleted=judged.deleted,
        unknown=judged.labelled - judged.found - judged.deleted,
        published=judged.published,
        by_threshold=dict(zip(published.thresholds, judged.at_thresholds, strict=True)),
        match_threshold=project.config.linkage.match_threshold,
        by_sources=judged.by_sources,
        reasons=_by_reason(wrong),
        not_looked_at=judged.published.wrong_pairs - wrong.height,
        examples=wrong.filter(pl.int_range(pl.len()).over("verdict", "reason") < examples),
        wrong_pairs_written=_write_wrong_pairs(wrong, errors_file) if errors_file else None,
        has_newer_pairs=_has_newer_pairs(project),
    )


def _published(project: Project) -> Published:
    with open_reader(project.published_file) as reader:
        records = reader.frame(_RECORDS)
    with open_reader(project.steward_file) as reader:
        pairs, conflicts = reader.frame(_PAIRS), reader.frame(_CONFLICTS)
    settings = project.config.linkage
    return Published(
        records,
        pairs,
        conflicts,
        thresholds_from(settings.review_threshold, settings.match_threshold, THRESHOLDS),
        constraints_of(project),
    )


def _reasoned(project: Project, wrong: pl.DataFrame, published: Published) -> pl.DataFrame:
    """The wrong pairs with reasons; of missed ones that are not in `link.pairs` the index knows why."""
    keys = ["record_key_l", "record_key_r"]
    unknown = wrong.filter(pl.col("verdict") == MISSED).join(published.pairs, on=keys, how="anti").select(keys)
    if project.matching_file.exists():
        with open_reader(project.matching_file) as index:
            found = compared(index, unknown)
    else:
        found = unknown.with_columns(pl.lit(Reason.NOT_KNOWN.value).alias("compared"))
    return with_reasons(wrong, published.pairs, published.conflicts, found)


def _by_reason(wrong: pl.DataFrame) -> dict[tuple[str, Reason], int]:
    """Missed pairs first, in the order of reasons."""
    counts = {(verdict, reason): n for verdict, reason, n in wrong.group_by("verdict", "reason").len().rows()}
    verdicts = sorted({verdict for verdict, _ in counts}, reverse=True)
    both = ((verdict, reason) for verdict in verdicts for reason in Reason)
    return {each: counts[each] for each in both if each in counts}


def _has_newer_pairs(project: Project) -> bool:
    """Whether the last run that made pairs was stopped before it published."""
    runs = MeasureStore(project.state / "history" / "measures").runs()
    pairing = [told for told in runs if any(step.step == PAIRS.qualified for step in told.steps)]
    return bool(pairing) and pairing[-1].outcome is Outcome.STOPPED


def _write_wrong_pairs(wrong: pl.DataFrame, file: Path) -> int:
    """Number of rows written; the file is readable by its owner only, since keys may lead to persons."""
    with appearing(file) as temporary:
        wrong.with_columns(escaped(pl.col(pl.String))).write_csv(temporary)
    return wrong.height
