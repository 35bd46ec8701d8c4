"""A waterfall of weights as people read it on a terminal: a line per step, with its bar.

Belongs here: form. Does not belong here: what the steps are (`linkage.explaining`), the chart as a page (`report`).
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from crm_pipeline.cli.output import console, print_table, say
from crm_pipeline.report.words import WORDS

if TYPE_CHECKING:
    from crm_pipeline.linkage.explaining.waterfall import Step, Waterfall

_UP, _DOWN, _NOTHING = "█", "▒", "│"  # for one customer, against, the weight 0
_BITS = 8  # columns of a number with a blank before it
_LONGEST_LABEL, _SHORTEST_BAR, _LONGEST_BAR = 60, 16, 48
_LEAST_SEEN = 0.05


def step_text(step: Step, population: str) -> str:
    """What a step is, in words."""
    key = f"part.{step.part}.{population}" if step.part == "related" else f"part.{step.part}"
    return WORDS[key].en.format(comparison=comparison_text(step.comparison), label=step.label)


def comparison_text(name: str) -> str:
    """A comparison in words; one that is unknown here by its name."""
    words = WORDS.get(f"comparison.{name}")
    return words.en if words else name.replace("_", " ")


def print_waterfall(told: Waterfall) -> None:
    """Its steps with their bars, the sum, and a table of what was compared."""
    for line in waterfall_lines(told, console().width):
        console().print(line, markup=False, highlight=False, no_wrap=True, soft_wrap=True)
    console().print()
    if told.silent:
        say(f"Not compared, since one side has nothing: {', '.join(map(comparison_text, told.silent))}.\n")
    columns = ("comparison", "level", "left record", "right record", "against strangers", "against related")
    prior, *steps = told.steps
    rows = [(step_text(prior, told.population), "", "", "", _bits(prior.bits), _bits(prior.related_bits))]
    for step in steps:
        if step.part == "comparison":
            bits = _bits(step.bits + _rarity(told, step)), _bits(step.related_bits)
            rows.append((comparison_text(step.comparison), step.label, step.value_l or "", step.value_r or "", *bits))
        elif step.part == "namesakes":
            rows.append((step_text(step, told.population), "", "", "", _bits(step.bits), ""))
    rows.append(("sum", "", "", "", _bits(told.stranger_weight), _bits(told.related_weight)))
    print_table("What was compared, in bits", columns, rows, right=columns[-2:])


def waterfall_lines(told: Waterfall, width: int) -> list[str]:
    """One line per step that can be seen, and one for the sum, none wider than `width` where that can be.

    The bar of a step reaches from the weight before it to the weight after it; full blocks speak for one customer,
    shaded ones against.
    """
    shown = [(step_text(s, told.population), s.bits) for s in told.steps if abs(s.bits) >= _LEAST_SEEN]
    total = WORDS["part.total"].en
    widest = max(cell_len(text) for text in [total, *(text for text, _ in shown)])
    label = min(widest, _LONGEST_LABEL, max(width - _BITS - 2 - _SHORTEST_BAR, cell_len(total)))
    bar = max(min(width - label - _BITS - 2, _LONGEST_BAR), _SHORTEST_BAR)
    after = list(accumulate((bits for _, bits in shown), initial=0.0))
    low = min(*after, told.match_weight)
    high = max(*after, told.match_weight, low + 1.0)
    places = [round((weight - low) / (high - low) * (bar - 1)) for weight in [*after, told.match_weight]]
    lines = [
        f"{set_cell_size(text, label)}{_bits(bits):>{_BITS}}  {_bar(places[n], places[n + 1], _place(low, high, bar))}"
        for n, (text, bits) in enumerate(shown)
    ]
    zero = _place(low, high, bar)
    lines.append(f"{set_cell_size(total, label)}{_bits(told.match_weight):>{_BITS}}  {_bar(zero, places[-1], zero)}")
    return [line.rstrip() for line in lines]


def _place(low: float, high: float, bar: int) -> int:
    """The column of the weight 0, which is always between the lowest and the highest weight."""
    return round((0.0 - low) / (high - low) * (bar - 1))


def _bar(start: int, end: int, zero: int) -> str:
    mark = _UP if end >= start else _DOWN
    first, last = min(start, end), max(start, end)
    return "".join(
        mark if first <= at <= last else _NOTHING if at == zero else " " for at in range(max(last, zero) + 1)
    )


def _bits(bits: float) -> str:
    return f"{bits:+.1f}".replace("+0.0", "0.0").replace("-0.0", "0.0")


def _rarity(told: Waterfall, step: Step) -> float:
    return sum(s.bits for s in told.steps if s.part == "rarity" and s.comparison == step.comparison)
