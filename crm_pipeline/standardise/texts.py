"""Plain text: outer and repeated white space removed, blanks and placeholders null."""

from __future__ import annotations

import polars as pl

# What people type into a field that must not stay empty. Compared without case, as the whole value.
PLACEHOLDERS = ("n/a", "na", "null", "none", "nil", "unknown", "-", "--", "/", ".", "无", "未知", "不详", "暂无", "空")


def trim(value: pl.Expr) -> pl.Expr:
    """Text without outer white space (the ideographic space included), inner runs as one space; blank is null."""
    trimmed = value.str.replace_all(r"[\s\u3000]+", " ").str.strip_chars()
    return pl.when(trimmed != "").then(trimmed)


def clean(value: pl.Expr) -> pl.Expr:
    """Trimmed text; null when it is blank or a placeholder."""
    trimmed = trim(value)
    return pl.when(~trimmed.str.to_lowercase().is_in(PLACEHOLDERS)).then(trimmed)
