"""A first mapping for files that a user names: what each holds, its key, its columns, what they share.

Belongs here: decisions over several files. Does not belong here: grouping files (`steps.starting.given_files`), one
file (`steps.starting.suggest`), the text of pipeline.yaml (`steps.starting.first_configuration`).
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings.forms import LIST_COLUMNS, NAMESPACED_COLUMNS
from crm_pipeline.settings.model import mappable_columns
from crm_pipeline.sources.column_names import words_of
from crm_pipeline.sources.entity_suggestions import EntitySuggestion
from crm_pipeline.sources.mapping import source_ids
from crm_pipeline.sources.reading import Asked
from crm_pipeline.sources.suggestions import Suggestion
from crm_pipeline.state.delivery import Origin
from crm_pipeline.steps.landing.sampling import Sample, sample_of
from crm_pipeline.steps.starting.given_files import GivenExtract
from crm_pipeline.steps.starting.kinds import constant_kind, kinds
from crm_pipeline.steps.starting.shared_identifiers import Keyed, referred, shared
from crm_pipeline.steps.starting.suggest import recognised_each, suggested
from crm_pipeline.tables import CONTACTS

_SOME, _ALL = 0.1, 0.97  # shares of credit codes among tax numbers
_SAME = 0.8  # share of an earlier delivery's keys that a later full one has again


@dataclass(frozen=True, slots=True)
class FirstExtract:
    """An extract as it is proposed.

    Attributes:
        name: of the extract.
        mapping: what goes under `columns:`, in order; values are forms as YAML has them.
        contact: what goes under `contact:`.
        why: column, or `contact.name`, to what speaks for it.
        updated_at: delivered column, where there is one.
        load: full or incremental, and why.
    """

    given: GivenExtract
    name: str
    entity: str
    origin: Origin
    primary_key: tuple[str, ...]
    updated_at: str | None
    load: str
    load_reason: str
    mapping: Mapping[str, Any]
    contact: Mapping[str, Any]
    why: Mapping[str, str]
    delivered: tuple[str, ...]
    unmapped: tuple[str, ...]

    @property
    def mapped_count(self) -> int:
        """Delivered columns that are mapped, or the key."""
        return len(self.delivered) - len(self.unmapped)


@dataclass(frozen=True, slots=True)
class _Looked:
    given: GivenExtract
    sample: Sample
    shares: Mapping[str, Mapping[str, float]]
    found: EntitySuggestion
    name: str


def first_mapping(
    given: Sequence[GivenExtract], root: Path, country: str | None = None
) -> tuple[list[FirstExtract], str]:
    """The extracts as they are proposed, and the country that phones without a code are taken for.

    Sheets and files without rows are left out.

    Raises:
        DeliveryError: a file can't be read, or none has rows.
    """
    samples = [(each, _sample(each, root, each.largest)) for each in given]
    filled = [(each, sample) for each, sample in samples if sample.rows.height]
    if not filled:
        raise DeliveryError(where="--from", expected="rows", found="none in any file", cure="Name files with rows.")
    chosen = country or _country([sample.rows for _, sample in filled])
    looked: list[_Looked] = []
    told = recognised_each([sample.rows for _, sample in filled], chosen)
    for (each, sample), shares in zip(filled, told, strict=True):
        found = suggested(each.title, sample.rows, shares)
        taken = [other.name for other in looked if other.given.source == each.source]
        looked.append(_Looked(each, sample, shares, found, _free_name(found.entity, taken)))
    keyed = [Keyed(each.given.source, each.name, each.found, each.sample.rows, each.shares) for each in looked]
    namespaces, references = shared(keyed), referred(keyed)
    return [
        _first(each, namespaces.get((each.given.source, each.name), {}), references, root) for each in looked
    ], chosen


def _sample(given: GivenExtract, root: Path, dated: tuple[date | None, Path]) -> Sample:
    day = dated[0] or date(1970, 1, 1)  # a path without a date is the same for any
    with tempfile.TemporaryDirectory() as folder:
        return sample_of(given.read, Asked(given.title, day, root.absolute(), Path(folder)))


def _country(frames: Sequence[pl.DataFrame]) -> str:
    """China where cells hold Chinese characters, else the United States: a guess that the file asks to correct."""
    for frame in frames:
        cells = frame.select(pl.col(pl.String).head(500).str.contains(r"\p{Han}").any())
        if any(cells.row(0)):
            return "CN"
    return "US"


def _free_name(entity: str, taken: Sequence[str]) -> str:
    return next(name for name in (entity, *(f"{entity}_{n}" for n in range(2, 99))) if name not in taken)


def _first(
    looked: _Looked, namespaces: Mapping[str, str], references: Mapping[tuple[str, str, str], str], root: Path
) -> FirstExtract:
    given, found = looked.given, looked.found
    chosen = _contact_or_name(found)
    mapping: dict[str, Any] = {}
    why: dict[str, str] = {}
    for each in chosen:
        if not each.standard.startswith("contact."):
            why[each.standard] = each.reason
            _put(mapping, each, looked, namespaces, references)
    if (form := mapping.get("customer")) and isinstance(form, dict):
        why["customer"] += f", and its values are keys of {form['extract']}"
    for column, namespace in namespaces.items():
        mapping.setdefault("external_ids", {})[namespace] = column
        why.setdefault("external_ids", "its values are keys of another file too")
    contact = {name: form for name, form in _contact(chosen).items() if "name" in mapping}
    if found.entity == "customers" and "kind" not in mapping and (kind := constant_kind(looked.found, looked.shares)):
        mapping = {"kind": {"constant": kind}, **mapping}
        why["kind"] = "going by the names"
    load, reason = _load(looked, root)
    updated = next(iter(found.delivered("updated_at")), None)
    key = found.primary_key or tuple(looked.sample.columns[:1])
    unplaced = {each.delivered for each in chosen if each.standard == "customer" and "customer" not in mapping}
    used = {*key, *namespaces, *(each.delivered for each in chosen)} - unplaced
    used |= {part for name in mapping for part in _further_part(looked, name)}
    unmapped = tuple(column for column in looked.sample.columns if column not in used)
    ordered = dict(sorted(mapping.items(), key=lambda item: _position(found.entity, item[0])))
    return FirstExtract(
        given=given,
        name=looked.name,
        entity=found.entity,
        origin=looked.sample.origin,
        primary_key=key,
        updated_at=updated,
        load=load,
        load_reason=reason,
        mapping=ordered,
        contact=contact,
        why=why,
        delivered=tuple(looked.sample.columns),
        unmapped=unmapped,
    )


def _contact_or_name(found: EntitySuggestion) -> list[Suggestion]:
    """The suggestions; a contact without a record beside it is the record itself."""
    if found.entity != "customers" or found.delivered("name"):
        return list(found.columns)
    return [replace(each, standard=each.standard.removeprefix("contact.")) for each in found.columns]


def _put(
    mapping: dict[str, Any],
    each: Suggestion,
    looked: _Looked,
    namespaces: Mapping[str, str],
    references: Mapping[tuple[str, str, str], str],
) -> None:
    """Adds the form of one suggestion to the mapping."""
    standard, delivered = each.standard, each.delivered
    if standard in LIST_COLUMNS:
        mapping.setdefault(standard, []).append(delivered)
    elif standard in NAMESPACED_COLUMNS:
        if delivered not in namespaces:
            mapping.setdefault(standard, {})[_namespace(delivered)] = delivered
    elif standard == "customer":
        target = references.get((looked.given.source, looked.name, delivered))
        own = f"{looked.given.source}.customers"
        if target:
            mapping[standard] = delivered if target == own else {"column": delivered, "extract": target}
    elif standard == "kind" and looked.found.entity == "customers":
        named = next(iter(looked.found.delivered("name")), None)
        values = kinds(looked.sample.rows, looked.shares, delivered, named)
        mapping[standard] = {"column": delivered, "values": values} if values else delivered
    elif parts := _further_part(looked, standard, delivered):
        mapping[standard] = {"expression": "concat(" + ", ".join(_quoted(part) for part in (delivered, *parts)) + ")"}
    elif standard == "tax_id":
        mapping |= _tax_numbers(delivered, looked.shares[delivered].get("organisation_id", 0))
    else:
        mapping[standard] = delivered


def _tax_numbers(delivered: str, share: float) -> dict[str, Any]:
    """Chinese organisations give their credit code as tax number: 18 characters, by which systems find each other."""
    if share < _SOME:
        return {"tax_id": delivered}
    if share >= _ALL:
        return {"organisation_id": delivered}
    column = _quoted(delivered)
    return {
        "organisation_id": {"expression": f"CASE WHEN length(trim({column})) = 18 THEN {column} END"},
        "tax_id": {"expression": f"CASE WHEN length(trim({column})) <> 18 THEN {column} END"},
    }


def _further_part(looked: _Looked, standard: str, delivered: str | None = None) -> tuple[str, ...]:
    """The column in which a name that is cut off after so many characters goes on: NAME2 of NAME1."""
    first = delivered or next(iter(looked.found.delivered(standard)), "")
    second = first[:-1] + "2"
    is_cut = standard == "name" and first.endswith("1") and second in looked.sample.columns
    return (second,) if is_cut else ()


def _contact(chosen: Sequence[Suggestion]) -> dict[str, Any]:
    contact: dict[str, Any] = {}
    for each in chosen:
        if each.standard.startswith("contact."):
            name = each.standard.removeprefix("contact.")
            if name in LIST_COLUMNS:
                contact.setdefault(name, []).append(each.delivered)
            else:
                contact[name] = each.delivered
    return contact


def _load(looked: _Looked, root: Path) -> tuple[str, str]:
    """Full or incremental, and why: two days are compared, else transactions are taken for increments."""
    key = looked.found.primary_key
    if len(looked.given.files) > 1 and key:
        earlier, newest = (_sample(looked.given, root, dated) for dated in looked.given.files[-2:])
        if all(set(key) <= set(each.columns) and each.rows.height for each in (earlier, newest)):
            before, now = (source_ids(each.rows, key).drop_nulls() for each in (earlier, newest))
            again = before.is_in(now.implode()).mean()
            if isinstance(again, float) and again >= _SAME:
                return "full", "the newest file has nearly all records of the one before"
            return "incremental", "the newest file lacks most records of the one before"
    guess = "a guess: orders, tickets, payments and interactions come as increments, all else in full"
    return looked.found.load, guess


def _namespace(column: str) -> str:
    """A name for a shared identifier out of its column's name."""
    words = [word for word in words_of(column) if word.isascii() and word[0].isalpha()]
    return "_".join(words) or "shared_number"


def _quoted(name: str) -> str:
    """A column within an expression."""
    return name if re.fullmatch(r"[^\W\d]\w*", name) else '"' + name.replace('"', '""') + '"'


def _position(entity: str, column: str) -> int:
    known = mappable_columns("customers" if entity == CONTACTS else entity)
    return known.index(column) if column in known else len(known)
