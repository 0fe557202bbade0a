"""Write the reference pages that follow from the code: tables, assumptions, curves, command line, Python.

Run by `make docs`. The pages are committed, so that they can be read where the repository is read; a test holds them
equal to what this script writes.
"""

from __future__ import annotations

import os
import pkgutil
import sys
from pathlib import Path
from typing import Any

os.environ["HEADWATER_LANGUAGE"] = "en"

import pandas as pd
import typer.main

import headwater
from headwater import schema
from headwater.assumptions import known_assumptions
from headwater.cli import app
from headwater.errors import EXIT_CODES
from headwater.risk import curves as packaged
from headwater.steps import STEPS
from headwater.store.studies import INPUT_TABLES

PAGES = Path(__file__).parent / "reference"
NOTE = "<!-- Written by docs/reference.py; change the code or the CSV it comes from. -->\n"
PACKAGES = (
    "geo",
    "system",
    "risk",
    "options",
    "appraisal",
    "portfolio",
    "catalogue",
    "journey",
    "sources",
    "store",
    "reports",
    "web",
)
FACADE = ("headwater.study", "headwater.library", "headwater.cli", "headwater.cli_hub")
"""Modules with a page of their own."""
COMPARISONS = {">=": "At least", ">": "Above", "<=": "At most", "<": "Below"}


def markdown(table: pd.DataFrame) -> str:
    """A table in Markdown."""
    rows = [list(map(str, table.columns)), ["---"] * table.shape[1], *table.fillna("").astype(str).to_numpy().tolist()]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |" for row in rows) + "\n"


def code(words: pd.Series) -> pd.Series:
    """Words set as code; blank where there are none."""
    return words.map(lambda word: f"`{word}`" if word else "")


# --- tables -------------------------------------------------------------------------------------------------------


def tables() -> str:
    """Every column of every table."""
    results = [name for step in STEPS for name in step.makes if name in schema.table_names()]
    results += [name for name in schema.table_names() if name not in {*INPUT_TABLES, *results}]
    lead = (
        "A study is a folder of tables; so are its results. This page lists every column of every one.\n\n"
        "*Key*: rows are told apart by it. *Needed*: a blank is a fault. All other columns may be left out or left "
        "blank. Units stand after the type; 1 is a share or a factor. Geometry in a CSV is Well-Known Text.\n"
    )
    parts = [NOTE, "# Tables\n", lead, "## What a study holds\n", *map(_table, INPUT_TABLES)]
    return "\n".join([*parts, "## What Headwater computes\n", *map(_table, results)])


def _table(name: str) -> str:
    rows = schema.load_schema(name)
    needed = rows["required"].where(rows["required"] == "yes", "").replace("yes", "needed")
    columns = {
        "column": code(rows["column"]),
        "type": rows["type"] + rows["unit"].map(lambda unit: f", {unit}" if unit else ""),
        "": needed.mask(rows["key"] == "yes", "key"),
        "meaning": rows["description"] + rows["rule"].map(_rule),
    }
    return f"### {name}\n\n{markdown(pd.DataFrame(columns))}"


def _rule(rules: str) -> str:
    """A rule of a schema in words, after a full stop."""
    words = [_rule_in_words(rule.strip()) for rule in rules.split("; ") if rule.strip()]
    return f". {'; '.join(words)}" if words else ""


def _rule_in_words(rule: str) -> str:
    verb, _space, rest = rule.partition(" ")
    if rule.startswith("one of "):
        return "One of " + ", ".join(f"`{value}`" for value in rule.removeprefix("one of ").split("|"))
    if verb == "in":
        return f"A value of `{rest}`"
    return f"Matches `{rest}`" if verb == "matches" else f"{COMPARISONS[verb]} {rest}"


# --- assumptions and curves ---------------------------------------------------------------------------------------


