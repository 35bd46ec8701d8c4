"""What a population is: records that are compared with each other, and the tables that say how.

Belongs here: the shape of a model. Does not belong here: the models themselves (`people`, `organisations`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from crm_pipeline.linkage.model.comparison import Comparison

# A key that more records share makes over 31,000 pairs and finds nothing that a narrower rule does not find.
LARGEST_BLOCK = 250
# A phone or e-mail address that more records share is a switchboard, a shop or a placeholder: it is neither a key nor
# compared.
LARGEST_CONTACT_BLOCK = 50
# Names by their sound, or one name and a place, find whom no better key finds where few share them; in a large project
# they are common.
LARGEST_WEAK_BLOCK = 50


@dataclass(frozen=True, slots=True)
class BlockingRule:
    """Records with an equal, non-null key are compared.

    Attributes:
        name: shown as `link.pairs.rule`.
        key: SQL over the prepared records.
        columns: the columns it needs; without all of them the rule does not apply.
        reason: whom it is there to find.
        largest: a key that more records share is left out.
    """

    name: str
    key: str
    columns: tuple[str, ...]
    reason: str
    largest: int = LARGEST_BLOCK


@dataclass(frozen=True, slots=True)
class Population:
    """Records of one kind, and their model.

    Attributes:
        name: of the population; in the model file, and in reports.
        kind: SQL over `std.customers` that is true for its records.
        columns: what is compared, and the SQL over `std.customers` that prepares it, in order.
        spelt: further columns, and from which column and by what function each comes.
        names: the columns without any of which nothing is compared.
        comparisons: how records are compared.
        blocking_rules: which are, in order of strength: a pair is credited to the first rule that finds it.
        fewest_related: pairs who belong together for each pair of one customer, at least, whatever the data say.
        composed: per column that is made of others, those: it is as rare as its parts together.
        told_apart_by: the columns that tell the people of one household, or the companies of one office, apart; the
            first that a record has counts.
        name_rule: the blocking rule that finds whoever has one name; the strangers among them show what namesakes
            agree in. None: nothing is learnt of namesakes.
    """

    name: str
    kind: str
    columns: Mapping[str, str]
    spelt: Mapping[str, tuple[str, Callable[[str], str | list[str] | None]]]
    names: tuple[str, ...]
    comparisons: tuple[Comparison, ...]
    blocking_rules: tuple[BlockingRule, ...]
    composed: Mapping[str, tuple[str, ...]]
    fewest_related: float = 0.0
    told_apart_by: tuple[str, ...] = ()
    name_rule: str | None = None

    @property
    def prepared(self) -> tuple[str, ...]:
        """All columns of the prepared records but their key, in order."""
        return (*self.columns, *self.spelt)

    def usable_comparisons(self, present: Sequence[str]) -> tuple[Comparison, ...]:
        """The comparisons that a project with these columns can make."""
        made = (comparison.with_columns(present) for comparison in self.comparisons)
        return tuple(comparison for comparison in made if comparison is not None)

    def usable_rules(self, present: Sequence[str]) -> tuple[BlockingRule, ...]:
        """The blocking rules whose columns are all there, in order of strength."""
        return tuple(rule for rule in self.blocking_rules if set(rule.columns) <= set(present))
