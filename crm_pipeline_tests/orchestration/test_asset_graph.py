"""Claims on what the UI shows before anything has run: the graph, and that every asset describes itself.

After a change of the graph that is meant, write the snapshot anew and review the difference:

    python -m crm_pipeline_tests.orchestration.asset_graph
"""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from crm_pipeline_tests.orchestration.asset_graph import SNAPSHOT, demo_definitions, written_down

# Where code lies, and assets that are no table, so that a column schema would say nothing.
CODE = {"crm_pipeline", "dbt_like_sql"}
WITHOUT_COLUMNS = {
    "landing": "as delivered: the columns are those of the file and come with each materialisation",
    "published": "a file of many tables; each is described in it",
    "backup": "a snapshot of files",
    "reports": "a file for people",
}


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    """Those of the demo."""
    return demo_definitions(tmp_path_factory.mktemp("graph") / "demo")


def test_the_asset_graph_is_the_reviewed_one(definitions: dg.Definitions) -> None:
    """Keys, groups, partitions, pools, dependencies, checks and which of them block are those of asset_graph.txt."""
    assert written_down(definitions) == SNAPSHOT.read_text(encoding="utf-8")


def test_every_asset_describes_itself(definitions: dg.Definitions) -> None:
    """Each asset has a group, a description, the columns of its table or a reason for none, and links to its code."""
    graph = definitions.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.group_name not in {None, "default"}, key
        assert node.description, key
        schema = dg.TableSchema if key.path[0] not in WITHOUT_COLUMNS else type(None)
        assert isinstance(_value(node.metadata.get("dagster/column_schema")), schema), key
        references = node.metadata["dagster/code_references"].code_references
        files = [Path(reference.file_path) for reference in references]
        assert files, key
        assert all(file.is_file() and CODE.intersection(file.parts) for file in files), (key, files)


def test_every_column_has_type_and_description(definitions: dg.Definitions) -> None:
    """Each column in the UI has a type, says what it holds and how personal it is."""
    graph = definitions.resolve_asset_graph()
    schemas = {
        key: _value(graph.get(key).metadata["dagster/column_schema"])
        for key in graph.get_all_asset_keys()
        if key.path[0] not in WITHOUT_COLUMNS
    }
    for key, schema in schemas.items():
        assert schema.columns, key
        for column in schema.columns:
            assert column.type, (key, column.name)
            assert "(personal: " in (column.description or ""), (key, column.name)


def test_every_check_says_what_it_guards(definitions: dg.Definitions) -> None:
    """Each check has a description, so that whoever sees it fail knows why it is there."""
    graph = definitions.resolve_asset_graph()
    specs = [spec for assets in graph.assets_defs for spec in assets.check_specs]
    assert len(specs) > 50
    assert [spec.key for spec in specs if not spec.description] == []


def test_all_steps_that_touch_the_warehouse_share_one_pool(definitions: dg.Definitions) -> None:
    """Every asset is in the pool `warehouse`, so that the UI's runs write one at a time."""
    graph = definitions.resolve_asset_graph()
    assert {tuple(graph.get(key).pools or ()) for key in graph.get_all_asset_keys()} == {("warehouse",)}


def _value(metadata: object) -> object:
    return getattr(metadata, "schema", metadata)
