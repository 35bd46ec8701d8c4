"""Whether what was learnt can be true.

Belongs here: what would make a learnt comparison nonsense. Does not belong here: what is done about it (`training`,
`pairs`).
"""

from __future__ import annotations

from collections.abc import Sequence

from crm_pipeline.linkage.learning.expectation import Floats
from crm_pipeline.linkage.model.comparison import Comparison

# What strangers show half as rarely again says nothing, either way; beyond, it says the opposite of what it means.
_CLEARLY = 2
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
