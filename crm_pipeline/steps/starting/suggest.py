"""What delivered rows seem to be: their columns recognised by content, and a mapping suggested.

Belongs here: putting recognition (`standardise`) and suggestion (`sources`) together. Does not belong here: reading
rows, writing a configuration (`steps.starting.first_mapping`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from crm_pipeline import standardise
from crm_pipeline.sources.entity_suggestions import EntitySuggestion, suggest_entity
from crm_pipeline.state.delivery import LINE

_LOOKED_AT = 20_000  # rows, spread over those given


def recognised(rows: pl.DataFrame, country: str) -> dict[str, Mapping[str, float]]:
    """Delivered column to what it holds, see `standardise.recognise_each`."""
    return recognised_each([rows], country)[0]


def recognised_each(frames: Sequence[pl.DataFrame], country: str) -> list[dict[str, Mapping[str, float]]]:
    """The same of several deliveries in one pass, which takes hardly longer than one of them."""
    samples = [_spread(rows).drop(LINE, strict=False) for rows in frames]
    shares = iter(standardise.recognise_each([sample[name] for sample in samples for name in sample.columns], country))
    return [{name: next(shares) for name in sample.columns} for sample in samples]


def suggested(
    name: str, rows: pl.DataFrame, columns: Mapping[str, Mapping[str, float]], *, entity: str | None = None
) -> EntitySuggestion:
    """What rows under a name seem to hold.

    Args:
        name: of the file or the sheet.
        rows: all text.
        columns: from `recognised`.
        entity: where it is known.
    """
    sample = _spread(rows)

    def distinct(names: Sequence[str]) -> float:
        return int(sample.select(pl.struct(names).n_unique()).item()) / max(sample.height, 1)

    return suggest_entity(name, columns, distinct, entity=entity)


def _spread(rows: pl.DataFrame) -> pl.DataFrame:
    """Some rows of all parts: neighbours are often alike, and whether keys repeat shows between neighbours."""
    if rows.height <= _LOOKED_AT:
        return rows
    half, step = _LOOKED_AT // 2, max(1, 2 * rows.height // _LOOKED_AT)
    return pl.concat([rows.head(half), rows.slice(half).gather_every(step)])
