"""The files of each labelled set as what its sources deliver, without any label, and the labels by record key.

Belongs here: one reader per set. Records get the number of their row as key, because keys such as `rec-12-dup-3` tell
the truth. Does not belong here: mapping columns (`mappings`), cleaning values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

KEY = "row"
EXTRACT = "customers"
PSEUDOPEOPLE = ("census", "acs", "cps", "wic", "ssa", "w2_1099", "tax1040")
_HIDDEN_IN_PSEUDOPEOPLE = ("simulant_id", "household_id")


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a set's sources deliver, and the truth.

    Attributes:
        rows: by source, its rows as text; no column is a label or tells one.
        labels: record_key and label of all records, each key once; records with one label are one customer.
    """

    rows: dict[str, pl.DataFrame]
    labels: pl.DataFrame


def splink_fake_1000(files: Sequence[Path]) -> Delivered:
    """`cluster` is the truth."""
    [rows] = map(_csv, files)
    return _delivered({"people": (rows.drop("cluster", "unique_id"), rows["cluster"])})


def febrl(files: Sequence[Path]) -> Delivered:
    """The key names the original: rec-12-dup-3 is person 12. soc_sec_id stays with the truth."""
    [rows] = map(_csv, files)
    return _delivered({"people": _febrl_parts(rows)})


def febrl4(files: Sequence[Path]) -> Delivered:
    """The same, of two registers."""
    return _delivered({name: _febrl_parts(_csv(file)) for name, file in zip("ab", files, strict=True)})


def _febrl_parts(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    return rows.drop("rec_id", " soc_sec_id"), rows["rec_id"].str.extract(r"^rec-(\d+)-")


def senzing(files: Sequence[Path]) -> Delivered:
    """The last of the files is the key; its CLUSTER_ID is the truth. RECORD_ID is replaced by the number of the row."""
    *extracts, key = files
    truth = _csv(key).with_columns(pl.col("DATA_SOURCE").str.to_lowercase().alias("source"))
    parts = {}
    for file in extracts:
        rows = _csv(file)
        of_source = truth.filter(pl.col("source") == file.stem).select("RECORD_ID", "CLUSTER_ID")
        labels = rows.join(of_source, on="RECORD_ID", how="left", maintain_order="left")["CLUSTER_ID"]
        parts[file.stem] = (rows.drop("RECORD_ID"), labels)
    return _delivered(parts, key="RECORD_ID")


def pseudopeople(files: Sequence[Path]) -> Delivered:
    """`simulant_id` is the truth; it and the household's id are taken away."""
    parts = {}
    for file in files:
        rows = pl.read_parquet(file).with_columns(pl.all().cast(pl.String))
        hidden = [name for name in _HIDDEN_IN_PSEUDOPEOPLE if name in rows.columns]
        parts[file.stem] = (rows.drop(hidden), rows["simulant_id"])
    return _delivered(parts)


def orgs_hard(files: Sequence[Path]) -> Delivered:
    """The truth is pairs of row numbers from 0, closed under transitivity."""
    records, truth = map(_csv, files)
    labels = _labels_of_pairs([str(n) for n in range(records.height)], truth.select("row_a", "row_b").rows())
    return _delivered({"companies": (records.drop("record_id", "hardness"), labels)})


def magellan_restaurants(files: Sequence[Path]) -> Delivered:
    """The truth is pairs of a restaurant of Fodor's and one of Zagat's; ids are distinct over both."""
    fodors, zagats, matches = map(_csv, files)
    pairs = [(f"f{left}", f"z{right}") for left, right in matches.select("fodors_id", "zagats_id").rows()]
    names = [f"f{id_}" for id_ in fodors["id"]] + [f"z{id_}" for id_ in zagats["id"]]
    labels = _labels_of_pairs(names, pairs)
    return _delivered(
        {
            "fodors": (fodors.drop("id"), labels.head(fodors.height)),
            "zagats": (zagats.drop("id"), labels.tail(zagats.height)),
        }
    )


def _csv(file: Path) -> pl.DataFrame:
    return pl.read_csv(file, infer_schema=False)


def _labels_of_pairs(nodes: Sequence[str], pairs: Sequence[tuple[str, str]]) -> pl.Series:
    """One label per node, in order: the number of its connected component."""
    number = {node: n for n, node in enumerate(nodes)}
    left, right = ([number[pair[side]] for pair in pairs] for side in (0, 1))
    graph = coo_array((np.ones(len(pairs)), (left, right)), shape=(len(nodes), len(nodes)))
    _, component = connected_components(graph, directed=False)
    return pl.Series(component).cast(pl.String)


def _delivered(parts: dict[str, tuple[pl.DataFrame, pl.Series]], key: str = KEY) -> Delivered:
    """Rows with their number from 1 as key, in front, and labels by record key.

    Raises:
        ValueError: a record has no label, so that the files are not those of the set.
    """
    rows, labels = {}, []
    for source, (frame, of_rows) in parts.items():
        if of_rows.null_count():
            raise ValueError(f"{source}: {of_rows.null_count():,} records without a label")
        numbers = pl.int_range(1, frame.height + 1, eager=True).cast(pl.String).alias(key)
        rows[source] = frame.select(numbers, pl.all())
        record_keys = pl.select(pl.format(f"{source}/{EXTRACT}/{{}}", numbers).alias("record_key")).to_series()
        labels.append(pl.DataFrame({"record_key": record_keys, "label": of_rows.cast(pl.String)}))
    return Delivered(rows, pl.concat(labels))
