"""Delivered columns as standard columns, still text.

Belongs here: the forms of `columns:` in pipeline.yaml. Does not belong here: cleaning values (`standardise`).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

import polars as pl

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import Extract, ValueForm
from crm_pipeline.settings.changes import Deleted
from crm_pipeline.settings.forms import LIST_COLUMNS, NAMESPACED_COLUMNS, REFERENCE_COLUMNS, RELATED_COLUMN
from crm_pipeline.state.delivery import LINE
from crm_pipeline.warehouse import expressions
from crm_pipeline.warehouse.connection import literal, quoted

_KEY_SEPARATOR = "|"
# What is trimmed from the parts of a key: everything that Unicode calls white space.
BLANKS = "".join(
    map(chr, (*range(9, 14), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000))
)
_WITHOUT_OUTER_BLANKS = r"(?s)[^\p{Z}\p{Cc}](.*[^\p{Z}\p{Cc}])?"


def named_columns(extract: Extract) -> list[str]:
    """The delivered columns that the mapping names, in the order of first use; those in expressions apart."""
    forms = [form for _, form in all_forms(extract)]
    named = [*extract.primary_key, *(name for form in forms for name in form.delivered_columns)]
    if extract.updated_at:
        named.append(extract.updated_at)
    if extract.deleted:
        named.append(extract.deleted.column)
    return list(dict.fromkeys([*named, *(own.column for own in extract.extra_columns.values())]))


def expressions_of(extract: Extract) -> list[str]:
    """The SQL expressions of the mapping, in its order."""
    return [form.expression for _, form in all_forms(extract) if form.expression]


def check_columns(delivered: Iterable[str], extract: Extract, *, where: str) -> None:
    """Nothing, when every column that the mapping names was delivered.

    Raises:
        DeliveryError: one is missing; the message suggests the nearest delivered one.
    """
    present = [name for name in delivered if name != LINE]
    missing = [name for name in named_columns(extract) if name not in present]
    if missing:
        close = difflib.get_close_matches(missing[0], present, n=1, cutoff=0.5)
        # Names of columns are not listed: of a file without a header they would be somebody's data.
        hint = f"Did you mean {close[0]}?" if close else "Does it start with a header?"
        raise DeliveryError(
            where=where,
            expected=f"the column {missing[0]}",
            found=f"none of that name among {len(present)}",
            cure=f"{hint} Correct columns: in pipeline.yaml, or ask for the delivery again.",
        )


def check_expressions(delivered: Iterable[str], extract: Extract, *, where: str) -> None:
    """Nothing, when every expression of the mapping can be computed over the delivered columns.

    Raises:
        ConfigurationError: one can't, on a row of empty cells.
    """
    sample = pl.DataFrame({name: [""] for name in delivered if name != LINE})
    sql = {name: form.expression for name, form in all_forms(extract) if form.expression}
    if sql:
        expressions(sample, sql, where=where)


def source_ids(delivered: pl.DataFrame, primary_key: tuple[str, ...]) -> pl.Series:
    """The key of each row: its parts trimmed and joined by |, a | within a part escaped; null when a part is blank."""
    return delivered.select(_key([pl.col(name) for name in primary_key]).alias("source_id")).to_series()


def _key(columns: list[pl.Expr]) -> pl.Expr:
    parts = [column.str.strip_chars(BLANKS) for column in columns]
    escaped = [
        part.str.replace_all("\\", "\\\\", literal=True).str.replace_all("|", "\\|", literal=True) for part in parts
    ]
    joined = parts[0] if len(parts) == 1 else pl.concat_str(escaped, separator=_KEY_SEPARATOR)
    is_blank = pl.any_horizontal(part.fill_null("").str.len_chars() == 0 for part in parts)
    return pl.when(is_blank).then(None).otherwise(joined)


def source_id_sql(primary_key: tuple[str, ...]) -> str:
    """The same as an SQL expression over the delivered columns, for deliveries larger than memory."""
    parts = [_trimmed_sql(quoted(name)) for name in primary_key]
    escaped = [f"replace(replace({part}, '\\', '\\\\'), '|', '\\|')" for part in parts]
    joined = parts[0] if len(parts) == 1 else f"concat_ws({literal(_KEY_SEPARATOR)}, {', '.join(escaped)})"
    is_filled = " AND ".join(f"coalesce({part}, '') <> ''" for part in parts)
    return f"CASE WHEN {is_filled} THEN {joined} END"


def is_deleted_sql(deleted: Deleted) -> str:
    """Whether a row bears the mark of deletion, as an SQL expression over the delivered columns; never null."""
    values = ", ".join(f"lower({literal(value)})" for value in deleted.values)
    return f"coalesce(lower({_trimmed_sql(quoted(deleted.column))}) IN ({values}), false)"


def _trimmed_sql(text: str) -> str:
    """An SQL expression trimmed of `BLANKS`; most texts have none at their ends, told several times faster."""
    is_trimmed = f"regexp_full_match({text}, {literal(_WITHOUT_OUTER_BLANKS)})"
    return f"CASE WHEN {is_trimmed} THEN {text} ELSE trim({text}, {literal(BLANKS)}) END"


def map_rows(delivered: pl.DataFrame, extract: Extract, *, source: str) -> pl.DataFrame:
    """The rows under their standard names, as text, row for row.

    Lists (`phones`, `emails`) become lists of text; namespaced ones lists of (namespace, value); a customer reference
    becomes the record key it stands for; extra columns keep the user's names.
    """
    computed = {name: form.expression for name, form in extract.forms() if form.expression}
    frame = delivered
    if computed:
        results = expressions(delivered.drop(LINE), {f"={name}": sql for name, sql in computed.items()}, where=source)
        frame = delivered.with_columns(results.get_columns())
    columns = [pl.col(LINE)]
    for name in extract.columns:
        if name in NAMESPACED_COLUMNS:
            columns.append(_namespaced(name, extract))
        elif name == "customer":
            key = RELATED_COLUMN if extract.entity == "customers" else REFERENCE_COLUMNS[name]
            columns.append(_reference(extract.form(name), source).alias(key))
        elif name in LIST_COLUMNS:
            columns.append(_list(name, extract.form(name)))
        else:
            columns.append(_text(name, extract.form(name)).alias(name))
    columns += [pl.col(own.column).alias(name) for name, own in extract.extra_columns.items()]
    return frame.select(columns)


def closed_columns(extract: Extract) -> dict[str, tuple[str, ...]]:
    """Standard column to all the values it may have, where the mapping rejects others."""
    return {
        name: tuple(sorted(set((form.values or {}).values())))
        for name, form in extract.forms()
        if form.other_values == "reject"
    }


def all_forms(extract: Extract) -> list[tuple[str, ValueForm]]:
    """Those of the records and of the contacts in the same rows."""
    contact = extract.model_copy(update={"columns": extract.contact}).forms()
    return [*extract.forms(), *((f"contact.{name}", form) for name, form in contact)]


def _text(name: str, form: ValueForm) -> pl.Expr:
    """One text per row; several columns are joined by a space, blank ones left out."""
    if form.expression:
        return pl.col(f"={name}")
    if form.constant is not None:
        return pl.lit(form.constant)
    if form.columns:
        filled = [pl.when(pl.col(c).str.strip_chars() != "").then(pl.col(c).str.strip_chars()) for c in form.columns]
        return pl.concat_str(filled, separator=" ", ignore_nulls=True)
    value = pl.col(str(form.column))
    if form.values is None:
        return value
    if form.other_values == "empty":
        return value.str.strip_chars().replace_strict(form.values, default=None, return_dtype=pl.String)
    return value.str.strip_chars().replace(form.values)


def _list(name: str, form: ValueForm) -> pl.Expr:
    if form.columns:
        return pl.concat_list([pl.col(column) for column in form.columns]).alias(name)
    return pl.concat_list([_text(name, form)]).alias(name)


def _namespaced(name: str, extract: Extract) -> pl.Expr:
    pairs = [
        pl.struct(pl.lit(namespace).alias("namespace"), _text(f"{name}.{namespace}", form).alias("value"))
        for namespace, form in extract.namespaces(name).items()
    ]
    return pl.concat_list(pairs).alias(name)


def _reference(form: ValueForm, source: str) -> pl.Expr:
    """The record key that a reference stands for, made from its columns as the customers' key is made from theirs."""
    target = (form.extract or f"{source}.customers").replace(".", "/", 1)
    key = _key([pl.col(name) for name in form.columns] if form.columns else [_text("customer", form)])
    return pl.concat_str(pl.lit(f"{target}/"), key)
