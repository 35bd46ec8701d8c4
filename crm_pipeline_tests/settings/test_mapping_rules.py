"""Claims on mappings that do not fit together: each is refused in one line with its cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings import load_project
from crm_pipeline.tables import Personal

TEXT = """\
version: 1
start_date: 2026-01-01
sources:
  crm:
    extracts:
      customers:
        read: {file: a.csv}
        primary_key: id
        columns: {name: 名称, phones: [手机]}
        MORE
      OTHER: {entity: customers, read: {file: b.csv}, primary_key: id, columns: {name: n}, ELSE}
"""
REFUSED = {
    "contact of another entity": (
        "contact: {name: x}",
        "OTHER: {entity: products, contact: {name: x}, ",
        "contact with entity customers only",
    ),
    "contact of constants": ("contact: {name: {constant: x}}", "", "a delivered column under contact"),
    "unknown column of a contact": ("contact: {nmae: x}", "", "Did you mean name?"),
    "broken form in a contact": ("contact: {name: {column: x, constant: y}}", "", "exactly one of column"),
    "reference in a contact": ("contact: {customer: x, name: y}", "", "A contact belongs to its row"),
    "name of the contacts taken": ("contact: {name: x}", "customers_contact: {", "another name than customers_contact"),
    "column twice in a list": ("columns: {phones: [a, a]}", "", "each delivered column once"),
    "column in two lists": ("columns: {phones: [a, b], emails: [b]}", "", "b in both"),
    "rejecting in a list": (
        "columns: {phones: {column: a, values: {x: y}, other_values: reject}}",
        "",
        "keep or empty for a column of several values",
    ),
    "other values without values": ("columns: {name: {column: a, other_values: empty}}", "", "goes with values"),
    "unknown way with other values": (
        "columns: {name: {column: a, values: {x: y}, other_values: drop}}",
        "",
        "other_values",
    ),
    "unknown type": ("extra_columns: {a: {column: x, type: integer}}", "", "type"),
    "unknown mark": ("extra_columns: {a: {column: x, personal: secret}}", "", "personal"),
    "reference to an unknown extract": (
        "",
        "other: {entity: tickets, columns: {customer: {column: x, extract: crm.custmers}}, ",
        "Did you mean crm.customers?",
    ),
    "extract of what is no reference": (
        "columns: {name: {column: a, extract: crm.other}}",
        "",
        "extract with customer",
    ),
    "types that differ": (
        "extra_columns: {a: {column: x, type: number}}",
        "other: {extra_columns: {a: x}, ",
        "type number, personal direct for a",
    ),
    "marks that differ": (
        "extra_columns: {a: {column: x, personal: none}}",
        "other: {extra_columns: {a: x}, ",
        "personal none for a, as in another extract",
    ),
    "name of a derived column": ("extra_columns: {related_record_key: x}", "", "a name of your own"),
}


def written(folder: Path, more: str, other: str = "other: {") -> Path:
    """A project whose extract `customers` has `more`, and whose other extract begins as given."""
    columns = "columns: {name: 名称, phones: [手机]}\n        MORE"
    text = TEXT.replace(columns, more) if more.startswith("columns:") else TEXT.replace("MORE", more)
    name, _, rest = (other or "other: {").partition(": {")
    entity = "" if "entity" in rest else "entity: customers, "
    text = text.replace("OTHER: {entity: customers, ", f"{name.lower()}: {{{entity}{rest}").replace(", ELSE", "")
    if "columns" in rest:
        text = text.replace(", columns: {name: n}}", "}")
    (folder / "pipeline.yaml").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(("more", "other", "said"), REFUSED.values(), ids=[*REFUSED])
def test_refused(tmp_path: Path, more: str, other: str, said: str) -> None:
    """Parts of a mapping that contradict each other are refused when the file is read, with file and line."""
    with pytest.raises(ConfigurationError) as caught:
        load_project(written(tmp_path, more, other))
    assert said in str(caught.value)
    assert caught.value.where.startswith("pipeline.yaml:")


def test_own_columns(tmp_path: Path) -> None:
    """An own column is text and direct unless it says otherwise; extracts that agree share it."""
    more = "extra_columns: {a: x, b: {column: y, type: date, personal: none}}"
    project = load_project(
        written(tmp_path, more, "other: {extra_columns: {b: {column: z, type: date, personal: none}}, ")
    )
    a, b = project.config.extras("customers")
    assert (a.name, a.type, a.personal) == ("a", "VARCHAR", Personal.DIRECT)
    assert (b.name, b.type, b.personal) == ("b", "DATE", Personal.NONE)
    assert project.config.extras("orders") == ()


def test_applied_extracts(tmp_path: Path) -> None:
    """A contact is applied as an extract of its own: a person of the record's organisation, landed with the record."""
    config = load_project(written(tmp_path, "contact: {phones: x, organisation: y}")).config
    assert [(name, extract.entity) for _, name, extract in config.extracts] == [
        ("customers",) * 2,
        ("other", "customers"),
    ]
    main, contact, other = config.applied_extracts
    assert (main.name, main.landed_name, main.is_contact) == ("customers", "customers", False)
    assert (contact.name, contact.landed_name, contact.is_contact) == ("customers_contact", "customers", True)
    assert not other.is_contact
    assert contact.extract.columns == {"kind": {"constant": "person"}, "organisation": "y", "phones": "x"}
    assert contact.extract.primary_key == main.extract.primary_key
    derived = load_project(written(tmp_path, "contact: {name: x}")).config.applied_extracts[1].extract
    assert derived.columns == {"kind": {"constant": "person"}, "organisation": "名称", "name": "x"}
