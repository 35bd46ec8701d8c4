"""What a masked edition shows in place of each value: SQL made from personal marks and column names, in two dialects.

Belongs here: the form of every mask, and which column gets which. Does not belong here: where masked tables lie
(`masked`, `postgresql`).

A column that leads to a person directly is masked: in its own form where it is known (138****8000, 张**,
z***@example.com), wholly where it is not. What leads to a person together with others stays, except keys that sources
gave, since a source may use a telephone number as one: they become pseudonyms, equal for equal keys, made with a secret
salt. A column without a mark counts as one that leads to a person directly. Null stays null.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from crm_pipeline.publish.publication import Publication
from crm_pipeline.tables import ALTERNATIVES_TYPE, EXTERNAL_IDS_TYPE, Personal
from crm_pipeline.warehouse.connection import literal, quoted

Mask = Callable[[str], str]

HIDDEN = "***"
_PSEUDONYM_CHARACTERS = 20  # hexadecimal: 80 bits


class Dialect(Protocol):
    """How a database writes what the two do not write alike."""

    def sha256(self, text: str) -> str:
        """Hexadecimal SHA-256 of the salt and a text."""

    def each(self, values: str, mask: Mask) -> str:
        """A list of texts with each element masked."""

    def each_struct(self, values: str, fields: Mapping[str, Mask]) -> str:
        """A list of structs with each field as its mask gives it."""

    def empty(self, kind: str) -> str:
        """Null of a type of DuckDB."""


@dataclass(frozen=True, slots=True)
class DuckDb:
    """DuckDB; the salt is a part of the SQL, which no file keeps."""

    salt: str

    def sha256(self, text: str) -> str:
        """Hexadecimal SHA-256 of the salt and a text."""
        return f"sha256({literal(self.salt)} || {text})"

    def each(self, values: str, mask: Mask) -> str:
        """A list of texts with each element masked."""
        return f"list_transform({values}, lambda element: {mask('element')})"

    def each_struct(self, values: str, fields: Mapping[str, Mask]) -> str:
        """A list of structs with each field as its mask gives it."""
        packed = ", ".join(f"{quoted(name)} := {mask(f'element.{quoted(name)}')}" for name, mask in fields.items())
        return f"list_transform({values}, lambda element: struct_pack({packed}))"

    def empty(self, kind: str) -> str:
        """Null of a type."""
        return f"CAST(NULL AS {kind})"


def masked_columns(
    table: Publication, types: Mapping[str, str], dialect: Dialect, golden: Mapping[str, Personal]
) -> dict[str, str]:
    """Column name to the SQL that the masked edition shows of it, in the order of `types`.

    Args:
        table: whose personal marks count.
        types: column name to DuckDB type, as the source has them.
        dialect: of the SQL.
        golden: column of crm.customers to its personal mark; `customer_values` has values of these.
    """
    forms = _Forms(dialect, golden)
    return {name: forms.column(table, name, kind) for name, kind in types.items()}


def masked_order(table: Publication, types: Mapping[str, str]) -> tuple[str, ...]:
    """The key of a masked table: different masked values may be equal, so that the rank stands for a contact."""
    if table.name == "customer_contacts" and "rank" in types:
        return tuple("rank" if name == "value" else name for name in table.order_by)
    return table.order_by


@dataclass(frozen=True, slots=True)
class _Forms:
    """The mask of each column, in one dialect."""

    dialect: Dialect
    golden: Mapping[str, Personal]

    def column(self, table: Publication, name: str, kind: str) -> str:
        """The SQL of one column."""
        column, personal = quoted(name), table.personal.get(name, Personal.DIRECT)
        if personal is Personal.NONE:
            return column
        if (table.name, name) == ("customer_contacts", "value") and kind == "VARCHAR":
            return _by_kind(quoted("kind"), column, {"phone": phone, "email": email})
        if (table.name, name) == ("customer_values", "value") and kind == "VARCHAR":
            return self._golden_value(column)
        if (table.name, name) == ("customer_values", "alternatives") and _plain(kind) == ALTERNATIVES_TYPE:
            fields = {"value": self._golden_value, "source": _kept, "extract": _kept, "source_id": self._pseudonym}
            return self.dialect.each_struct(column, fields)
        return self._by_name(name, kind, personal)

    def _by_name(self, name: str, kind: str, personal: Personal) -> str:
        column = quoted(name)
        if kind == "VARCHAR" and (mask := self._text_mask(name, personal)):
            return mask(column)
        if kind == "VARCHAR[]" and (mask := self._text_mask(name, personal)):
            return self.dialect.each(column, mask)
        if _plain(kind) == EXTERNAL_IDS_TYPE:
            return self.dialect.each_struct(column, {"namespace": _kept, "value": self._pseudonym})
        if personal is Personal.INDIRECT and "STRUCT" not in kind:
            return column
        if name == "birth_date" and kind == "DATE":
            return f"CAST(date_trunc('year', {column}) AS DATE)"
        return self.dialect.empty(kind)

    def _text_mask(self, name: str, personal: Personal) -> Mask | None:
        """What masks texts of a column; None: they stay as they are."""
        if "record_key" in name:
            return self._record_key
        if name in {"source_id", "row_hash", "identifier", "question_id"}:
            return self._pseudonym
        if name in _OWN_FORMS:
            return _OWN_FORMS[name]
        return hidden if personal is Personal.DIRECT else None

    def _golden_value(self, value: str) -> str:
        """A value of the column of crm.customers that `column_name` names, as text."""
        masks: dict[str, Mask] = {}
        for name, personal in self.golden.items():
            if personal is Personal.NONE:
                masks[name] = _kept
            elif name == "birth_date":
                masks[name] = _year
            elif name == "external_ids":
                masks[name] = hidden
            else:
                masks[name] = self._text_mask(name, personal) or _kept
        return _by_kind(quoted("column_name"), value, masks)

    def _pseudonym(self, text: str) -> str:
        return f"left({self.dialect.sha256(text)}, {_PSEUDONYM_CHARACTERS})"

    def _record_key(self, key: str) -> str:
        """Source and extract as they are, the key there as a pseudonym: the same as that of `source_id`."""
        source, extract = f"split_part({key}, '/', 1)", f"split_part({key}, '/', 2)"
        rest = f"substr({key}, length({source}) + length({extract}) + 3)"
        return f"{source} || '/' || {extract} || '/' || {self._pseudonym(rest)}"


def phone(text: str) -> str:
    """+8613812348000 as 138****8000; of others the first three digits and the last two, of short ones nothing."""
    return (
        f"CASE WHEN {text} LIKE '+861__________' THEN substr({text}, 4, 3) || '****' || right({text}, 4) "
        f"WHEN length({text}) >= 10 THEN left({text}, 4) || repeat('*', length({text}) - 6) || right({text}, 2) "
        f"WHEN {text} IS NOT NULL THEN '****' END"
    )


def email(text: str) -> str:
    """The first character and the domain: z***@example.com."""
    return (
        f"CASE WHEN strpos({text}, '@') > 1 THEN left({text}, 1) || '***' || substr({text}, strpos({text}, '@')) "
        f"WHEN {text} IS NOT NULL THEN '{HIDDEN}' END"
    )


def first_character(text: str) -> str:
    """The first character of a name: 张**, J**; how long it is, and further words, can't be seen."""
    return f"CASE WHEN {text} IS NOT NULL THEN left({text}, 1) || '**' END"


