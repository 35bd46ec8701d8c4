"""The quality report: every rule, every anomaly and the scores, as one page that needs no network.

Belongs here: what its template may call beyond the run's report. Does not belong here: figures (`quality_figures`),
words, or what both pages share (`render`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from crm_pipeline.report.figures.quality import PARTS, QualityFigures
from crm_pipeline.report.render import environment

_FEW = 1000  # from here on figures are written without decimals


def render_quality(figures: QualityFigures) -> str:
    """The whole page: one file, both languages, nothing asked of the network, no value of any customer."""
    return (
        environment()
        .get_template("quality.html.j2")
        .render(
            f=figures,
            run=figures.measures,
            ended_at=figures.measures.started_at + timedelta(seconds=figures.measures.seconds),
            parts=PARTS,
            points=points,
            tone=tone,
            hundredths=hundredths,
            figure=figure,
        )
        .lstrip()
    )


def hundredths(share: float | None) -> str:
    """A share as a score of 100 with one decimal, never 100.0 unless it is; `–` where there is none."""
    if share is None:
        return "–"
    return "100" if share >= 1 else f"{min(100 * share, 99.9):.1f}"


def tone(share: float | None) -> str:
    """The class of a score's colour: good from 95, bad below 80."""
    if share is None:
        return "zero"
    return "ok" if share >= 0.95 else "bad" if share < 0.8 else "warn"


def figure(value: float) -> str:
    """A figure with as many decimals as it needs: `1,234`, `12.5`, `0.123`."""
    if abs(value) >= _FEW:
        return f"{value:,.0f}"
    return f"{value:.3f}".rstrip("0").rstrip(".")


def points(values: Sequence[float]) -> str:
    """The points of an SVG polyline, 100 wide and 24 high, through the values, the lowest at the bottom."""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    step = 100 / max(len(values) - 1, 1)
    tops = [12.0 if high == low else 22 - 20 * (value - low) / span for value in values]
    return " ".join(f"{place * step:.1f},{top:.1f}" for place, top in enumerate(tops))