def assumptions() -> str:
    """Every assumption a study may give."""
    rows = known_assumptions().fillna("")
    columns = {
        "assumption": code(rows["name"]),
        "type": rows["type"] + rows["unit"].map(lambda unit: f", {unit}" if unit else ""),
        "meaning": rows["description"] + rows["rule"].map(_rule) + [_default(row) for row in rows.itertuples()],
        "read by": [", ".join(step.name for step in STEPS if name in step.assumptions) for name in rows["name"]],
    }
    lead = (
        "A study gives an assumption in `study.toml` as `[assumptions.NAME]`, with `value` and either `source_id` (a "
        "row of `sources`) or `basis` (such as `judgement`); [Study folder](study.md#assumptions) has an example. A "
        "step that cannot do without an assumption that is neither given nor has a default stops and says so. A "
        "changed value recomputes the steps in *read by*, and those after them.\n"
    )
    return "\n".join([NOTE, "# Assumptions\n", lead, markdown(pd.DataFrame(columns))])


def _default(row: Any) -> str:
    """Default of an assumption and its source, as a sentence."""
    return f". Default `{row.default}`: {row.source}" if row.default else ""


def curves() -> str:
    """The packaged curves and where each comes from."""
    choices = packaged.load_curve_choices().fillna("")
    choices = choices.assign(curve_id=code(choices["curve_id"]), is_paved=choices["is_paved"].replace("", "any"))
    lead = (
        "Vulnerability curves give the share of an asset's replacement cost that is lost at an intensity of the "
        "hazard; between points they are straight, beyond the ends they hold the last value. Those below come with "
        "Headwater. A study may give its own [`curve_register`](tables.md#curve_register), "
        "[`curves`](tables.md#curves) and [`curve_choices`](tables.md#curve_choices); they come before these, and "
        "`curve_id` of an asset comes before any choice.\n"
    )
    parts = [NOTE, "# Curves and coefficients\n", lead, "## Curves\n", *_curve_parts()]
    return "\n".join([*parts, "## Which curve for which asset\n", markdown(choices), "## Sources\n", *_source_parts()])


def _curve_parts() -> list[str]:
    """A table per hazard: what each packaged curve describes and the range of its points."""
    points = packaged.load_curves()
    ends = points.groupby("curve_id", sort=False).agg(
        low=("intensity", "min"),
        high=("intensity", "max"),
        unit=("intensity_unit", "first"),
        most=("damage_share", "max"),
        is_banded=("damage_share_low", lambda bound: bound.notna().all()),
    )
    register = packaged.load_curve_register().fillna("")
    rows = pd.DataFrame(
        {
            "hazard": register["hazard"],
            "curve": code(register["curve_id"]),
            "sector, kind": register["sector"] + ", " + register["kind"],
            "describes": register["description"],
            "points": [_range(end) for end in ends.loc[register["curve_id"]].itertuples()],
            "source": code(register["source_id"]),
        }
    )
    groups = rows.groupby("hazard", sort=False)
    return [f"### {hazard}\n\n{markdown(group.drop(columns='hazard'))}" for hazard, group in groups]


def _range(end: Any) -> str:
    """Range of a curve's points in words."""
    band = ", with low and high" if end.is_banded else ""
    return f"{end.low:g} to {end.high:g} {end.unit}, share up to {end.most:.3g}{band}"


def _source_parts() -> list[str]:
    rows = packaged.load_curve_sources().fillna("")
    return [
        f"### {row.source_id}\n\n[{row.title}]({row.url}). {row.publisher}. Licence: {row.licence}. {row.caveat}.\n"
        for row in rows.itertuples()
    ]


# --- command line -------------------------------------------------------------------------------------------------


def cli() -> str:
    """Every command with its help."""
    group: Any = typer.main.get_command(app)
    commands = sorted(
        (name if child is None else f"{name} {child}", command if child is None else command.commands[child])
        for name, command in group.commands.items()
        for child in (sorted(command.commands) if hasattr(command, "commands") else [None])
    )
    codes = pd.DataFrame([("0", "success"), *_exit_codes()], columns=["exit code", "meaning"])
    parts = [NOTE, "# Command line\n", f"{group.help}\n"]
    parts += [_command(name, command) for name, command in commands]
    return "\n".join([*parts, "## Exit codes\n", markdown(codes)])


