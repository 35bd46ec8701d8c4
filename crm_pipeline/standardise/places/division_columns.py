"""Province, city and district that come in columns of their own: official names and code.

Belongs here: making delivered columns consistent with each other. Does not belong here: addresses in one line
(`chinese_addresses`).
"""

from __future__ import annotations

import polars as pl

from crm_pipeline.standardise.places import division_names, divisions
from crm_pipeline.standardise.text import texts

COLUMNS = ("province", "city", "district", "division_code", "place", "note")
CONTRADICTION, UNKNOWN = "contradiction", "unknown_division"
_LEVELS = ("province", "city", "district")
_PLACES: dict[str, tuple[str | None, ...]] = {}


def standardise(delivered: pl.DataFrame) -> pl.DataFrame:
    """`COLUMNS`, row for row with the columns province, city and district of `delivered`.

    A larger division that is not there is added. What is no division, or does not lie in the larger one, stays as it
    was delivered; `note` then says `unknown_division` or `contradiction`, and the code is that of what is certain.
    `place` is its code in `divisions.places`.
    """
    rows = delivered.select(texts.clean(pl.col(name)).str.normalize("NFKC").alias(name) for name in _LEVELS)
    distinct = rows.unique()
    read = [(*row, *_standardised(row)) for row in distinct.iter_rows()]
    names = [f"delivered_{level}" for level in _LEVELS]
    schema = dict.fromkeys((*names, *COLUMNS), pl.String)
    found = pl.DataFrame(read, schema=schema, orient="row")
    return rows.join(
        found, left_on=list(_LEVELS), right_on=names, how="left", maintain_order="left", nulls_equal=True, suffix="_now"
    ).select(pl.col(f"{level}_now").alias(level) if level in _LEVELS else level for level in COLUMNS)


def _standardised(row: tuple[str | None, ...]) -> tuple[str | None, ...]:
    """The columns `COLUMNS` of one combination."""
    code, note = "", None
    kept: dict[str, str] = {}
    for level, written in zip(_LEVELS, row, strict=True):
        if not written or written in {"市辖区", "县", "省直辖县级行政区划"}:
            continue
        smaller = _whole(written, code)
        if smaller:
            code = smaller if len(smaller.rstrip("0")) >= len(code.rstrip("0")) else code
            continue
        kept[level] = written
        note = note or (CONTRADICTION if code and _is_division(written) else UNKNOWN)
    place = _place(code)
    names = [kept.get(level, place.get(level)) for level in _LEVELS]
    return (*names, place.get("division_code"), code or None, note)


def _is_division(written: str) -> bool:
    """Whether the text names any division, alone."""
    return division_names.read(written).length == len(written)


def _whole(written: str, within: str) -> str:
    """The code of the place that the whole text names, within the other one; empty if there is none."""
    found = division_names.read(written, within)
    return found.code if found.length == len(written) else ""


def _place(code: str) -> dict[str, str | None]:
    """Official names and code of a place; empty for none."""
    if not _PLACES:
        columns = ("code", "division_code", *_LEVELS)
        _PLACES.update({row[0]: row[1:] for row in divisions.places().select(columns).iter_rows()})
    return dict(zip(("division_code", *_LEVELS), _PLACES.get(code, ()), strict=False))
