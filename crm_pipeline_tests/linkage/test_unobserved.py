"""Claims on outcomes that the records at hand hardly have: learning goes on without them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from crm_pipeline.linkage import training
from crm_pipeline.linkage.comparison import splink_settings
from crm_pipeline.linkage.model import comparisons
from crm_pipeline.linkage.splink_session import Session


class _Core:
    """Splink's core settings, as far as a session touches them."""

    def copy(self) -> _Core:
        return _Core()


def _session(message: str) -> Any:
    """A session whose Splink stops halfway with a ValueError, its comparisons gone."""
    linker = SimpleNamespace(_settings_obj=SimpleNamespace(core_model_settings=_Core()))

    def stop(*_: Any, **__: Any) -> None:
        linker._settings_obj.core_model_settings = None
        raise ValueError(message)

    linker.training = SimpleNamespace(estimate_parameters_using_expectation_maximisation=stop)
    session = object.__new__(Session)
    session._linker = linker  # type: ignore[assignment]
    return session


def test_an_m_of_zero_leaves_the_model_as_it_was() -> None:
    """When an m underflows nothing is learnt under that rule, and the comparisons are as before."""
    session = _session("m_probability value 0.0 is below the minimum allowed value of 1e-300.")
    assert session.estimate_m("l.a = r.a", max_pairs=None) is False
    assert session._linker._settings_obj.core_model_settings is not None


def test_any_other_error_is_not_hidden() -> None:
    """A ValueError of another kind goes on."""
    with pytest.raises(ValueError, match="something else"):
        _session("something else").estimate_m("l.a = r.a", max_pairs=None)


def test_an_outcome_never_observed_has_its_default() -> None:
    """Where Splink gives no u or m for an outcome, the documented one stands in, and each still sums to 1."""
    chosen = comparisons(("family_name", "phones"))
    learnt = splink_settings(chosen, prior=0.001)
    for comparison in learnt["comparisons"]:
        del comparison["comparison_levels"][1]["u_probability"], comparison["comparison_levels"][2]["m_probability"]
    believed = training._believed(learnt, chosen, {"defaults": []})
    for comparison in believed["comparisons"]:
        levels = comparison["comparison_levels"][1:]
        for name in ("m_probability", "u_probability"):
            assert sum(level[name] for level in levels) == pytest.approx(1, abs=1e-6)
