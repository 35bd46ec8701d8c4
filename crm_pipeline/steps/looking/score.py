"""A record that is not there yet, beside the published customers it may be a duplicate of.

Belongs here: the record as somebody typed it, standardised as a delivered one is, and the customers it may be. Does not
belong here: candidates and weights (`linkage.one_record`), printing. Nothing is written, and no value is logged.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Self

import polars as pl

from crm_pipeline import standardise
from crm_pipeline.errors import ConfigurationError
from crm_pipeline.linkage.explaining.index_reading import model_sha256, model_version
from crm_pipeline.linkage.one_record import RecordMatcher
from crm_pipeline.settings import Project
from crm_pipeline.state.models import ModelStore
from crm_pipeline.steps.run import utc_now
from crm_pipeline.steps.vocabulary import vocabulary_of
from crm_pipeline.tables import ENTITIES, polars_type
from crm_pipeline.warehouse import Warehouse, open_reader
from crm_pipeline.warehouse.connection import literal

_COLUMNS = {column.name: column for column in ENTITIES["customers"]}
_LISTS = ("phones", "emails")
_EXTERNAL_IDS = "external_ids"
_CERTAIN = 1.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A published customer that a record may be.

    Attributes:
        customer_id: the customer.
        record_key: its record that is most like the new one.
        matched_by: identifier or model.
        rule: namespace of the shared identifier, or the blocking rule that found the record.
        match_weight: log2 of the odds, as a run would give the pair; None for an identifier.
        match_probability: 0 to 1; 1 for an identifier, which nothing may contradict here as it might in a run.
        verdict: link where a run would link the two, review where a person would be asked, else none.
    """

    customer_id: str
    record_key: str
    matched_by: str
    rule: str
    match_weight: float | None
    match_probability: float
    verdict: str


class DuplicateCheck:
    """The published customers, open for one record after another; of one thread at a time."""

    def __init__(self, project: Project, index: Warehouse, matcher: RecordMatcher) -> None:
        self._project, self._index, self._matcher = project, index, matcher
        self._words = vocabulary_of(project)

    @classmethod
    @contextlib.contextmanager
    def open(cls, project: Project) -> Iterator[Self]:
        """The customers and the index as they are published now; a later publication is seen after opening again.

        Raises:
            ConfigurationError: nothing is published, or with a model that is not there.
        """
        models = ModelStore(project.state / "models")
        with open_reader(project.matching_file) as index:
            version = model_version(index)
            if version not in models.versions() or models.read(version).sha256() != model_sha256(index):
                raise ConfigurationError(
                    where=str(models.folder),
                    expected=f"version {version} of the model, which the published index was made with",
                    found="none of that number and content",
                    cure="Restore state/models, or complete a run.",
                )
            with RecordMatcher.open(index, models.read(version)) as matcher:
                yield cls(project, index, matcher)

    def score(self, record: Mapping[str, Any], *, least_probability: float | None = None) -> list[Candidate]:
        """The customers that the record may be, the likeliest first, each with the record most like it.

        Args:
            record: standard columns of customers, as text; phones and emails one or a list of them, external_ids the
                value of each namespace. Dates are read as ISO 8601 or where their form leaves no choice.
            least_probability: candidates of a lower one are left out; None for the project's review threshold.

        Raises:
            ConfigurationError: a column is none of the standard ones, or external_ids no object.
        """
        config = self._project.config
        context = standardise.Context(
            config.default_country,
            config.timezone,
            utc_now().date(),
            aliases=self._words.aliases,
            industry_synonyms=self._words.industry_synonyms,
        )
        one = standardise.standardise("customers", _mapped(record), context).frame
        return self.candidates(one, least_probability=least_probability)

    def candidates(self, record: pl.DataFrame, *, least_probability: float | None = None) -> list[Candidate]:
        """The same of a record that is standardised: one row with any columns of `std.customers`."""
        found, config = self._matcher.score(record), self._project.config
        least = config.linkage.review_threshold if least_probability is None else least_probability
        probability = (1 / (1 + pl.lit(2.0).pow(-pl.col("match_weight")))).fill_null(_CERTAIN).round(9)
        likely = found.with_columns(probability.alias("match_probability")).filter(pl.col("match_probability") >= least)
        return self._customers(likely)

    def _customers(self, likely: pl.DataFrame) -> list[Candidate]:
        """The best record of each customer; records that belong to none are left out."""
        if likely.is_empty():
            return []
        keys = ", ".join(map(literal, likely["record_key"]))
        members = self._index.frame(f"SELECT record_key, customer_id FROM members WHERE record_key IN ({keys})")
        limits = self._project.config.linkage
        at_least = pl.col("match_probability") >= pl.lit(limits.match_threshold)
        asks = pl.col("match_probability") >= pl.lit(limits.review_threshold)
        verdict = pl.when(at_least).then(pl.lit("link")).when(asks).then(pl.lit("review")).otherwise(pl.lit("none"))
        best = (
            likely.join(members, on="record_key")
            .sort("match_probability", "match_weight", "record_key", descending=[True, True, False], nulls_last=False)
            .unique("customer_id", keep="first", maintain_order=True)
            .with_columns(verdict.alias("verdict"))
        )
        return [Candidate(**row) for row in best.to_dicts()]


def _mapped(record: Mapping[str, Any]) -> pl.DataFrame:
    """The record as a delivery maps it: one row of text, lists of text, and identifiers with namespaces."""
    if wrong := [name for name in record if name not in _COLUMNS]:
        near = get_close_matches(wrong[0], _COLUMNS, n=1)
        raise ConfigurationError(
            where="the record",
            expected=f"standard columns of customers: {', '.join(_COLUMNS)}",
            found=wrong[0],
            cure=f"Is {near[0]} meant?" if near else "Leave it out.",
        )
    cells: dict[str, pl.Series] = {}
    for name, value in record.items():
        if name == _EXTERNAL_IDS:
            ids = [{"namespace": str(key), "value": str(each)} for key, each in _namespaces(value).items() if each]
            cells[name] = pl.Series(name, [ids], dtype=polars_type(_COLUMNS[name].type))
        elif name in _LISTS:
            values = value if isinstance(value, list | tuple) else [value]
            cells[name] = pl.Series(name, [[str(each) for each in values if each]], dtype=pl.List(pl.String))
        else:
            cells[name] = pl.Series(name, [None if value is None else str(value)], dtype=pl.String)
    return pl.DataFrame(cells) if cells else pl.DataFrame({"name": pl.Series([None], dtype=pl.String)})


def _namespaces(value: object) -> Mapping[str, Any]:
    """The identifiers by namespace; what is no object is not quoted, since it may be personal."""
    if value is None or isinstance(value, Mapping):
        return value or {}
    raise ConfigurationError(
        where="the record",
        expected=f'an object of namespaces and values for {_EXTERNAL_IDS}, such as {{"loyalty": "L-77"}}',
        found="something else",
        cure="Write the namespace before the value.",
    )
