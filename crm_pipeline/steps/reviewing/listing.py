"""The review queue as people see it: what is open now, and which decisions something disagrees with.

Belongs here: reading the stewards' file beside the decisions taken since. Does not belong here: which questions there
are (`linkage`), files (`handing_out`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.linkage.clustering.questions import unanswered
from crm_pipeline.settings import Project
from crm_pipeline.steps.reviewing.asking import entered
from crm_pipeline.steps.reviewing.held import decisions_of, store_of
from crm_pipeline.warehouse import Warehouse, open_reader

_NEEDED = """
    SELECT count(*) = 4 FROM duckdb_columns() WHERE (table_name, column_name) IN
        (('review_queue', 'priority'), ('review_records', 'record_key'), ('link_decisions', 'disagreement'),
        ('clusters', 'cluster_key'))
"""
_QUESTIONS = """
    SELECT q.*, l.name AS name_l, r.name AS name_r
    FROM review_queue AS q
        LEFT JOIN review_records AS l ON l.record_key = q.record_key_l
        LEFT JOIN review_records AS r ON r.record_key = q.record_key_r
    ORDER BY q.priority DESC, q.record_key_l, q.record_key_r
"""
_CLUSTERS = """
    SELECT record_key, cluster_key FROM clusters JOIN (SELECT unnest(?::VARCHAR[]) AS record_key) USING (record_key)
"""
_DISPUTED = """
    FROM link_decisions WHERE disagreement IS NOT NULL OR status IN ('contradicted', 'unknown_record')
    ORDER BY decision_id
"""


@dataclass(frozen=True, slots=True)
class Listed:
    """What is open.

    Attributes:
        total: open questions.
        answered: questions that decisions since the last run have answered.
        questions: the first of them, those first whose answer teaches most; the columns of `ops.review_queue` with
            `name_l` and `name_r`.
    """

    total: int
    answered: int
    questions: pl.DataFrame


@contextlib.contextmanager
def reading(project: Project) -> Iterator[Warehouse]:
    """The stewards' file, if it has all that is asked of it.

    Raises:
        ConfigurationError: nothing has been published, or not by a version that had a review queue.
    """
    with open_reader(project.steward_file) as reader:
        if not reader.value(_NEEDED):
            raise ConfigurationError(
                where=str(project.steward_file),
                expected="a review queue",
                found="a file that an earlier version published",
                cure="Run `crm-pipeline run` once.",
            )
        yield reader


def open_questions(project: Project, *, most: int | None = None) -> Listed:
    """What is asked that no decision answers, those taken since the last run included.

    Args:
        project: whose queue.
        most: questions at most; None for all.

    Raises:
        ConfigurationError: nothing has been published.
        PipelineError: the store of decisions is damaged.
    """
    decisions = decisions_of(store_of(project).events())
    with reading(project) as reader:
        asked = reader.frame(_QUESTIONS)
        clusters = reader.frame(_CLUSTERS, [sorted({key for each in decisions for key in each.record_keys})])
    left = unanswered(asked, decisions, clusters)
    return Listed(left.height, asked.height - left.height, left if most is None else left.head(most))


def records_of(project: Project, record_keys: Sequence[str]) -> pl.DataFrame:
    """The columns of `ops.review_records` for some of its records, by key."""
    with reading(project) as reader:
        return reader.frame(
            "SELECT r.* FROM review_records AS r JOIN (SELECT DISTINCT unnest(?) AS record_key) USING (record_key) "
            "ORDER BY record_key",
            [list(record_keys)],
        )


def disputed_decisions(project: Project) -> pl.DataFrame:
    """The decisions that the last run found something against and that nobody took back since, by decision.

    Columns of `ops.link_decisions`: those the model, an identifier or a declared source disagrees with, and those that
    count for nothing because they contradict earlier ones or are about records that never existed.

    Raises:
        ConfigurationError: nothing has been published.
    """
    told = entered(store_of(project).events()).filter(pl.col("withdrawn_by").is_null())
    with reading(project) as reader:
        found = reader.frame(_DISPUTED)
    return found.filter(pl.col("decision_id").is_in(told["decision_id"].implode()))


def every_decision(project: Project) -> pl.DataFrame:
    """All decisions, those taken back too, in the order entered: see `asking.entered`.

    Raises:
        PipelineError: the store of decisions is damaged.
    """
    return entered(store_of(project).events())
