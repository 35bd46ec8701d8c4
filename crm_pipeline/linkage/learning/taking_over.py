"""Whether a model that was trained anew takes over, and what is kept of it where it does not.

Belongs here: the decision between the last model and the new one, and the record of it. Does not belong here: how they
are compared (`comparing`), what can't be true (`sanity`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from crm_pipeline.linkage.learning.comparing import Weigher, compare, levels_beside, weights
from crm_pipeline.linkage.learning.sanity import newly_out_of_order, out_of_order
from crm_pipeline.linkage.model import POPULATIONS
from crm_pipeline.state.models import ModelStore, StoredModel
from crm_pipeline.warehouse import Warehouse

# So few changed verdicts are no reason to refuse a model, whatever their share: of twenty pairs one is 5 %.
FEWEST_CHANGED = 50
IMPOSSIBLE, CHANGED = "impossible", "changed"
_OWN_KEYS = ("largest_changes", "levels")  # what of a comparison stays in the card: keys of records, and much

_ACCEPTED, _REINSTATED = "accepted_refused_version", "reinstated_version"
_BY_HAND = (_ACCEPTED, _REINSTATED)


@dataclass(frozen=True, slots=True)
class Fresh:
    """A model just trained, not yet stored.

    Attributes:
        model: what model.json will be.
        card: what model_card.json will be.
        frequencies: per `population.column` a frame of value and share.
        left_out: population, rule, key and record_count.
        samples: per population the pairs to compare models on, of `comparing.draw_sample`.
    """

    model: Mapping[str, Any]
    card: Mapping[str, Any]
    frequencies: Mapping[str, pl.DataFrame]
    left_out: pl.DataFrame
    samples: Mapping[str, pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Limits:
    """Thresholds, and what a new model may change.

    Attributes:
        largest_change: share of the sample's linked and waiting pairs whose verdict may change; 0 to 1.
    """

    match_threshold: float = 0.95
    review_threshold: float = 0.6
    largest_change: float = 1.0


@dataclass(frozen=True, slots=True)
class TakenOver:
    """The model to use, and why.

    Attributes:
        used: the model.
        impossible: comparisons for which the new one learnt what can't be true; then `used` is the last one.
        waiting: number of the new one among those refused, where people may accept it; None where there is none.
        change: per population what the new model changes on the sample, counts alone; empty where nothing is to be
            compared with.
    """

    used: StoredModel
    impossible: list[str] = field(default_factory=list)
    waiting: int | None = None
    change: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def is_refused(self) -> bool:
        """Whether the last model stays."""
        return bool(self.impossible) or self.waiting is not None


def take_over(
    warehouse: Warehouse,
    models: ModelStore,
    fresh: Fresh,
    *,
    present: StoredModel | None,
    impossible: Sequence[str],
    is_optional: bool,
    limits: Limits,
) -> TakenOver:
    """The new model as the newest version, or the last one where the new one must not take over by itself.

    Args:
        warehouse: where `std.customers` is.
        models: where versions are kept; the refused ones in `models.refused`.
        fresh: the new one.
        present: the last one, where it compares records as the new one does; None where nothing can be compared.
        impossible: comparisons for which the new one learnt what can't be true and the last one did not.
        is_optional: whether the last one could go on; else the new one takes over, whatever it changes.
        limits: thresholds, and how much a new one may change.
    """
    told = _beside(warehouse, fresh, present, limits) if present else {}
    change = {name: {key: n for key, n in each.items() if key not in _OWN_KEYS} for name, each in told.items()}
    beside = {"beside": {"version": present.version, "populations": told}} if present else {}
    disordered = {name: out_of_order(model) for name, model in fresh.model["populations"].items()}
    card = {**fresh.card, "out_of_order": disordered, **beside}
    impossible = [*impossible, *(_newly_out_of_order(fresh, present) if present else ())]
    models.keep_sample(
        pl.concat([frame.select(pl.lit(name).alias("population"), pl.all()) for name, frame in fresh.samples.items()])
    )
    if present and is_optional and impossible:
        models.refused.append(
            fresh.model,
            card | {"refused_because": IMPOSSIBLE, "comparisons": sorted(set(impossible))},
            term_frequencies={},
            left_out=fresh.left_out.clear(),
        )
        return TakenOver(present, sorted(set(impossible)), None, change)
    if present and is_optional and any(_is_too_much(each, limits) for each in told.values()):
        waiting = models.refused.append(
            fresh.model,
            card | {"refused_because": CHANGED, "largest_change": limits.largest_change},
            term_frequencies=fresh.frequencies,
            left_out=fresh.left_out,
        )
        return TakenOver(present, [], waiting.version, change)
    used = models.append(fresh.model, card, term_frequencies=fresh.frequencies, left_out=fresh.left_out)
    return TakenOver(used, [], None, change)


def waiting_model(models: ModelStore) -> StoredModel | None:
    """The refused version that people may accept: the newest, as long as the version it was compared with is in use."""
    refused, latest = models.refused.latest(), models.latest()
    if refused is None or latest is None or refused.card["refused_because"] != CHANGED:
        return None
    return refused if refused.card["beside"]["version"] == latest.version else None


def latest_accepted(models: ModelStore, accepted: Collection[int]) -> StoredModel | None:
    """The newest version, after the refused one that waits became it, where it is among the accepted."""
    waiting = waiting_model(models)
    if waiting is None or waiting.version not in accepted:
        return models.latest()
    card = {name: value for name, value in waiting.card.items() if name != "version"}
    return models.append(
        waiting.model,
        card | {_ACCEPTED: waiting.version},
        term_frequencies=waiting.term_frequencies(),
        left_out=waiting.left_out(),
    )


def reinstate(models: ModelStore, version: int) -> StoredModel:
    """A version once more as the newest, which is in use from then on."""
    wanted = models.read(version)
    card = {name: value for name, value in wanted.card.items() if name not in {"version", "beside", *_BY_HAND}}
    return models.append(
        wanted.model,
        card | {_REINSTATED: version},
        term_frequencies=wanted.term_frequencies(),
        left_out=wanted.left_out(),
    )


def is_by_hand(model: StoredModel) -> bool:
    """Whether a person brought a version into use: accepted it, or let it return."""
    return any(name in model.card for name in _BY_HAND)


def _newly_out_of_order(fresh: Fresh, present: StoredModel) -> list[str]:
    """The comparisons that were in order under the last model, as `population.comparison`."""
    last = present.model["populations"]
    return [
        f"{name}.{comparison}"
        for name, model in fresh.model["populations"].items()
        if name in last
        for comparison in newly_out_of_order(model, last[name])
    ]


def _is_too_much(told: Mapping[str, Any], limits: Limits) -> bool:
    return bool(told["changed_share"] > limits.largest_change and told["changed"] >= FEWEST_CHANGED)


def _beside(warehouse: Warehouse, fresh: Fresh, present: StoredModel, limits: Limits) -> dict[str, dict[str, Any]]:
    """Per population that both models have, what is told of them."""
    of_old = (present.model["populations"], present.term_frequencies(), present.left_out())
    of_new = (fresh.model["populations"], fresh.frequencies, fresh.left_out)
    told = {}
    for population in POPULATIONS:
        name = population.name
        if name not in of_old[0] or name not in of_new[0]:
            continue
        pairs = fresh.samples[name]
        old, new = _weigher(name, *of_old), _weigher(name, *of_new)
        scored = [weights(warehouse, population, pairs, weigher) for weigher in (old, new)]
        told[name] = {
            **compare(scored[0], scored[1], limits.match_threshold, limits.review_threshold),
            "levels": levels_beside(old.model, new.model),
        }
    return told


def _weigher(
    name: str, models: Mapping[str, Any], frequencies: Mapping[str, pl.DataFrame], left_out: pl.DataFrame
) -> Weigher:
    own = f"{name}."
    return Weigher(
        models[name],
        {column.removeprefix(own): frame for column, frame in frequencies.items() if column.startswith(own)},
        left_out.filter(pl.col("population") == name),
    )
