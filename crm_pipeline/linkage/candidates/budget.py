"""What comparing would cost, told before it is done.

Belongs here: the estimate, and the refusal of what is over budget. Does not belong here: counting pairs (`blocking`).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from crm_pipeline.errors import ConfigurationError

DEFAULT_PAIR_BUDGET = 200_000_000

# Measured with generated customers on two cores; see docs/linking.md. Orders of magnitude, not promises.
PAIRS_PER_SECOND = 100_000
BYTES_PER_PAIR = 200  # of memory; what does not fit into it is on disk for the time
_NAMED = 3
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What comparing pairs costs, about.

    Attributes:
        pairs: to compare, at most: one that several rules find is counted by each.
        seconds: on two cores.
        peak_bytes: of memory, and of the temporary folder for what is beyond `memory_limit`.
    """

    pairs: int
    seconds: float
    peak_bytes: int

    @property
    def words(self) -> str:
        """The same for people."""
        minutes, gibibytes = self.seconds / 60, self.peak_bytes / 2**30
        time = f"{minutes:,.0f} minutes" if minutes < 120 else f"{minutes / 60:,.0f} hours"
        short = "less than a minute" if minutes < 1 else "1 minute" if round(minutes) == 1 else time
        size = f"{gibibytes:,.0f}" if gibibytes >= 10 else f"{gibibytes:.1f}"
        return f"{short} and {size} GiB of memory or disk"


def estimate(pairs: Mapping[str, int]) -> Estimate:
    """What comparing the pairs of these blocking rules would cost."""
    total = sum(pairs.values())
    return Estimate(total, total / PAIRS_PER_SECOND, total * BYTES_PER_PAIR)


def stay_within(budget: int, population: str, pairs: Mapping[str, int]) -> None:
    """Says in the log what comparing costs, and raises when it would make more pairs than the budget.

    Args:
        budget: pairs, see `pipeline.yaml`, linkage.pair_budget.
        population: whose pairs they are.
        pairs: per blocking rule.

    Raises:
        ConfigurationError: with the rules that make most of the pairs, and what they would cost.
    """
    cost = estimate(pairs)
    _log.info("%s: at most %s pairs to compare, about %s", population, f"{cost.pairs:,}", cost.words)
    if cost.pairs <= budget:
        return
    largest = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))[:_NAMED]
    raise ConfigurationError(
        where="pipeline.yaml: linkage.pair_budget",
        expected=f"at most {budget:,} pairs of {population} to compare",
        found=f"{cost.pairs:,} ({', '.join(f'{name} {count:,}' for name, count in largest)}), about {cost.words}",
        cure="Look for values that many records share in the columns of these rules, or raise linkage.pair_budget.",
    )
