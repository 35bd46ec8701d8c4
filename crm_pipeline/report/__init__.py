"""The report of a run: its figures, and the one HTML file that shows them.

Belongs here: counting over the warehouse, the words in both languages, the page. Does not belong here: when a report is
made and where it goes (`steps`). Nothing here reads a value of a customer: counts, names of tables and columns, and the
texts of rules only.
"""

from crm_pipeline.report.collect import collect
from crm_pipeline.report.figures import Figures
from crm_pipeline.report.render import render

__all__ = ["Figures", "collect", "render"]
