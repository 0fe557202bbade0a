"""A study, opened. Ask for a result: what is missing or out of date is computed, the rest is read.

The façade of the command line, of Python and of the web. It fetches tables, runs steps and keeps what comes back with
the record of what it came from. It does not compute.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from headwater import __version__, schema
from headwater.budgets import Future
from headwater.compute import Progress, map_items, silent
from headwater.errors import Fault, NotFound, TableError
from headwater.explain import plain
from headwater.inputs import Step
from headwater.journey import describe, digest, stress, summary, trade, validate
from headwater.provenance import Provenance, code_hash, hash_file, hash_json
from headwater.reports.content import ReportContent
from headwater.reports.document import write_report
from headwater.reports.exports import write_exports
from headwater.settings import StudyHeader
from headwater.steps import SCHEMA_OF, STEPS, step_of
from headwater.steps_assess import curve_sources, disruptions_with, struck
from headwater.steps_plan import case_sources
from headwater.store import rasters, results, studies
from headwater.words import _, language, pick


@dataclass
class Study:
    """A study folder and the folder of its results. Make one with `open_study`.

    `base` is the study that this one is a future of, or None: what does not differ there is read from it.
    """

    folder: Path
    out: Path
    header: StudyHeader
    workers: int | None = None
    progress: Progress = silent
    scheduler: str | None = None
    base: Study | None = None
    _known: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False)
    _hashes: dict[Path, str] = field(default_factory=dict, repr=False)
    _keys: dict[str, str] = field(default_factory=dict, repr=False)
    _rest_on: dict[str, set[str]] = field(default_factory=dict, repr=False)
    _made: dict[str, Any] = field(default_factory=dict, repr=False)

    # --- what it holds ---

    @property
    def title(self) -> str:
        """Title in the current language."""
        return pick(self.header.title)

    @cached_property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Input tables by name, checked.

        Raises
        ------
        TableError
            With every fault of the study.
        """
        return self._read[0]

    @cached_property
    def _read(self) -> tuple[Mapping[str, pd.DataFrame], pd.DataFrame]:
        tables, layers, found = _checked(self.folder, self.header)
        if found:
            raise TableError(found)
        return tables, layers

    @property
    def system(self) -> dict[str, gpd.GeoDataFrame]:
        """Tables that options change."""
        return {name: self.tables[name] for name in ("assets", "links")}

    @cached_property
    def sources(self) -> pd.DataFrame:
        """Table `sources`: the study's own, and those of the packaged curves and multipliers that it uses."""
        packaged = (curve_sources(self), case_sources(self))
        return pd.concat([self.tables["sources"], *packaged], ignore_index=True)

    @property
    def notices(self) -> list[str]:
        """What a reader should know and no rule forbids: what the results do not cover."""
        known = {name: self._known[name] for name in ("exposures", "snapping", "needs") if name in self._known}
        return validate.notices(self.tables, known | {"rasters": self._read[1]}, header=self.header)

    def describe(self) -> dict[str, pd.DataFrame]:
        """Small tables that say what the study holds, by heading."""
        return describe.overview(self.tables)

    # --- the journey ---

    def exposures(self) -> pd.DataFrame:
        """How much of each asset lies where each hazard layer exceeds the study's threshold: table `exposures`."""
        return self.result("exposures")

    def damages(self) -> pd.DataFrame:
        """Damage of each asset at each return period: table `damages`."""
        return self.result("damages")

    def expected_annual_damage(self, *, rule: str | None = None) -> pd.DataFrame:
        """Expected annual damage of each asset: table `expected_damages`.

        Parameters
        ----------
        rule
            Rule of integration; the study's own by default.

        Raises
        ------
        InputError
            If there is no such rule.
        """
        chosen = self.header.value("ead_rule") if rule is None else rule
        return stress.of_rule(self.result("expected_damages"), chosen)

    def drought_losses(self) -> pd.DataFrame:
        """Expected loss of capacity to drought, each model and epoch apart: table `drought_losses`."""
        return self.result("drought_losses")

    def access(self) -> pd.DataFrame:
        """Time of every zone to the nearest facility of each service: table `access`."""
        return self.result("access")

    def criticality(self) -> pd.DataFrame:
        """What the failure of each link takes from people: table `criticality`."""
        return self.result("criticality")

    def options(self) -> pd.DataFrame:
        """The study's options, and each measure on every place that a hazard damages: table `options`."""
        return self.result("proposed_options")

    def effects(self) -> pd.DataFrame:
        """What each option gives, by running the models without and with it: table `effects`."""
        return self.result("effects")

    def appraisals(self) -> pd.DataFrame:
        """Costs and benefits of each option over the study's years: table `appraisals`."""
        return self.result("appraisals")

    def plans(self) -> pd.DataFrame:
        """Options chosen under each budget: table `plans`."""
        return self.result("plans")

    def plan_summaries(self) -> pd.DataFrame:
        """What each plan spends and reaches, and how well that is proved: table `plan_summaries`."""
        return self.result("plan_summaries")

    def plan_checks(self) -> pd.DataFrame:
        """The sum of the options' gains beside what the models say of the whole plan: table `plan_checks`."""
        return self.result("plan_checks")

    def indicators(self) -> pd.DataFrame:
        """The study's key figures in one tidy table: table `results`."""
        return self.result("results")

    def expected_disruptions(self) -> pd.DataFrame:
        """People without each service in an average year: table `expected_disruptions`."""
        return self.result("expected_disruptions")

    def failures(self) -> pd.DataFrame:
        """What the failure of each asset and link alone takes from people: table `failures`."""
        return self.result("failures")

    def needs(self) -> pd.DataFrame:
        """What assets need from services and each other, given and inferred: table `needs`."""
        return self.result("needs")

    def stress(self) -> None:
        """Let assets and links fail, alone and by hazard, without and with what they need from each other."""
        for name in ("exposures", "drought_losses", "failures"):
            self.result(name)

    def stress_summary(self) -> dict[str, pd.DataFrame]:
        """Small tables of what matters most, by heading."""
        return summary.overview(
            self.result("expected_disruptions"), self.result("failures"), self.result("causes"), self.system
        )

    def strike(self, *, fail: Sequence[str] = (), area: Path | None = None) -> dict[str, pd.DataFrame]:
        """What takes place when some assets and links fail together, or everything in drawn areas; keeps nothing.

        Parameters
        ----------
        fail
            Names of assets and links.
        area
            File of polygons.

        Raises
        ------
        InputError
            If a name is not known, or the file cannot be read or holds no polygon.
        """
        areas = None if area is None else studies.read_areas(area)
        return struck(self, fail, areas)

    def stress_with(self, option_ids: Sequence[str]) -> dict[str, pd.DataFrame]:
        """What options avoid of disruption, in small tables by heading; keeps nothing.

        Raises
        ------
        NotFound
            If an option is not known, or changes nothing.
        """
        changes = self.result("proposed_changes")
        known = sorted(changes["option_id"].unique())
        unknown = [option for option in option_ids if option not in known]
        if unknown:
            message = _("No option of this study changes the system by the name {names}. Some that do: {known}")
            raise NotFound(message.format(names=", ".join(unknown), known=", ".join(known[:10])))
        without = {name: self.result(name) for name in ("expected_disruptions", "failures")}
        return disruptions_with(self, changes, option_ids, without)

    def assess(self) -> None:
        """Describe and stress the system: everything but the options and the plan."""
        self.stress()
        self.result("access")

    def appraise(self, option_id: str | None = None) -> dict[str, pd.DataFrame]:
        """Whole-life costs and benefits: small tables of the options that are worth most, or of one option.

        Raises
        ------
        NotFound
            If there is no appraisal of the option.
        """
        tables = {name: self.result(name) for name in ("appraisals", "case_items", "proposed_options")}
        known = tables["appraisals"]["option_id"]
        if option_id is not None and not (known == option_id).any():
            message = _("No option by the name {name} has been appraised. Some that have: {known}")
            raise NotFound(message.format(name=option_id, known=", ".join(known.head(10))))
        return digest.appraised(tables, option_id)

    def finance(self, plan_id: str | None = None) -> dict[str, pd.DataFrame]:
        """How plans are paid for and who bears their risks: small tables of all plans, or of one.

        Raises
        ------
        NotFound
            If there is no such plan.
        """
        known = [budget.plan_id for budget in self.header.budgets]
        if plan_id is not None and plan_id not in known:
            message = _("There is no plan {name}; there are {known}.")
            raise NotFound(message.format(name=plan_id, known=", ".join(known)))
        names = ("finance_summaries", "risk_allocation", "delivery_comparison")
        return digest.financed({name: self.result(name) for name in names}, plan_id)

    def optimise(self) -> dict[str, pd.DataFrame]:
        """The best plan under each budget, the exact front, and plans for any future: small tables."""
        names = ("plan_summaries", "plan_checks", "front", "robustness", "robust_options")
        return digest.optimised({name: self.result(name) for name in names})

    def give_up(self, at_least: Mapping[str, float]) -> dict[str, pd.DataFrame]:
        """What reaching so much of some objectives would cost in the others: small tables.

        Raises
        ------
        NotFound
            If the study trades off no such objective.
        """
        found = trade.give_up(self.result("front"), at_least)
        return {heading: digest.written(table) for heading, table in found.items()}

    def export(self, folder: Path | None = None) -> list[Path]:
        """Write the plans as workbooks with live formulas and as an OC4IDS project package; says where."""
        self.plan()
        return write_exports(self._report_content(), folder or self.out / "exports", language=language())

    def plan(self) -> None:
        """Assess, propose, appraise, choose, trade off, and make the business case of each plan."""
        self.assess()
        for step in STEPS:
            self.result(step.makes[0])

    def report(self, path: Path | None = None) -> Path:
        """Do everything and write the report in the current language; says where."""
        self.plan()
        target = path or self.out / f"report.{language()}.html"
        return write_report(self._report_content(), target, language=language())

    # --- results ---

    def result(self, name: str) -> pd.DataFrame:
        """A result table, computed if it is missing or out of date.

        Raises
        ------
        NotFound
            If there is no result of that name.
        """
        if name not in self._known:
            step = step_of(name)
            key = self.key(step)
            if self.base is not None and self.base.key(step) == key:
                self._known |= {made: self.base.result(made) for made in step.makes}
            elif all(results.is_current(self.out, made, key) for made in step.makes):
                self._known |= {made: results.read_result(self.out, made) for made in step.makes}
            else:
                self._known |= self._run(step, key)
        return self._known[name]

    def _run(self, step: Step, key: str) -> dict[str, pd.DataFrame]:
        for need in step.needs:
            self.result(need)
        made = dict(step.run(self))
        for name in step.makes:
            schema.check(made[name], SCHEMA_OF.get(name, name))
        for name in step.makes:
            results.write_result(self.out, made[name], self._provenance(step, key, name))
        results.remove_parts(self.out)
        return made

    def key(self, step: Step) -> str:
        """Mark of all that a step's results follow from."""
        if step.name not in self._keys:
            needs = [self.key(step_of(need)) for need in step.needs]
            read = [self._inputs(step), self._values(step), [self.header.unit(n) for n in step.assumptions], needs]
            self._keys[step.name] = hash_json([step.name, code_hash(), *read])
        return self._keys[step.name]

    def _inputs(self, step: Step) -> dict[str, str]:
        tables = self.once("files of tables", lambda: studies.table_files(self.folder))
        files = [path for name in step.tables for path in tables[name]]
        if "hazard_layers" in step.tables:
            files += sorted(self.folder / name for name in self.tables["hazard_layers"]["file"].unique())
        for path in set(files) - set(self._hashes):
            self._hashes[path] = hash_file(path)
        return {str(path.relative_to(self.folder)): self._hashes[path] for path in files}

    def _values(self, step: Step) -> dict[str, Any]:
        values = {name: self.header.optional(name) for name in step.assumptions}
        return values | {name: plain(getattr(self.header, name)) for name in step.header}

    def _provenance(self, step: Step, key: str, name: str) -> Provenance:
        needs = {f"{need} (result)": self.key(step_of(need)) for need in step.needs}
        return Provenance(
            result=name, step=step.name, method=step.method, key=key, inputs=self._inputs(step) | needs,
            assumptions=self._values(step), sources=tuple(sorted(self._sources(step))), version=__version__,
        )  # fmt: skip

    def _sources(self, step: Step) -> set[str]:
        if step.name not in self._rest_on:
            tables = [self.tables[name] for name in step.tables if "source_id" in self.tables[name]]
            here = {str(source) for table in tables for source in table["source_id"].unique() if not pd.isna(source)}
            here |= {self.header.assumptions[name].source_id for name in step.assumptions if self.header.gives(name)}
            if "curves" in step.tables:
                here |= set(self.sources["source_id"]) - set(self.tables["sources"]["source_id"])
            self._rest_on[step.name] = here.union(*(self._sources(step_of(need)) for need in step.needs)) - {""}
        return self._rest_on[step.name]

    # --- what steps ask for ---

    @property
    def readers(self) -> dict[str, Any]:
        """Readers of the study's rasters, by their path in the study."""
        read = rasters.Rasters(self.folder.resolve(), self.workers)
        return {"read_grid": read.grid, "read_values": read.values}

    def map(self, what: str, function: Callable, items: Iterable) -> Iterator:
        """Map a function over work items, here or on a cluster, telling of progress."""
        return map_items(
            function, items, workers=self.workers, scheduler=self.scheduler, what=what, progress=self.progress
        )

    def map_kept(
        self, what: str, function: Callable, items: Sequence, *, names: Sequence[str], of: Callable
    ) -> list[list[pd.DataFrame]]:
        """Map a function over work items, keeping the tables of each on disk: a stopped run goes on after them."""
        keys = [[f"{name}-{hash_json([name, of(item), self.key(step_of(name))])}" for name in names] for item in items]
        missing = [item for item, own in zip(items, keys, strict=True) if not results.has_parts(self.out, own)]
        made = self.map(what, function, missing)
        done = []
        for own in keys:
            if not results.has_parts(self.out, own):
                results.write_parts(self.out, dict(zip(own, next(made), strict=True)))
            done.append(results.read_parts(self.out, own))
        return done

    def in_future(self, future: Future) -> Study:
        """The study as it would be in a future; its results are kept in a folder of their own."""
        return Study(
            self.folder, self.out / "futures" / future.future_id, self.header.assuming(future.assumptions),
            self.workers, self.progress, self.scheduler, base=self,
        )  # fmt: skip

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """A thing that several steps use, made when the first of them asks."""
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]

    def _report_content(self) -> ReportContent:
        made = {name: self.result(name) for step in STEPS for name in step.makes}
        outline, credit = studies.read_outline(self.folder)
        shown = made | {"options": made["proposed_options"], "expected_damages": self.result("expected_damages")}
        return ReportContent(
            header=self.header, tables=dict(self.tables) | shown, sources=self.sources,
            outline=outline, outline_credit=credit,
            provenance={
                "version": __version__,
                "run_on": dt.datetime.now(tz=dt.UTC).date().isoformat(),
                "inputs": {str(p.relative_to(self.folder)): hash_file(p) for p in studies.input_files(self.folder)},
                "results": {name: results.read_provenance(self.out, name) for name in made},
                "commands": [f"headwater explain {self.out / 'expected_damages.csv'}"],
            },
        )  # fmt: skip


