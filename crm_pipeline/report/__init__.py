"""The report of a run and that of its quality: figures, and the HTML files that show them.

Belongs here: counting over the warehouse, the words in both languages, the page. Does not belong here: when a report is
made and where it goes (`steps`). Nothing here reads a value of a customer: counts, names of tables and columns, and the
texts of rules only.
"""

from crm_pipeline.report.collect import collect
from crm_pipeline.report.figures import Figures
from crm_pipeline.report.quality_figures import collect_quality
from crm_pipeline.report.quality_page import render_quality
from crm_pipeline.report.render import render
from crm_pipeline.report.waterfall_page import render_waterfall

__all__ = ["Figures", "collect", "collect_quality", "render", "render_quality", "render_waterfall"]
