"""What comparing would cost, told before it is done.

Belongs here: the estimate, and the refusal of what is over budget. Does not belong here: counting pairs (`blocking`).
"""

from __future__ import annotations

from collections.abc import Mapping

from crm_pipeline.errors import ConfigurationError

DEFAULT_PAIR_BUDGET = 200_000_000

# Measured with 100,000 generated customers on two cores; see docs/benchmarks.md. Orders of magnitude, not promises.
PAIRS_PER_SECOND = 100_000
BYTES_PER_PAIR = 200
_NAMED = 3


def stay_within(budget: int, population: str, pairs: Mapping[str, int]) -> None:
    """Raises when comparing would make more pairs than the budget.

    Args:
        budget: pairs, see `pipeline.yaml`, linkage.pair_budget.
        population: whose pairs they are.
        pairs: per blocking rule.

    Raises:
        ConfigurationError: with the rules that make most of the pairs, and what they would cost.
    """
    total = sum(pairs.values())
    if total <= budget:
        return
    largest = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))[:_NAMED]
    raise ConfigurationError(
        where="pipeline.yaml: linkage.pair_budget",
        expected=f"at most {budget:,} pairs of {population} to compare",
        found=f"{total:,} ({', '.join(f'{name} {count:,}' for name, count in largest)}), about {_time(total)} and "
        f"{total * BYTES_PER_PAIR / 2**30:,.0f} GiB of memory or disk",
        cure="Look for values that many records share in the columns of these rules, or raise linkage.pair_budget.",
    )


def _time(pairs: int) -> str:
    minutes = pairs / PAIRS_PER_SECOND / 60
    return f"{minutes:,.0f} minutes" if minutes < 120 else f"{minutes / 60:,.0f} hours"
