"""Identifiers: written alike wherever they come from, so that equal ones are equal."""

from __future__ import annotations

import polars as pl

from crm_pipeline.standardise import texts


def clean(value: pl.Expr) -> pl.Expr:
    """The identifier in capitals without inner white space; null when it is blank or a placeholder."""
    plain = texts.trim(value).str.normalize("NFKC").str.to_uppercase().str.normalize("NFKC")
    # Signs such as a macron are a blank and a mark in NFKC: without the blank, letter and mark become one again.
    return texts.clean(plain.str.replace_all(r"\s", "").str.normalize("NFC"))


def clean_namespaced(values: pl.Expr) -> pl.Expr:
    """The list of (namespace, value) with cleaned values; those that are null are left out, order kept."""
    element = pl.element()
    cleaned = pl.struct(
        element.struct.field("namespace").alias("namespace"), clean(element.struct.field("value")).alias("value")
    )
    return values.list.eval(cleaned).list.eval(element.filter(element.struct.field("value").is_not_null()))
