"""Whether what was learnt can be true.

Belongs here: what would make a learnt comparison nonsense. Does not belong here: what is done about it (`training`,
`pairs`).
"""

from __future__ import annotations

from collections.abc import Sequence

from crm_pipeline.linkage.learning.expectation import Floats
from crm_pipeline.linkage.model.comparison import Comparison


def doubtful(chosen: Sequence[Comparison], m: Sequence[Floats], u: Sequence[Floats]) -> list[str]:
    """Names of the comparisons whose first level, equal, does not speak for one customer, or whose last not against.

    That is what comes of learning from a column which says nothing (everybody is of one city), or of one that was
    delivered in two forms, so that true pairs never agree in it. Levels between them need not fall in order: one may be
    rarer among strangers than the level before it.
    """
    return [
        comparison.name
        for comparison, own, strangers in zip(chosen, m, u, strict=True)
        if own[0] <= strangers[0] or own[-1] >= strangers[-1]
    ]
