"""The claim that arrows run one way: what may import what, read from the imports themselves."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import crm_pipeline

ROOT = Path(crm_pipeline.__file__).parent
CAPABILITIES = ("sources", "standardise", "quality", "linkage", "golden", "publish", "backup", "report", "generator")
# Rooms, and which others each may use; what lies beside the rooms of `steps` uses none, beside those of `linkage` all.
ROOMS = {
    "steps": {
        "landing": (),
        "applying": ("landing",),
        "publishing": ("applying",),
        "starting": ("landing",),
        "watching": (),
        "telling": ("applying", "publishing", "watching", "reviewing"),
        "correcting": ("applying", "telling"),
        "reviewing": (),
        "undoing": (),
        "looking": ("landing", "applying", "publishing", "starting"),
    },
    "linkage": {
        "model": (),
        "candidates": ("model",),
        "clustering": (),
        "learning": ("model", "candidates", "clustering"),
        "identity": ("clustering",),
        "evaluation": ("clustering",),
        "explaining": ("model", "candidates", "clustering"),
    },
}
BELOW = ("state", "storage", "warehouse", "tables", "settings", "errors", "bundled")
OWNERS = {
    "adbc_driver_manager": ("sources",),
    "adbc_driver_postgresql": ("sources",),
    "adbc_driver_sqlite": ("sources",),
    "connectorx": ("sources",),
    "psycopg2": ("publish",),
    "pymysql": ("sources",),
    "boto3": ("storage",),
    "botocore": ("storage",),
    "cryptography": ("backup",),
    "splink": ("linkage",),
    "jellyfish": ("linkage",),
    "nicknames": ("linkage",),
    "great_expectations": ("quality",),
    "dagster": ("orchestration", "definitions"),
    "sqlalchemy": ("orchestration",),  # Dagster's own database, not ours
    "duckdb": ("warehouse",),
    "dlt": ("sources",),
    "fastexcel": ("sources",),
    "filelock": ("warehouse",),
    "dagster_postgres": ("orchestration",),
    "phonenumbers": ("standardise",),
    "email_validator": ("standardise",),
    "nameparser": ("standardise",),
    "opencc": ("standardise",),
    "pypinyin": ("standardise",),
    "stdnum": ("standardise",),
    "psutil": ("steps",),
    "requests": ("sources",),
    "pycountry": ("standardise",),
    "yaml": ("settings", "warehouse"),  # pipeline.yaml, and the descriptions beside the SQL models
    "jinja2": ("report",),
    "xlsxwriter": ("generator", "publish"),  # made-up deliveries, and results taken out
    "typer": ("cli",),
    "rich": ("cli",),
}


@dataclass(frozen=True)
class Module:
    """One module of the package, parsed."""

    name: str
    tree: ast.Module
    lines: int

    @property
    def part(self) -> str:
        """The folder or module right below the package: `sources`, `tables`; empty for the package itself."""
        return self.name.split(".")[1] if "." in self.name else ""


def modules() -> Iterator[Module]:
    for file in sorted(ROOT.rglob("*.py")):
        path = file.relative_to(ROOT.parent).with_suffix("")
        text = file.read_text(encoding="utf-8")
        yield Module(".".join(path.parts).removesuffix(".__init__"), ast.parse(text), len(text.splitlines()))


MODULES = list(modules())
every_module = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)


def imports(module: Module) -> set[str]:
    """All modules imported, at the top or within functions, by their full names."""
    found = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module.name}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def parts_imported(module: Module) -> set[str]:
    """The parts of the package that a module imports, its own apart."""
    ours = {name.split(".")[1] for name in imports(module) if name.startswith("crm_pipeline.")}
    return {part for part in ours if not part.startswith("__")} - {module.part}


@every_module
def test_arrows_run_one_way(module: Module) -> None:
    """A capability imports only what lies below all of them; steps import no orchestration and no commands."""
    if module.part in BELOW:
        allowed = set(BELOW)
    elif module.part in CAPABILITIES:
        allowed = {*BELOW}
    elif module.part == "steps":
        allowed = {*BELOW, *CAPABILITIES}
    elif module.part in {"orchestration", "cli"}:
        allowed = {*BELOW, *CAPABILITIES, "steps", "orchestration"}
    elif module.part == "__main__":
        allowed = {"cli"}
    else:
        assert module.part in {"", "definitions"}, f"{module.name} is in no layer"
        allowed = {"orchestration", *BELOW}
    assert parts_imported(module) <= allowed


@every_module
def test_rooms_have_an_order(module: Module) -> None:
    """A room imports the rooms before it only; what lies beside the rooms of `steps` imports none."""
    rooms = ROOMS.get(module.part, {})
    room = module.name.split(".")[2] if module.name.count(".") >= 2 else ""
    inside = rf"crm_pipeline\.{module.part}\.\w+"
    used = {name.split(".")[2] for name in imports(module) if module.part and re.match(inside, name)} & rooms.keys()
    if room in rooms or module.part == "steps":
        assert used <= {room, *rooms.get(room, ())}


@every_module
def test_one_owner_of_each_library(module: Module) -> None:
    """A library with an owner is imported by its owner only."""
    libraries = {name.split(".")[0].split("_postgres")[0] for name in imports(module)}
    wrong = {library for library in libraries & OWNERS.keys() if module.part not in OWNERS[library]}
    if module.name == "crm_pipeline.orchestration.instance":
        wrong -= {"yaml"}  # it writes Dagster's own configuration
    assert wrong == set()


@every_module
def test_one_reader_of_the_environment(module: Module) -> None:
    """Only `settings` reads the environment; the instance hands it on to a child process."""
    reads = [
        node.lineno
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
        and node.attr in {"environ", "getenv", "environb", "putenv"}
    ]
    if module.part != "settings" and module.name != "crm_pipeline.orchestration.instance":
        assert reads == []


@every_module
def test_says_what_belongs_in_it(module: Module) -> None:
    """Every module with content begins with a docstring, and none is named after nothing in particular."""
    if module.tree.body:
        assert ast.get_docstring(module.tree)
    words = set(module.name.replace(".", "_").split("_"))
    assert not words & {"utils", "util", "helpers", "helper", "common", "misc", "tools"}


@every_module
def test_no_blanket_except(module: Module) -> None:
    """No handler takes any exception without raising it again: an unknown failure must stop the run.

    The one exception is the last place of the command line, which turns it into exit code 3 without quoting data.
    """
    if module.name == "crm_pipeline.cli.app":
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler):
            names = {name.id for name in ast.walk(node.type) if isinstance(name, ast.Name)} if node.type else {"all"}
            if names & {"Exception", "BaseException", "all"}:
                assert any(isinstance(inner, ast.Raise) for inner in ast.walk(node)), f"line {node.lineno}"


def test_sizes() -> None:
    """Nine modules in ten have at most 250 lines and nine functions in ten at most 30."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    functions = [node for module in MODULES for node in ast.walk(module.tree) if isinstance(node, kinds)]
    long_functions = [node.name for node in functions if (node.end_lineno or 0) - node.lineno + 1 > 30]
    long_modules = [module.name for module in MODULES if module.lines > 250]
    assert len(long_functions) <= len(functions) / 10, long_functions
    assert len(long_modules) <= len(MODULES) / 10, long_modules
