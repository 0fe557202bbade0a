"""About the package itself: who may import whom, what is documented and sourced, what no module may do."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import typer

import headwater as hw
from headwater import cli
from headwater.assumptions import known_assumptions
from headwater.risk import curves
from headwater.schema import faults, table_names
from headwater.steps import SCHEMA_OF, STEPS
from headwater.store.studies import INPUT_TABLES

PACKAGE = Path(hw.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
NAMES = [str(path.relative_to(PACKAGE)) for path in MODULES]
LONGEST = 500


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def handlers(path: Path) -> Iterator[ast.ExceptHandler]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.ExceptHandler))


# --- modules ------------------------------------------------------------------------------------------------------


def test_import_contracts_hold(root: Path) -> None:
    """`.importlinter`: doors over façades over the journey over the packages over the foundation."""
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    ran = subprocess.run(  # noqa: S603
        [sys.executable, "-c", command, "--no-cache"], cwd=root, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert re.search(r"[1-9]\d* kept, 0 broken", ran.stdout)


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_module_says_what_it_knows_and_is_not_a_drawer(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= LONGEST
    assert path.stem not in {"utils", "common", "base", "helpers", "misc"}
    if path.name != "__init__.py" or lines:
        assert ast.get_docstring(tree(path)), "a module docstring says what the module knows"


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_no_module_swallows_what_it_does_not_know(path: Path) -> None:
    for handler in handlers(path):
        caught = {name.id for name in ast.walk(handler.type) if isinstance(name, ast.Name)} if handler.type else {"all"}
        again = any(isinstance(node, ast.Raise) and node.exc is None for node in handler.body)
        assert again or not caught & {"all", "Exception", "BaseException"}, f"line {handler.lineno}"


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_public_functions_are_documented(path: Path) -> None:
    for node in tree(path).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{node.name}, line {node.lineno}"


@pytest.mark.parametrize(
    "package", ["geo", "risk", "system", "options", "appraisal", "portfolio", "catalogue", "journey"]
)
def test_computing_touches_no_clock_network_or_global_chance(package: str) -> None:
    """Files too, but for packaged tables beside the code.

    The portfolio measures how long it searches; the catalogue reads dates, and asks for none.
    """
    forbidden = {"random", "requests", "urllib", "socket", "logging", "subprocess"}
    forbidden |= {"portfolio": {"datetime"}, "catalogue": {"time"}}.get(package, {"datetime", "time"})
    for path in (PACKAGE / package).rglob("*.py"):
        for node in ast.walk(tree(path)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.split(".")[0] for name in names} & forbidden, path
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute):
                assert (node.value.attr, node.attr) != ("random", "seed"), path
            assert not (isinstance(node, ast.Attribute) and node.attr in {"now", "today", "utcnow"}), path


# --- what is exported ---------------------------------------------------------------------------------------------


def test_exported_names_exist_and_nothing_is_loaded_before_it_is_asked_for() -> None:
    for name in hw.__all__:
        assert getattr(hw, name) is not None
    loaded = "import sys, headwater; sys.exit('headwater.study' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", loaded], check=False).returncode == 0  # noqa: S603


def test_version_is_that_of_the_project(root: Path) -> None:
    assert f'version = "{hw.__version__}"' in (root / "pyproject.toml").read_text(encoding="utf-8")


def test_types_are_shipped() -> None:
    assert (PACKAGE / "py.typed").exists()


@pytest.mark.parametrize("name", [name for name in hw.__all__ if not name.startswith("__")])
def test_every_exported_name_is_documented(name: str) -> None:
    thing = getattr(hw, name)
    assert inspect.getdoc(thing)
    if inspect.isclass(thing):
        public = [m for key, m in vars(thing).items() if not key.startswith("_") and callable(m)]
        assert all(inspect.getdoc(method) for method in public)


# --- commands -----------------------------------------------------------------------------------------------------

GROUP = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
HUB = {f"hub {name}": command for name, command in GROUP["hub"].commands.items()}
COMMANDS = {name: command for name, command in GROUP.items() if name != "hub"}
COMMAND_OF = {
    "stress": "assess", "drought": "assess", "screen": "assess", "disrupt": "stress", "propose": "appraise",
    "interact": "optimise", "appraise": "appraise", "choose": "optimise", "trade": "optimise", "robust": "optimise",
    "case": "plan", "finance": "finance", "measure": "plan",
}  # fmt: skip
"""The command whose results each step makes."""


def test_every_step_of_the_work_has_a_command() -> None:
    assert set(COMMANDS) == {
        "new", "check", "describe", "assess", "stress", "appraise", "optimise", "finance", "export", "plan", "report",
        "explain", "serve", "work", "backup", "restore", "user", "export-content", "export-site",
    }  # fmt: skip
    assert set(COMMAND_OF) == {step.name for step in STEPS}
    assert set(COMMAND_OF.values()) <= set(COMMANDS)


def test_everything_the_hub_can_do_has_a_command() -> None:
    assert {name.removeprefix("hub ") for name in HUB} == {
        "build", "check", "stamp", "search", "show", "wizard", "compare", "cite", "gaps", "export",
    }  # fmt: skip


@pytest.mark.parametrize("name", [*COMMANDS, *HUB])
def test_every_command_and_option_has_help(name: str) -> None:
    command = (COMMANDS | HUB)[name]
    assert len(command.help or "") > 20
    for parameter in command.params:
        assert getattr(parameter, "help", None), parameter.name


# --- tables, steps, assumptions -----------------------------------------------------------------------------------


def test_every_result_and_input_has_a_schema() -> None:
    results = [name for step in STEPS for name in step.makes]
    assert len(results) == len(set(results))
    assert {SCHEMA_OF.get(name, name) for name in results} | set(INPUT_TABLES) <= set(table_names())


def test_steps_name_inputs_that_exist_and_needs_made_before_them() -> None:
    made: set[str] = set()
    fields = set(hw.Study.__annotations__) | set(
        importlib.import_module("headwater.settings").StudyHeader.__annotations__
    )
    for step in STEPS:
        assert set(step.tables) <= set(INPUT_TABLES)
        assert set(step.assumptions) <= set(known_assumptions().index)
        assert set(step.header) <= fields
        assert set(step.needs) <= made, step.name
        assert str(step.method).endswith("."), step.name
        made |= set(step.makes)


def test_every_assumption_is_read_by_a_step() -> None:
    assert {name for step in STEPS for name in step.assumptions} == set(known_assumptions().index)


# --- coefficients -------------------------------------------------------------------------------------------------

DATA = sorted(path for path in PACKAGE.rglob("data/*.csv"))
SOURCED = [path for path in DATA if path.stem != "sources"]


def table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def test_there_are_packaged_coefficients() -> None:
    assert {path.stem for path in DATA} >= {"sources", "curves", "curve_register", "curve_choices"}


@pytest.mark.parametrize("path", SOURCED, ids=lambda path: path.stem)
def test_every_packaged_coefficient_has_a_source(path: Path) -> None:
    rows, known = table(path), set(table(path.with_name("sources.csv"))["source_id"])
    if "source_id" not in rows:  # points of curves take the source of their curve
        rows = rows.merge(table(path.with_name("curve_register.csv")), on="curve_id", how="left")
    assert len(rows)
    assert set(rows["source_id"]) <= known


def test_every_packaged_source_can_be_found_and_used() -> None:
    sources = curves.load_curve_sources()
    assert faults(sources.astype({"vintage": "str"}), "sources") == []
    for column in ("title", "publisher", "licence", "url", "vintage"):
        assert sources[column].astype(str).str.len().gt(0).all(), column
    used = {row for path in SOURCED if "source_id" in table(path) for row in table(path)["source_id"]}
    assert set(sources["source_id"]) == used


def test_every_packaged_curve_says_what_it_describes_in_both_languages() -> None:
    register = curves.load_curve_register()
    assert set(register["curve_id"]) == set(curves.load_curves()["curve_id"])
    for column in ("description", "description_zh"):
        assert register[column].str.len().gt(5).all()
    assert register["description_zh"].str.contains("[一-龥]").all()


def test_every_default_of_an_assumption_has_a_source_and_a_meaning() -> None:
    known = known_assumptions()
    assert (known.loc[known["default"] != "", "source"] != "").all()
    for column in ("description", "description_zh", "type"):
        assert (known[column] != "").all()
