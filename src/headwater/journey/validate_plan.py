"""Is what a study says of money and plans sound? Flows, finance, risks, what is uncertain, rules and futures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pandas as pd

from headwater.appraisal.flows import check_flows
from headwater.appraisal.funding import check_funding
from headwater.appraisal.marginals import check_uncertainties
from headwater.appraisal.parties import ITEMS
from headwater.appraisal.register import check_register
from headwater.errors import Fault, TableError
from headwater.journey.objectives import COST, known_objectives
from headwater.schema import load_schema
from headwater.settings import FILE, StudyHeader
from headwater.words import _

Tables = Mapping[str, pd.DataFrame]
COUNT = "options"
SHOWN = 5


def _raised(check: Callable[..., object], *given: object) -> Iterator[Fault]:
    try:
        check(*given)
    except TableError as error:
        yield from error.faults


def _costs(tables: Tables, header: StudyHeader) -> Iterator[Fault]:
    """Options without a cost in a study that has budgets: they could never be chosen, and nobody would be told why."""
    options = tables["options"]
    if not header.budgets or options.empty:
        return
    blank = options.reindex(columns=[COST])[COST].isna().to_numpy()
    for i in blank.nonzero()[0][:SHOWN]:
        problem = _("the option has no cost, and plans need it")
        remedy = _("give the investment, 0 if there is none, or take the option out")
        yield Fault("options", int(i) + 2, COST, str(options["option_id"].iloc[i]), problem, remedy)


def _flows(tables: Tables, _header: StudyHeader) -> Iterator[Fault]:
    yield from _raised(check_flows, tables["flows"], tables["options"], tables["unit_values"])
    for name, column in (("flows", "amount"), ("unit_values", "usd_per_unit")):
        bounds = tables[name].reindex(columns=[f"{column}_low", column, f"{column}_high"]).astype("float64")
        low, middle, high = (bounds[c] for c in bounds)
        bad = ((low > middle) | (middle > high) | (low > high)).to_numpy()
        problem, remedy = _("is not between its low and high bounds"), _("order them low ≤ value ≤ high")
        for i in bad.nonzero()[0][:SHOWN]:
            yield Fault(name, int(i) + 2, column, str(middle.iloc[i]), problem, remedy)


def _funding(tables: Tables, header: StudyHeader) -> Iterator[Fault]:
    if tables["funding"].empty:
        return
    options = tables["options"].reindex(columns=["option_id", "sector", "measure_id", COST])
    priced = options[options[COST].notna()].rename(columns={COST: "amount_usd"})
    yield from _raised(check_funding, tables["funding"], priced.assign(year=header.base_year))


def _risks(tables: Tables, _header: StudyHeader) -> Iterator[Fault]:
    yield from _raised(check_register, tables["risks"], tables["risk_bearers"])


def _uncertainties(tables: Tables, _header: StudyHeader) -> Iterator[Fault]:
    if len(tables["uncertainties"]):
        yield from _raised(check_uncertainties, tables["uncertainties"])


def _rules(tables: Tables, header: StudyHeader) -> Iterator[Fault]:
    rules, known = tables["plan_rules"], [*known_objectives(header, tables["unit_values"]), COUNT]
    columns = list(load_schema("options").index)
    for i, rule in enumerate(rules.to_dict("records")):
        if rule["item"] not in known:
            remedy = _("write one of {values}").format(values=", ".join(known))
            yield Fault("plan_rules", i + 2, "item", str(rule["item"]), _("no option has this value"), remedy)
        column = rule.get("column")
        if isinstance(column, str) and column not in columns:
            remedy = _("write one of {values}").format(values=", ".join(columns))
            yield Fault("plan_rules", i + 2, "column", column, _("is not a column of options"), remedy)
        elif isinstance(column, str):
            found = _values(tables, column)
            if found and str(rule.get("value")) not in found:
                remedy = _("write one of {values}").format(values=", ".join(sorted(found)[:SHOWN]))
                yield Fault("plan_rules", i + 2, "value", str(rule.get("value")), _("no option has this value"), remedy)


def _values(tables: Tables, column: str) -> set[str]:
    """Values that options have in a column, their own or their measure's; empty where that is not known here."""
    measures = tables["measures"].rename(columns={"applies_to_sector": "sector"})
    if len(measures) and column not in measures:
        return set()
    parts = [table[column].dropna() for table in (tables["options"], measures) if column in table]
    return {str(value) for part in parts for value in part}


def _trade_off(tables: Tables, header: StudyHeader) -> Iterator[Fault]:
    known = known_objectives(header, tables["unit_values"])
    remedy = _("write one of {values}").format(values=", ".join(known))
    for objective in header.trade_off:
        if objective not in known:
            yield Fault(FILE, None, "objectives.trade_off", objective, _("no option has this value"), remedy)


def _futures(_tables: Tables, header: StudyHeader) -> Iterator[Fault]:
    for i, future in enumerate(header.futures):
        for line in future.factors:
            if line not in ITEMS:
                remedy = _("write one of {values}").format(values=", ".join(ITEMS))
                yield Fault(FILE, None, f"futures[{i}].factors", line, _("is no line of the business case"), remedy)


PLAN_CHECKS: dict[str, Callable[[Tables, StudyHeader], Iterator[Fault]]] = {
    "options that plans choose from have a cost": _costs,
    "flows belong to something and can be valued": _flows,
    "funding pays no investment twice": _funding,
    "risks have a probability, a cost and somebody to bear them": _risks,
    "uncertainties can be drawn": _uncertainties,
    "rules count what options have": _rules,
    "objectives that are traded off are values that options have": _trade_off,
    "futures change lines that there are": _futures,
}
