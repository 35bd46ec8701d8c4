"""Which delivered columns a mapping needs, and which of them a delivery lacks.

Belongs here: names. Does not belong here: the forms of `columns:` and what they make of a row (`mapping`).
"""

from __future__ import annotations

from collections.abc import Iterable

from crm_pipeline.settings import Extract
from crm_pipeline.sources.mapping import expressions_of, named_columns
from crm_pipeline.warehouse.expression_columns import expression_columns


def mapped_columns(extract: Extract) -> tuple[str, ...]:
    """The delivered columns that an extract's configuration names, those in expressions as they are written there."""
    in_expressions = (name for sql in expressions_of(extract) for name in expression_columns(sql))
    return tuple(dict.fromkeys((*named_columns(extract), *in_expressions)))


def absent_columns(columns: Iterable[str], extract: Extract, known: Iterable[str]) -> tuple[str, ...]:
    """The columns that the configuration names and a delivery lacks; of those in expressions only `known` ones.

    A name in an expression may be a parameter of a lambda, or a mistake that DuckDB is to tell.
    """
    present, by_fold = set(columns), {name.casefold(): name for name in known}
    folded = {name.casefold() for name in present}
    missing = [name for name in named_columns(extract) if name not in present]
    for name in mapped_columns(extract):
        fold = name.casefold()
        if fold in by_fold and fold not in folded:
            missing.append(by_fold[fold])
    return tuple(dict.fromkeys(missing))
