"""Telephone numbers as E.164, by the library phonenumbers and an explicit country."""

from __future__ import annotations

import phonenumbers
import polars as pl

from crm_pipeline.standardise import texts


def clean(value: pl.Expr, country: str) -> pl.Expr:
    """The number as E.164; null when it is not a valid number.

    Args:
        value: numbers as text.
        country: ISO 3166-1 alpha-2, for numbers without a country code.
    """
    text = texts.clean(value).str.normalize("NFKC")
    return text.map_batches(lambda batch: _each_once(batch, country), return_dtype=pl.String())


def _each_once(batch: pl.Series, country: str) -> pl.Series:
    distinct = batch.drop_nulls().unique()
    if distinct.is_empty():
        return pl.Series(batch.name, [None] * len(batch), dtype=pl.String())
    known = {number: _e164(number, country) for number in distinct.to_list()}
    return batch.replace_strict(known, default=None, return_dtype=pl.String())


def _e164(text: str, country: str) -> str | None:
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
