"""A waterfall on a terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from crm_pipeline.cli.waterfall import waterfall_lines
from crm_pipeline.linkage.explaining.waterfall import Part, Step, Waterfall


def fall(*steps: Step) -> Waterfall:
    total = sum(step.bits for step in steps)
    return Waterfall("a", "b", "people", ("phone",), steps, (), total, total, total)


PRIOR = Step(Part.PRIOR, -8.0)
PHONE = Step(Part.COMPARISON, 16.0, 1.0, "phones", "a mobile in common", "+861", "+861")


def test_bars_by_hand() -> None:
    """Bars lead from sum to sum on one scale, full for one customer and shaded against; the zero line is drawn."""
    assert waterfall_lines(fall(PRIOR, PHONE, Step(Part.RELATED, -4.0)), 60) == [
        "before anything is compared      -8.0  ▒▒▒▒▒▒▒▒▒▒▒",
        "telephone: a mobile in common   +16.0  █████████████████████",
        "they may be of one household     -4.0            │    ▒▒▒▒▒▒",
        "match weight                     +4.0            ██████",
    ]


bits = st.floats(-40, 40)
labels = st.sampled_from(("equal", "街道门牌相同", "nearly the same street, elsewhere", "几乎相同 nearly"))


@given(st.lists(st.tuples(bits, labels), max_size=12), bits, st.integers(60, 200))
def test_numbers_stand_below_each_other(steps: list[tuple[float, str]], prior: float, width: int) -> None:
    """Whatever is in the labels, numbers end in one column of the terminal, and no line is wider than it."""
    told = fall(Step(Part.PRIOR, prior), *(Step(Part.COMPARISON, b, 0.0, "address", label) for b, label in steps))
    lines = waterfall_lines(told, width)
    assert all(cell_len(line) <= width for line in lines)
    ends = {cell_len(line[: line.rindex(".") + 2]) for line in lines}
    assert len(ends) == 1


def test_what_can_t_be_seen_is_left_out() -> None:
    """Steps below a twentieth of a bit have no line."""
    assert len(waterfall_lines(fall(PRIOR, Step(Part.COMPARISON, 0.04, 0.0, "gender", "equal")), 80)) == 2
