"""Where things lie in the charts: bands, bins, points, as numbers that a template draws.

Belongs here: geometry, a module for each chart. Does not belong here: colours and words.
"""

from crm_pipeline.report.charts.evidence import held_groups, held_totals, span, stairs, worth_scale
from crm_pipeline.report.charts.flow import flow
from crm_pipeline.report.charts.model import shift_scale, strips
from crm_pipeline.report.charts.runs import identity_trend, timeline, trend
from crm_pipeline.report.charts.sizes import size_groups
from crm_pipeline.report.charts.systems import pair_trends
from crm_pipeline.report.charts.weights import histogram

__all__ = [
    "flow",
    "held_groups",
    "held_totals",
    "histogram",
    "identity_trend",
    "pair_trends",
    "shift_scale",
    "size_groups",
    "span",
    "stairs",
    "strips",
    "timeline",
    "trend",
    "worth_scale",
]
