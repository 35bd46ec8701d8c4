"""The masks in PostgreSQL's own words. The salt lies in a table that only the owner of the masked views may read.

Belongs here: this dialect. Does not belong here: which column gets which mask (`publish.masks`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crm_pipeline.publish.masks import Mask
from crm_pipeline.publish.postgresql.columns import server_type
from crm_pipeline.warehouse.connection import literal


@dataclass(frozen=True, slots=True)
class PostgreSql:
    """The dialect; `salts` is the table of the salt, quoted: a view's text may be read by everybody."""

    salts: str

    def sha256(self, text: str) -> str:
        """Hexadecimal SHA-256 of the salt and a text."""
        return f"encode(sha256(convert_to((SELECT salt FROM {self.salts}) || {text}, 'UTF8')), 'hex')"

    def each(self, values: str, mask: Mask) -> str:
        """An array of texts with each element masked."""
        masked = (
            f"SELECT array_agg({mask('element')} ORDER BY place) "
            f"FROM unnest({values}) WITH ORDINALITY AS elements (element, place)"
        )
        return f"CASE WHEN {values} IS NOT NULL THEN coalesce(({masked}), CAST('{{}}' AS text[])) END"

    def each_struct(self, values: str, fields: Mapping[str, Mask]) -> str:
        """An array of JSON with each field as its mask gives it."""
        pairs = (f"{literal(name)}, {mask(f'(element ->> {literal(name)})')}" for name, mask in fields.items())
        masked = (
            f"SELECT jsonb_agg(jsonb_build_object({', '.join(pairs)}) ORDER BY place) "
            f"FROM jsonb_array_elements({values}) WITH ORDINALITY AS elements (element, place)"
        )
        return f"CASE WHEN {values} IS NOT NULL THEN coalesce(({masked}), CAST('[]' AS jsonb)) END"

    def empty(self, kind: str) -> str:
        """Null of the type that a type of DuckDB becomes."""
        return f"CAST(NULL AS {server_type(kind)})"
