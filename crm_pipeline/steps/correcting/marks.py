"""The columns that a file of corrections has beside the delivered ones: by them a line is found again.

Belongs here: their names, which no delivered column is likely to have. Does not belong here: what is in them.
"""

from __future__ import annotations

SOURCE, EXTRACT, ROW_HASH, CORRECTION = "[source]", "[extract]", "[row_hash]", "[correction]"

MARKS: dict[str, str] = {
    SOURCE: "source",
    EXTRACT: "extract",
    "[business_date]": "business_date",
    "[sequence]": "sequence",
    "[line]": "line",
    ROW_HASH: "row_hash",
    "[source_id]": "source_id",
    CORRECTION: "number",
    "[reasons]": "reasons",
    "[advice]": "advice",
}
"""Each column to that of `correctable.SCHEMA`."""

NEEDED = (SOURCE, EXTRACT, ROW_HASH, CORRECTION)
"""Those without which a file can't be read back; the others are for people."""

UNREADABLE_SHEET = "unreadable lines"
"""The sheet of lines that could not be read: they are looked at, and delivered again by the source. Sheets of
extracts have a dot in their names."""
