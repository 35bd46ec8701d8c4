"""Plain text: outer and repeated white space removed, blanks and placeholders null.

Each step names its input once: an expression that names it twice doubles with every step built upon it.
"""

from __future__ import annotations

import re

import polars as pl

# What people type into a field that must not stay empty. Compared without case, as the whole value.
PLACEHOLDERS = ("n/a", "na", "null", "none", "nil", "unknown", "-", "--", "/", ".", "无", "未知", "不详", "暂无", "空")
# A cell without a value, for SQL: RE2's classes of blanks are those of ASCII alone.
BLANK = r"(?is)[\s\p{Z}\p{Cc}]*(?:" + "|".join(re.escape(word) for word in PLACEHOLDERS) + r")?[\s\p{Z}\p{Cc}]*"
_PLACEHOLDER = "(?i)^(?:" + "|".join(re.escape(word) for word in PLACEHOLDERS) + ")$"


def trim(value: pl.Expr) -> pl.Expr:
    """Text without outer white space (the ideographic space included), inner runs as one space; blank is null.

    Control characters count as white space: no name has one, and PostgreSQL refuses text with a NUL.
    """
    return _filled(value.str.replace_all(r"[\s\p{Cc}]+", " ").str.strip_chars())


def exact(value: pl.Expr) -> pl.Expr:
    """The text as delivered but for outer white space (and NUL, which PostgreSQL refuses); blank is null."""
    return _filled(value.str.replace_all("\x00", "", literal=True).str.strip_chars())


def exact_or_null(value: pl.Expr) -> pl.Expr:
    """The same, null when it is a placeholder: for text whose lines and spaces mean something, such as an address."""
    return _filled(exact(value).str.replace(_PLACEHOLDER, ""))


def clean(value: pl.Expr) -> pl.Expr:
    """Trimmed text; null when it is blank or a placeholder."""
    return _filled(trim(value).str.replace(_PLACEHOLDER, ""))


def _filled(text: pl.Expr) -> pl.Expr:
    """The text, null when it is empty."""
    return text.replace("", None)