def _command(name: str, command: Any) -> str:
    parameters = [parameter for parameter in command.params if parameter.name != "help"]
    usage = " ".join([f"headwater {name}", *map(_usage, parameters)])
    rows = markdown(pd.DataFrame([_parameter(parameter) for parameter in parameters]))
    return f"## headwater {name}\n\n{command.help}\n\n```text\n{usage}\n```\n\n{rows}"


def _usage(parameter: Any) -> str:
    name = _name(parameter)
    return name if parameter.required else f"[{name}]{'...' if parameter.multiple else ''}"


def _name(parameter: Any) -> str:
    first = str(parameter.opts[0])
    return f"{first} {parameter.name.upper()}" if first.startswith("-") else str(parameter.metavar or first.upper())


def _parameter(parameter: Any) -> dict[str, str]:
    default = "" if parameter.default is None else f"`{parameter.default}`"
    return {"parameter": f"`{_name(parameter)}`", "default": default, "meaning": parameter.help or ""}


def _exit_codes() -> list[tuple[str, str]]:
    words = {"HeadwaterError": "another error", "InputError": "wrong input", "NotFound": "not found"}
    words |= {"NotAllowed": "not allowed", "SourceError": "a source is unavailable or has changed"}
    words |= {"SchedulerError": "no cluster to work on", "NoRoom": "a disk is full"}
    words |= {"SolveError": "no plan could be found or proved in time"}
    codes = sorted((number, words[kind.__name__]) for kind, number in EXIT_CODES.items())
    return [*((str(number), meaning) for number, meaning in codes), ("130", "stopped; what was finished is kept")]


# --- Python -------------------------------------------------------------------------------------------------------


def python() -> str:
    """The façade, and where the rest is."""
    lead = (
        "`import headwater as hw` gives the façades: `hw.open_study`, `hw.check_study`, `hw.new_study`, "
        "`hw.explain_result` for studies, `hw.open_library` and `hw.build_library` for the hub. "
        "Below it stand packages of plain functions from tables to tables, each usable alone.\n"
    )
    links = [("[Foundation](python/foundation.md)", "what every package may use: schemas, errors, units, provenance")]
    links += [(f"[headwater.{name}](python/{name}.md)", _first_line(name)) for name in PACKAGES]
    contents = markdown(pd.DataFrame(links, columns=["package", "knows"]))
    return "\n".join([NOTE, "# Python\n", lead, contents, "::: headwater.study\n", "::: headwater.library\n"])


def package_pages() -> dict[str, str]:
    """One page per package, and one for the foundation, by path under `reference/`."""
    modules = [module.name for module in pkgutil.walk_packages(headwater.__path__, "headwater.") if not module.ispkg]
    top = [name for name in modules if name.count(".") == 1 and name not in FACADE]
    pages = {"python/foundation.md": _module_page("Foundation", "Each imports only those before it.", top)}
    for package in PACKAGES:
        inside = [name for name in modules if name.startswith(f"headwater.{package}.")]
        pages[f"python/{package}.md"] = _module_page(f"headwater.{package}", _first_line(package), inside)
    return pages


def _module_page(title: str, lead: str, modules: list[str]) -> str:
    return "\n".join([NOTE, f"# {title}\n", f"{lead}\n", *[f"::: {name}\n" for name in modules]])


def _first_line(package: str) -> str:
    """First sentence of a package's docstring."""
    __import__(f"headwater.{package}")
    return str(sys.modules[f"headwater.{package}"].__doc__).strip().splitlines()[0]


def pages() -> dict[str, str]:
    """Every page, by path under `reference/`."""
    single = {f"{page.__name__}.md": page() for page in (tables, assumptions, curves, cli, python)}
    return single | package_pages()


def main() -> None:
    """Write every page."""
    for name, text in pages().items():
        path = PAGES / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