def identity(text: str) -> str:
    """The first six characters of an official number of 15 or more: its division; of shorter ones nothing."""
    return (
        f"CASE WHEN length({text}) >= 15 THEN left({text}, 6) || repeat('*', length({text}) - 6) "
        f"WHEN {text} IS NOT NULL THEN '****' END"
    )


def hidden(text: str) -> str:
    """Nothing of it but that it is there."""
    return f"CASE WHEN {text} IS NOT NULL THEN '{HIDDEN}' END"


def _year(text: str) -> str:
    return f"left({text}, 4) || '-01-01'"


def _kept(text: str) -> str:
    return text


# By the name of the column, whatever its table; a list has the mask of its elements.
_OWN_FORMS: dict[str, Mask] = {
    **dict.fromkeys(("phone", "phones"), phone),
    **dict.fromkeys(("email", "emails"), email),
    **dict.fromkeys(("name", "family_name"), first_character),
    **dict.fromkeys(("national_id", "tax_id"), identity),
}


def _by_kind(kind: str, value: str, masks: Mapping[str, Mask]) -> str:
    """The mask that a column names; where it names none of these, nothing is shown."""
    cases = " ".join(f"WHEN {literal(name)} THEN {mask(value)}" for name, mask in masks.items())
    return f"CASE {kind} {cases} ELSE {hidden(value)} END" if cases else hidden(value)


def _plain(kind: str) -> str:
    """A type as contracts write it: DuckDB quotes names of fields."""
    return kind.replace('"', "")


def golden_marks(tables: Sequence[Publication]) -> Mapping[str, Personal]:
    """The personal marks of crm.customers, if it is among the tables."""
    return next((table.personal for table in tables if table.name == "customers"), {})
