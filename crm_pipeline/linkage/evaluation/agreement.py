"""How well customers agree with labels: pairwise and B-cubed measures, from counts of records by label and customer.

Belongs here: the measures. Does not belong here: customers at a threshold (`thresholds`), which pairs are wrong
(`wrong_pairs`), and reading labels and published files (`steps.telling`).

Pairs are never listed to be counted: `n` records that share a label and a customer are n * (n - 1) / 2 correct pairs,
so a million records cost as much as their distinct pairs of label and customer. B-cubed: Bagga and Baldwin 1998.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

Codes: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairCounts:
    """Pairs of records counted.

    Attributes:
        true_pairs: pairs that are one customer by the labels.
        predicted_pairs: pairs that share a customer.
        correct_pairs: pairs that are both.
    """

    true_pairs: int
    predicted_pairs: int
    correct_pairs: int

    @property
    def wrong_pairs(self) -> int:
        """False links and missed pairs."""
        return self.predicted_pairs + self.true_pairs - 2 * self.correct_pairs

    @property
    def precision(self) -> float | None:
        """Share of the predicted pairs that are true; None when none is predicted."""
        return _ratio(self.correct_pairs, self.predicted_pairs)

    @property
    def recall(self) -> float | None:
        """Share of the true pairs that are predicted; None when there is none."""
        return _ratio(self.correct_pairs, self.true_pairs)

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; None when there is no pair of either kind."""
        return _ratio(2 * self.correct_pairs, self.true_pairs + self.predicted_pairs)

    @property
    def ratios(self) -> dict[str, float | None]:
        """Each ratio by name."""
        return {"precision": self.precision, "recall": self.recall, "f1": self.f1}


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledPairs(PairCounts):
    """What a partition into customers has right of pairs that were labelled one by one.

    Only these pairs are judged: nothing is concluded from two of them about a third.

    Attributes:
        negative_pairs: pairs that are two customers by the labels. Without any, no link can be found wrong, and there
            is no precision and no F1.
    """

    negative_pairs: int

    @property
    def precision(self) -> float | None:
        """Share of the predicted pairs that are true; None when none is predicted or no negative is labelled."""
        return _ratio(self.correct_pairs, self.predicted_pairs) if self.negative_pairs else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; None when there is no pair of either kind or no negative."""
        return _ratio(2 * self.correct_pairs, self.true_pairs + self.predicted_pairs) if self.negative_pairs else None


def labelled_pairs(is_match: Bools, is_one: Bools) -> LabelledPairs:
    """What is right of labelled pairs.

    Args:
        is_match: per pair whether it is one customer by its label.
        is_one: per pair whether it is one customer as predicted.
    """
    return LabelledPairs(
        true_pairs=int(is_match.sum()),
        predicted_pairs=int(is_one.sum()),
        correct_pairs=int((is_match & is_one).sum()),
        negative_pairs=int((~is_match).sum()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement(PairCounts):
    """What a partition of the labelled records into customers has right.

    A pair is two labelled records; true when they share a label, predicted when they share a customer, correct when
    both. Records without a label count nowhere.

    Attributes:
        records: labelled records.
        labels: distinct labels, so real customers.
        customers: distinct customers of these records.
        b_cubed_precision: mean over records: the share of the record's customer that has its label; None without one.
        b_cubed_recall: mean over records: the share of the record's label that is in its customer; None without one.
        exact_customers: customers that consist of one whole label.
        split_labels: labels that are more than one customer.
        parts_of_split_labels: customers that the split labels are spread over, each counted once for each label.
        mixed_customers: customers with more than one label.
        labels_in_mixed_customers: labels that the mixed customers hold, each counted once for each customer.
    """

    records: int
    labels: int
    customers: int
    b_cubed_precision: float | None
    b_cubed_recall: float | None
    exact_customers: int
    split_labels: int
    parts_of_split_labels: int
    mixed_customers: int
    labels_in_mixed_customers: int

    @property
    def b_cubed_f1(self) -> float | None:
        """Harmonic mean of both B-cubed measures; None without records."""
        if self.b_cubed_precision is None or self.b_cubed_recall is None:
            return None
        return 2 * self.b_cubed_precision * self.b_cubed_recall / (self.b_cubed_precision + self.b_cubed_recall)

    @property
    def ratios(self) -> dict[str, float | None]:
        """Each ratio by name that is not an attribute."""
        return {"precision": self.precision, "recall": self.recall, "f1": self.f1, "b_cubed_f1": self.b_cubed_f1}


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def agreement(labels: pl.Series, customers: pl.Series) -> Agreement:
    """What the partition has right.

    Args:
        labels: one per labelled record, never null.
        customers: of the same records in the same order, never null.
    """
    return agreement_of_codes(codes(labels), codes(customers))


def codes(values: pl.Series) -> Codes:
    """Equal values as equal integers, from 0 without gaps."""
    known = values.unique(maintain_order=True).to_frame("value").with_row_index("code")
    coded = values.to_frame("value").join(known, on="value", how="left", maintain_order="left")
    return coded["code"].to_numpy().astype(np.int64)


def agreement_of_codes(labels: Codes, customers: Codes) -> Agreement:
    """As `agreement`, of labels and customers as integers from 0 without gaps."""
    of_label, of_customer = np.bincount(labels), np.bincount(customers)
    # A cell is the records that share a label and a customer.
    cells, n = np.unique(labels * len(of_customer) + customers, return_counts=True)
    label, customer = np.divmod(cells, max(len(of_customer), 1))
    parts, held = np.bincount(label), np.bincount(customer)
    records = len(labels)
    return Agreement(
        records=records,
        labels=len(of_label),
        customers=len(of_customer),
        true_pairs=_pair_count(of_label),
        predicted_pairs=_pair_count(of_customer),
        correct_pairs=_pair_count(n),
        b_cubed_precision=float(np.sum(n * n / of_customer[customer])) / records if records else None,
        b_cubed_recall=float(np.sum(n * n / of_label[label])) / records if records else None,
        exact_customers=int(np.sum((n == of_customer[customer]) & (n == of_label[label]))),
        split_labels=int(np.sum(parts > 1)),
        parts_of_split_labels=int(np.sum(parts[parts > 1])),
        mixed_customers=int(np.sum(held > 1)),
        labels_in_mixed_customers=int(np.sum(held[held > 1])),
    )


def _pair_count(sizes: Codes) -> int:
    return int(np.sum(sizes * (sizes - 1) // 2))