# --- doors --------------------------------------------------------------------------------------------------------


def open_study(
    folder: Path | str,
    *,
    out: Path | str | None = None,
    workers: int | None = None,
    progress: Progress = silent,
    scheduler: str | None = None,
) -> Study:
    """Open a study.

    Parameters
    ----------
    folder
        Folder that holds `study.toml` and its tables.
    out
        Folder for results; `out/STUDY-ID` in the current folder by default. Results there that are still current are
        used.
    workers
        Threads; all processors by default.
    progress
        Told of work as it goes.
    scheduler
        Address of a Dask scheduler that shares the work among its machines; None for threads here.

    Raises
    ------
    NotFound
        If the folder is not a study.
    InputError
        If its header cannot be read.
    """
    path = Path(folder)
    header = studies.read_header(path)
    return Study(path, Path(out) if out else Path("out") / header.study_id, header, workers, progress, scheduler)


def check_study(folder: Path | str) -> tuple[list[Fault], list[str]]:
    """Every fault of a study, and notices of what its tables do not cover.

    Raises
    ------
    NotFound
        If the folder is not a study.
    InputError
        If `study.toml` cannot be read at all.
    """
    path = Path(folder)
    try:
        header = studies.read_header(path)
    except TableError as error:
        return error.faults, []
    tables, layers, found = _checked(path, header)
    return found, [] if found else validate.notices(tables, {"rasters": layers}, header=header)


def _checked(folder: Path, header: StudyHeader) -> tuple[Mapping[str, pd.DataFrame], pd.DataFrame, list[Fault]]:
    """The tables, the hazard layers with what their rasters hold, and everything wrong with either."""
    tables, unread = studies.read_tables(folder, header)
    found, layers = validate.study_faults(tables, header, unread=unread), pd.DataFrame()
    if not any(fault.file.startswith("hazard_layers") for fault in found):
        layers, more = rasters.survey(folder, tables["hazard_layers"])
        found = found + more
    return tables, layers, studies.with_file_names(found, folder)


def new_study(folder: Path | str, *, iso3: str, year: int) -> list[Path]:
    """Make a study folder with a commented header and an empty file for every table; says what was made.

    Raises
    ------
    InputError
        If the folder exists and is not empty.
    """
    return studies.new_study(Path(folder), iso3=iso3, year=year)
