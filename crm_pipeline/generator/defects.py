"""What goes wrong in the systems, how often and why; and how it is planted and written down.

Belongs here: the one table of rates, and the bookkeeping. Does not belong here: what a spoilt value looks like
(`writing`, `systems`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import polars as pl

from crm_pipeline.generator.plan import Draws


@dataclass(frozen=True, slots=True)
class Defect:
    """One way of going wrong.

    Attributes:
        rate: share of the records that have such a value, in the systems where it occurs.
        reason: why it happens.
    """

    rate: float
    reason: str


DEFECTS: dict[str, Defect] = {
    "phone_format": Defect(0.25, "everybody groups digits in another way, with or without the country code"),
    "phone_full_width": Defect(0.01, "typed while the Chinese input method was on"),
    "phone_extension": Defect(0.01, "the operator's extension was typed behind the number"),
    "phone_two_in_one": Defect(0.005, "two numbers, one field"),
    "phone_digit_missing": Defect(0.005, "slipped while typing"),
    "phone_without_country": Defect(0.05, "a foreign number as it is dialled at home"),
    "phone_placeholder": Defect(0.02, "the form insists on something: 无, 未知"),
    "phone_hot": Defect(0.004, "the form insists on a number: 13800000000"),
    "phone_stale": Defect(0.03, "nobody told this system about a number given up long ago"),
    "phone_reused": Defect(0.004, "the number given up belongs to somebody else by now"),
    "phone_of_family": Defect(0.04, "parents and children give the number of the one who has the telephone"),
    "email_placeholder": Defect(0.004, "the form insists on an address: test@test.com"),
    "email_invalid": Defect(0.004, "the @ was forgotten, or typed full width"),
    "email_capitals": Defect(0.05, "telephones begin sentences with a capital"),
    "email_other": Defect(0.12, "one address for work, another for shopping"),
    "email_missing": Defect(0.15, "the counter does not ask for it"),
    "name_misspelt": Defect(0.015, "characters that sound alike; letters left out or exchanged"),
    "name_swapped": Defect(0.007, "given name and family name in each other's place"),
    "name_traditional": Defect(0.015, "typed by somebody from Hong Kong, Macao or Taiwan"),
    "name_pinyin": Defect(0.02, "the foreign card or form has Latin letters"),
    "name_spaced": Defect(0.01, "a space within the name, to make it as wide as others"),
    "name_title": Defect(0.005, "先生 or 女士 typed along"),
    "name_placeholder": Defect(0.001, "the form insists on a name: 未知"),
    "company_short": Defect(0.08, "people say 上海华远科技 and leave the legal form out"),
    "company_group": Defect(0.02, "the group's name instead of the company's"),
    "company_brackets": Defect(0.03, "the place in brackets, as in 华远科技(上海)有限公司"),
    "company_traditional": Defect(0.008, "typed by somebody from Hong Kong, Macao or Taiwan"),
    "id_mistyped": Defect(0.005, "one digit wrong, so that the check digit does not fit"),
    "id_missing": Defect(0.3, "the document was never asked for"),
    "birth_date_placeholder": Defect(0.005, "1900-01-01, the default of the form"),
    "birth_date_missing": Defect(0.3, "the date was never asked for"),
    "address_stale": Defect(0.04, "moved years ago, and this system was not told"),
    "address_full_width": Defect(0.01, "typed while the Chinese input method was on"),
    "address_abbreviated": Defect(0.06, "省, 市 or 号 left out"),
    "address_missing": Defect(0.05, "never asked for"),
    "registered_twice": Defect(0.04, "the customer was not found, so a second record was made"),
    "change_not_heard": Defect(0.3, "the change reached the other systems only"),
    "delivered_late": Defect(0.05, "the record was saved after the night's export, or its queue stood still"),
    "order_without_customer": Defect(0.004, "a guest, or an account removed since"),
    "amount_wrong": Defect(0.004, "a discount changed the amount and not the price"),
    "date_wrong": Defect(0.003, "shipped before it was ordered"),
    "satisfaction_out_of_range": Defect(0.004, "a scale of 100 was meant, or a 9 typed twice"),
}

Spoil = Callable[[pl.DataFrame], pl.DataFrame | pl.Series]
PLANTED_SCHEMA = {"source_id": pl.String(), "day": pl.Int64(), "defect": pl.String()}


@dataclass(slots=True)
class Planting:
    """The rows of one extract while defects are planted in them.

    Attributes:
        draws: chance, drawn once per record, so that a record's next version goes wrong in the same way.
        rows: one row per version of a record: `record` (position from 0), source_id, from_day and the values.
        records: how many records there are.
        found: what was planted so far.
    """

    draws: Draws
    rows: pl.DataFrame
    records: int
    found: list[pl.DataFrame] = field(default_factory=list)

    def spoil(self, defect: str, columns: Sequence[str], how: Spoil, where: pl.Expr | None = None) -> None:
        """Plants a defect into `columns`, where the first of them is there; only what is then different counts.

        Args:
            defect: its name in `DEFECTS`.
            columns: columns of `rows`.
            how: the rows chosen to their new values, one Series for one column.
            where: rows that can have it.
        """
        drawn = pl.Series(self.draws.share(self.records, DEFECTS[defect].rate)).gather(self.rows["record"])
        allowed = pl.col(columns[0]).is_not_null() & (pl.lit(value=True) if where is None else where)
        chosen = (drawn & self.rows.select(allowed.fill_null(value=False)).to_series()).arg_true()
        if chosen.is_empty():
            return
        old = self.rows[chosen]
        made = how(old)
        new = made.select(columns) if isinstance(made, pl.DataFrame) else made.alias(columns[0]).to_frame()
        differs = pl.select(pl.any_horizontal([old[name].ne_missing(new[name]) for name in columns])).to_series()
        self.rows = self.rows.with_columns(self.rows[name].scatter(chosen, new[name]) for name in columns)
        self._note(defect, old.filter(differs))

    def blank(self, defect: str, columns: Sequence[str], where: pl.Expr | None = None) -> None:
        """Leaves `columns` empty for the records drawn."""
        self.spoil(defect, columns, lambda rows: rows.select(columns).clear(len(rows)), where)

    def note(self, defect: str, where: pl.Series) -> None:
        """Writes down what went wrong elsewhere: rows where it did."""
        self._note(defect, self.rows.filter(where))

    def _note(self, defect: str, rows: pl.DataFrame) -> None:
        self.found.append(rows.select("source_id", pl.col("from_day").alias("day"), pl.lit(defect).alias("defect")))

    @property
    def planted(self) -> pl.DataFrame:
        """source_id, day and defect, one row each time something was planted."""
        return pl.concat([pl.DataFrame(schema=PLANTED_SCHEMA), *self.found])
