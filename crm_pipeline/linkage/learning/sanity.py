"""Whether what was learnt can be true.

Belongs here: what would make a learnt comparison nonsense. Does not belong here: what is done about it (`training`,
`pairs`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crm_pipeline.linkage.learning.expectation import Floats
from crm_pipeline.linkage.model.comparison import Comparison

# What strangers show half as rarely again says nothing, either way; beyond, it says the opposite of what it means.
_CLEARLY = 2
# So many times likelier under difference than under agreement: two bits, which neither chance nor a few pairs make.
_OUT_OF_ORDER = 4
# A comparison that was half as far out of order under the last model is not newly so, lest a value at the edge has the
# monthly retraining taken over and refused by turns.
_NEARLY_OUT_OF_ORDER = 2
# Where strangers hardly ever differ, in the only city of a project, that one differs can't be told from chance.
_OFTEN = 0.1


def doubtful(chosen: Sequence[Comparison], m: Sequence[Floats], u: Sequence[Floats]) -> list[str]:
    """Names of the comparisons whose first level, equal, speaks clearly against one customer, or whose last speaks for.

    That is what comes of learning from a column which was delivered in two forms, so that true pairs never agree in it.
    A level that says nothing is no error, and levels between need not fall in order: one may be rarer among strangers
    than the level before it.
    """
    return [
        comparison.name
        for comparison, own, strangers in zip(chosen, m, u, strict=True)
        if own[0] * _CLEARLY < strangers[0] or (strangers[-1] > _OFTEN and own[-1] > strangers[-1] * _CLEARLY)
    ]


def newly_out_of_order(model: Mapping[str, Any], last: Mapping[str, Any]) -> list[str]:
    """Names of the comparisons that are out of order, and under the last model were not even nearly so.

    Args:
        model: of one population, as for `out_of_order`.
        last: the model of the same population that is in use.
    """
    before = out_of_order(last, _NEARLY_OUT_OF_ORDER)
    return [name for name in out_of_order(model) if name not in before]


def out_of_order(model: Mapping[str, Any], times: float = _OUT_OF_ORDER) -> list[str]:
    """Names of the comparisons in which an outcome that is agreement weighs clearly less than that of difference.

    Among agreements weights need not fall from level to level: which of two is rarer among strangers, the data say. But
    who agrees in something should not look less like one customer than who differs. It can be true all the same, of
    `info@` at two domains for instance; so it is told in the model card, and refused only where it is new.

    Args:
        model: of one population, its part of model.json.
        times: how many times likelier difference must make one customer than that agreement does.
    """
    agreeing = {entry["comparison"]: entry["agreeing"] for entry in model["agreement"]}
    found = []
    for comparison in model["splink"]["comparisons"]:
        name = comparison["output_column_name"]
        levels = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
        ratios = [level["m_probability"] / level["u_probability"] for level in reversed(levels)]  # by outcome, from 0
        if any(ratios[outcome] * times < ratios[0] for outcome in agreeing.get(name, ())):
            found.append(name)
    return found
