"""How right customers are, judged by labels: measures, other thresholds, pairs of sources, wrong pairs and why."""

from crm_pipeline.linkage.evaluation.agreement import (
    Agreement,
    LabelledPairs,
    PairCounts,
    agreement,
    labelled_pairs,
)
from crm_pipeline.linkage.evaluation.by_source import by_sources, labelled_pairs_by_sources
from crm_pipeline.linkage.evaluation.reasons import REASONED_COLUMNS, Reason, compared, with_reasons
from crm_pipeline.linkage.evaluation.thresholds import at_thresholds, pairs_at_thresholds, thresholds_from
from crm_pipeline.linkage.evaluation.wrong_pairs import FALSE_LINK, MISSED, wrong_labelled_pairs, wrong_pairs

__all__ = [
    "FALSE_LINK",
    "MISSED",
    "REASONED_COLUMNS",
    "Agreement",
    "LabelledPairs",
    "PairCounts",
    "Reason",
    "agreement",
    "at_thresholds",
    "by_sources",
    "compared",
    "labelled_pairs",
    "labelled_pairs_by_sources",
    "pairs_at_thresholds",
    "thresholds_from",
    "with_reasons",
    "wrong_labelled_pairs",
    "wrong_pairs",
]
