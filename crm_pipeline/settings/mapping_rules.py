"""Whether the mappings of pipeline.yaml fit together: known columns, distinct names, agreeing types.

Belongs here: rules between the parts of an extract, and between extracts. Does not belong here: the shape of one form
(`forms`), whether a delivery has the columns (`sources.mapping`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from crm_pipeline.settings.extracts import CONTACT_SUFFIX, Extract
from crm_pipeline.settings.forms import LIST_COLUMNS, NAMESPACED_COLUMNS, REFERENCE_COLUMNS
from crm_pipeline.settings.model import Config, mappable_columns, reserved_columns
from crm_pipeline.settings.refusals import YamlPath, refuse, refuse_first, require_known
from crm_pipeline.tables import CONTACTS, ENTITIES


@dataclass(frozen=True, slots=True)
class Written:
    """pipeline.yaml as it was written: the file, the line of each key, the values with their `${NAME}`."""

    file: Path
    lines: Mapping[YamlPath, int]
    value: Any

    def refuse(self, path: YamlPath, expected: str, found: str, cure: str) -> None:
        """Raises the refusal of what stands at `path`."""
        while path and path not in self.lines:
            path = path[:-1]
        refuse(self.file, self.lines.get(path), expected, found, cure)


def check_mappings(written: Written, config: Config) -> None:
    """Nothing, when every extract's mapping is fit.

    Raises:
        ConfigurationError: the first that is not; the message names file and line.
    """
    for source, name, extract in config.extracts:
        path = ("sources", source, "extracts", name)
        _check_entity(written, path, extract)
        _check_columns(written, (*path, "columns"), extract)
        _check_contact(written, path, extract, config)
        _check_own_names(written, path, extract)
        _check_references(written, (*path, "columns"), extract, config)
    _check_own_types(written, config)


def _check_entity(written: Written, path: YamlPath, extract: Extract) -> None:
    if extract.entity not in ENTITIES:
        place = (*path, "entity") if (*path, "entity") in written.lines else path
        require_known(written.file, written.lines, place, (*ENTITIES, CONTACTS), "an entity", extract.entity)


def _check_columns(written: Written, path: YamlPath, extract: Extract) -> None:
    """Known names with forms that can be parsed; no cell is read as two kinds of list."""
    for column in extract.columns:
        inner = (*path, column)
        what = f"a standard column of {extract.entity}"
        require_known(written.file, written.lines, inner, mappable_columns(extract.entity), what)
        try:
            extract.namespaces(column) if column in NAMESPACED_COLUMNS else extract.form(column)
        except ValidationError as error:
            refuse_first(written.file, error, written.lines, written.value, inner)
        except AttributeError:
            cure = f"Write {column}: {{namespace: column}}."
            written.refuse(inner, "one column per namespace", repr(extract.columns[column]), cure)
    for name, form in extract.forms():
        if form.other_values == "reject" and name.split(".")[0] in LIST_COLUMNS | NAMESPACED_COLUMNS:
            expected = "other_values: keep or empty for a column of several values"
            written.refuse((*path, name), expected, "reject", "Choose another.")
    _check_lists(written, path, extract)


def _check_lists(written: Written, path: YamlPath, extract: Extract) -> None:
    seen: dict[str, str] = {}
    for name in extract.columns:
        if name not in LIST_COLUMNS:
            continue
        for delivered in extract.form(name).delivered_columns:
            if seen.setdefault(delivered, name) != name:
                expected = f"a delivered column in {seen[delivered]} or in {name}"
                cure = "Keep one, or take the cell apart with an expression for each."
                written.refuse((*path, name), expected, f"{delivered} in both", cure)


def _check_contact(written: Written, path: YamlPath, extract: Extract, config: Config) -> None:
    if not extract.contact:
        return
    place = (*path, "contact")
    if extract.entity != "customers":
        written.refuse(place, "contact with entity customers only", f"entity {extract.entity}", "Remove it.")
    derived = str(path[-1]) + CONTACT_SUFFIX
    if derived in config.sources[str(path[1])].extracts:
        found = f"{derived}, the name that its contacts have"
        written.refuse((*path[:-1], derived), f"another name than {derived}", found, "Rename this extract.")
    for name in REFERENCE_COLUMNS:
        if name in extract.contact:
            written.refuse((*place, name), "no reference", name, "A contact belongs to its row's record. Remove it.")
    own = extract.model_copy(update={"columns": extract.contact})
    _check_columns(written, place, own)
    if not any(form.delivered_columns or form.expression for _, form in own.forms()):
        cure = "Map name, phones or emails of the contact, or leave contact out."
        written.refuse(place, "a delivered column under contact", "constants alone", cure)


def _check_references(written: Written, path: YamlPath, extract: Extract, config: Config) -> None:
    """A reference that names an extract names one that has records of customers."""
    known = [f"{each.source}.{each.name}" for each in config.applied_extracts if each.extract.entity == "customers"]
    for name, form in extract.forms():
        if form.extract is None:
            continue
        if name not in REFERENCE_COLUMNS:
            written.refuse((*path, name), f"extract with {', '.join(REFERENCE_COLUMNS)} only", name, "Remove extract.")
        if form.extract not in known:
            require_known(written.file, written.lines, (*path, name), known, "an extract of customers", form.extract)


def _check_own_names(written: Written, path: YamlPath, extract: Extract) -> None:
    taken = (set(mappable_columns(extract.entity)) | reserved_columns(extract.entity)) & set(extract.extra_columns)
    if taken:
        name = sorted(taken)[0]
        cure = "Map it under columns, or rename it." if name in mappable_columns(extract.entity) else "Rename it."
        place = (*path, "extra_columns", name)
        written.refuse(place, "a name of your own", f"{name}, a column of the tables already", cure)


def _check_own_types(written: Written, config: Config) -> None:
    """One name is one thing in all extracts of an entity: it becomes one column."""
    known: dict[tuple[str, str], tuple[str, str]] = {}
    for source, name, extract in config.extracts:
        for column, own in extract.extra_columns.items():
            first = known.setdefault((extract.entity, column), (own.type, own.personal))
            if first != (own.type, own.personal):
                path = ("sources", source, "extracts", name, "extra_columns", column)
                expected = f"type {first[0]}, personal {first[1]} for {column}, as in another extract"
                written.refuse(path, expected, f"type {own.type}, personal {own.personal}", "Make them agree.")
