"""Lines of the business case of options: what each amounts to and when it falls, not yet laid out over years.

Put together from the costs of options, from effects that have a value, and from flows that a study states. Knows no
start years, so the same lines serve every year an option may start in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from headwater.appraisal.benefits import AMOUNTS, EAD, WORTHS, products, valued_effects, values
from headwater.appraisal.cash_flow import Floats, check_rate
from headwater.appraisal.costs import check_costs
from headwater.appraisal.parties import COSTS, party_faults
from headwater.appraisal.timing import CAPITAL, PERIODIC, RENEWAL, RESIDUAL, ROUTINE, SERVICE, STATED, Mask, patterns
from headwater.errors import Fault, TableError
from headwater.frames import with_columns
from headwater.schema import SHOWN_PER_RULE, faults, load_schema
from headwater.words import _

LINE = ["item", "pays", "gains", "group", "is_cash"]
"""What tells one line of a case from another."""

COST_PARTIES = {"pays": "government", "gains": "contractors"}
"""Who pays the costs in table `options`, and to whom."""

COST_KINDS = {
    CAPITAL: ("capital", "initial_cost_usd"), RENEWAL: ("renewal", "initial_cost_usd"),
    PERIODIC: ("maintenance", "periodic_cost_usd"), ROUTINE: ("maintenance", "routine_cost_usd"),
}  # fmt: skip
"""Line that each cost of an option is booked under, and its column."""
EVERY = {PERIODIC: "periodic_interval_yr", ROUTINE: "routine_interval_yr"}


@dataclass(frozen=True, eq=False)
class Lines:
    """Lines of options before they are laid out over years: what each amounts to, and when it falls.

    Attributes
    ----------
    rows
        As of `Flows`, without start_year, sorted by option_id.
    amounts
        [3, lines]: economic amount each time it falls [USD, at the level of the base year], its low and its high bound.
    cash
        [lines]: what changes hands each time [USD], at market prices.
    timing
        Columns `timing.PATTERN`.
    """

    rows: pd.DataFrame
    amounts: Floats
    cash: Floats
    timing: pd.DataFrame


def case_lines(
    options: pd.DataFrame,
    effects: pd.DataFrame,
    flows: pd.DataFrame,
    unit_values: pd.DataFrame,
    *,
    benefit_growth: float = 0.0,
) -> Lines:
    """Lines of every option with a known investment, whenever it starts.

    Parameters and errors are those of `whole_life`.
    """
    check_rate(benefit_growth, "benefit_growth")
    check_costs(options)
    check_flows(flows, options, unit_values)
    priced = options[options["initial_cost_usd"].notna()].sort_values("option_id", ignore_index=True)
    worth = values(unit_values)
    parts = [
        _cost_lines(priced),
        _effect_lines(valued_effects(effects, unit_values), priced, benefit_growth),
        _stated_lines(_owned(flows, priced), worth, priced),
    ]
    rows = pd.concat([part.rows for part in parts], ignore_index=True)
    order = np.argsort(pd.Index(priced["option_id"]).get_indexer(pd.Index(rows["option_id"])), kind="stable")
    return Lines(
        rows.iloc[order].reset_index(drop=True),
        np.concatenate([part.amounts for part in parts], axis=1)[:, order],
        np.concatenate([part.cash for part in parts])[order],
        pd.concat([part.timing for part in parts], ignore_index=True).iloc[order].reset_index(drop=True),
    )


def benefits_by_option(rows: pd.DataFrame, is_gain: Mask) -> pd.Series:
    """`has_benefit`, from rows of lines and whether each is a gain."""
    counts = ~rows["item"].isin(COSTS) & (rows["is_effect"] | is_gain)
    return counts.groupby(rows["option_id"]).any()


# --- what is wrong ----------------------------------------------------------------------------------------------


def check_flows(flows: pd.DataFrame, options: pd.DataFrame, unit_values: pd.DataFrame) -> None:
    """Raise if flows cannot be used.

    Raises
    ------
    TableError
        With every fault.
    """
    if flows.empty:
        return
    found = [f for f in faults(flows, "flows") if f.column != "measure_id"]
    found += party_faults(flows, "flows", ["pays", "gains"]) if not found else []
    table = with_columns(flows, list(load_schema("flows").index)).reset_index(drop=True)
    own, by_measure = table["option_id"].notna(), table["measure_id"].notna()
    unknown = own & ~table["option_id"].isin(options["option_id"])
    has_units = table["unit"].eq("unit")
    blank = has_units & ~table["value_item"].isin([*unit_values["item"], EAD])
    rules = [
        (own == by_measure, "option_id", _("belongs to no option and no measure, or to both"),
         _("give option_id or measure_id")),
        (unknown, "option_id", _("no such option"), _("add the option, or correct the value")),
        (blank, "value_item", _("has no value in unit_values"), _("add the value of one unit there")),
        (table["to_age_yr"].astype("float64") < table["from_age_yr"].astype("float64"), "to_age_yr",
         _("is before from_age_yr"), _("give a later age, or leave it blank")),
        (table["amount"].isna() | ~np.isfinite(table["amount"].astype("float64")), "amount", _("value is missing"),
         _("give the amount")),
        (table["item"].eq("residual") & table["every_yr"].notna(), "every_yr",
         _("a residual value falls once, in the last year"), _("leave every_yr blank")),
        (table["amount"].astype("float64").lt(0) & table["gains"].notna() & table["pays"].isna(), "pays",
         _("somebody receives a cost that nobody pays"), _("say who pays, or leave gains blank")),
    ]  # fmt: skip
    for bad, column, problem, remedy in rules:
        found += [
            Fault("flows", int(i) + 2, column, str(table[column].iloc[i]), problem, remedy)
            for i in np.flatnonzero(bad.fillna(value=False).to_numpy(bool))[:SHOWN_PER_RULE]
        ]
    if found:
        raise TableError(list(dict.fromkeys(found)))


# --- from tables ---------------------------------------------------------------------------------------------------


def _lines_of(rows: pd.DataFrame, amounts: Floats, cash: Floats, timing: pd.DataFrame) -> Lines:
    table = with_columns(rows, ["option_id", *LINE, "is_effect", "origin"]).reset_index(drop=True)
    for column in ("pays", "gains", "group"):
        table[column] = table[column].astype("object").where(table[column].notna(), "").astype("str")
    table = table.astype({"option_id": "str", "item": "str", "origin": "str", "is_cash": "bool", "is_effect": "bool"})
    return Lines(table, amounts, cash, timing)


def _cost_lines(options: pd.DataFrame) -> Lines:
    table = with_columns(
        options,
        [
            "option_id",
            "lifetime_yr",
            "periodic_interval_yr",
            "routine_interval_yr",
            *{c for _i, c in COST_KINDS.values()},
        ],
    )
    lifetime = _numbers(table["lifetime_yr"], np.inf)
    rows, amounts, timing = [], [], []
    for kind, (item, column) in COST_KINDS.items():
        cost = _numbers(table[column], 0.0)
        every = _numbers(table[EVERY[kind]], np.inf) if kind in EVERY else np.ones(len(table))
        paid = np.ones(len(table), dtype=bool) if kind == CAPITAL else (cost > 0)
        rows.append(pd.DataFrame({"option_id": table["option_id"][paid], "item": item, "origin": column}))
        amounts.append(0.0 - cost[paid])
        timing.append(patterns(int(paid.sum()), kind, every=every[paid], lifetime=lifetime[paid]))
    cash = np.concatenate(amounts)
    named = pd.concat(rows, ignore_index=True).assign(**COST_PARTIES, group="", is_cash=True, is_effect=False)
    return _lines_of(named, np.stack([cash] * 3), cash, pd.concat(timing, ignore_index=True))


def _effect_lines(valued: pd.DataFrame, options: pd.DataFrame, benefit_growth: float) -> Lines:
    table = valued[valued["option_id"].isin(options["option_id"])].sort_values("item", ignore_index=True)
    amounts = products(table)
    growth = (1 + benefit_growth) * (1 + table["annual_growth"].to_numpy(np.float64))
    rows = table.assign(origin=table["item"], item=table["benefit"], pays="", is_effect=True)
    cash = amounts[0] * rows["is_cash"].to_numpy(bool)
    return _lines_of(rows, amounts, cash, patterns(len(table), SERVICE, growth=growth))


def _owned(flows: pd.DataFrame, options: pd.DataFrame) -> pd.DataFrame:
    """Flows with the option that each belongs to: those of a measure once for every option of it."""
    table = with_columns(flows, list(load_schema("flows").index)).astype(object).sort_values("flow_id")
    own = table[table["option_id"].isin(options["option_id"])]
    made = with_columns(options, ["option_id", "measure_id"]).astype(object).dropna()
    shared = table[table["measure_id"].notna()].drop(columns="option_id").merge(made, on="measure_id")
    filled = [part for part in (own, shared) if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else own


def _stated_lines(flows: pd.DataFrame, worth: pd.DataFrame, options: pd.DataFrame) -> Lines:
    place = pd.Index(options["option_id"]).get_indexer(pd.Index(flows["option_id"]))
    capital = options["initial_cost_usd"].to_numpy(np.float64)[place]
    by_item = worth.set_index("item")
    in_units, per_capital = (flows["unit"].eq(unit).to_numpy(bool) for unit in ("unit", "USD/capital"))
    given = {
        name: _numbers(flows["value_item"].map(by_item[name].to_dict()), 0.0) for name in (*WORTHS, "annual_growth")
    }
    size = {name: np.where(in_units, given[name], np.where(per_capital, capital, 1.0)) for name in WORTHS}
    amounts = products(flows[list(AMOUNTS)].assign(**size))
    growth = (1 + _numbers(flows["annual_growth"], 0.0)) * np.where(in_units, 1 + given["annual_growth"], 1.0)
    is_residual = flows["item"].eq("residual").to_numpy(bool)
    timing = patterns(
        len(flows), STATED, every=_numbers(flows["every_yr"], 1.0), first=_numbers(flows["from_age_yr"], 0.0),
        last=_numbers(flows["to_age_yr"], np.inf), growth=growth,
    ).assign(kind=np.where(is_residual, float(RESIDUAL), float(STATED)))  # fmt: skip
    is_cash = flows["is_cash"].map(lambda cash: bool(cash) if pd.notna(cash) else True).to_numpy(bool)
    rows = flows.assign(origin=flows["flow_id"], is_cash=is_cash, is_effect=False)
    shadow = _numbers(flows["shadow_factor"], 1.0)
    return _lines_of(rows, amounts * shadow, amounts[0] * is_cash, timing)


def _numbers(column: pd.Series, blank: float) -> Floats:
    """A column as an array, with a value for blanks."""
    numbers = np.asarray(pd.to_numeric(column.astype("object")), dtype=np.float64)
    return np.where(np.isnan(numbers), blank, numbers)
