"""What holds up when the future is not the one assumed: regret, options over the futures, and what to watch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from headwater.budgets import Future
from headwater.reports.content import Figure, Html, ReportContent, both_widths, empty_note
from headwater.reports.figures import Caption, share_bars
from headwater.reports.labels import case_line, decision, item, option_class, plain, robust_rule, sector, unit, words_of
from headwater.reports.numbers import (
    currency_name,
    is_missing,
    number,
    percent,
    proved_gap,
    rounded,
    to_figures,
    years,
)
from headwater.reports.plan import option_names
from headwater.reports.tables import Column, html_table, money_column
from headwater.reports.tradeoff_figures import class_bars, graded_table, scaled_unit, shared_scale
from headwater.words import _

RULES = ("expected", "maximin", "minimax_regret")
CLASSES = ("no_regret", "contingent", "regret")
COLOURS = ("s3", "s5", "s2")
"""Colours of the classes, in their order."""

DECISIONS = ("now", "later", "watch", "never")

MANY = 30
"""Options whose shares are drawn one by one; more are drawn by measure or sector."""

NAMED = 8
"""Options that a row of the pathways names; the rest are counted."""


def future_blocks(content: ReportContent) -> list[Any]:
    """The futures, regret in each, the options over them, and what to do now."""
    futures = content.header.futures
    if not futures:
        why = _("The study names no futures, so plans are compared in the one that it assumes.")
        return [empty_note(why, _("Add [[futures]] to study.toml: other values of assumptions, factors or bounds."))]
    blocks: list[Any] = [future_table(content)]
    if not content.has("robustness"):
        why = _("No plan was tried in these futures.")
        return [*blocks, empty_note(why, _("Add budgets to study.toml and run headwater plan."))]
    blocks.append(regret_figure(content))
    if content.has("robust_options"):
        blocks.append(option_figure(content))
    if content.has("pathways"):
        blocks.append(pathway_table(content))
    return blocks


def future_name(future: Future) -> str:
    """Name of a future, or its identifier."""
    return words_of(future.name) or plain(future.future_id)


def future_table(content: ReportContent) -> Html:
    """The futures: how likely each is, and what is different there."""
    futures = content.header.futures
    rows = pd.DataFrame(
        {
            "name": [future_name(future) for future in futures],
            "probability": [future.probability for future in futures],
            "what": [_differences(future) for future in futures],
        }
    )
    is_given = rows["probability"].notna().any()
    columns = [
        Column("name", _("Future")),
        *([Column("probability", _("Probability"), percent, is_number=True)] if is_given else []),
        Column("what", _("What is different there"), is_long=True),
    ]
    note = "" if is_given else _("The study says of none how likely it is; the average counts them alike.")
    return Html(html_table(rows, columns, caption=_("The futures")), note)


def _differences(future: Future) -> str:
    words = [f"{driver_name(name)} {_value(value)}" for name, value in future.assumptions.items()]
    words += [f"{driver_name(f'factor.{line}')} {number(factor)}" for line, factor in future.factors.items()]
    bounds = {"low": _("effects of options at their low bound"), "high": _("effects of options at their high bound")}
    words += [bounds[future.bound]] if future.bound in bounds else []
    return _("; ").join(words) or _("as the study assumes")


def _value(value: Any) -> str:
    return number(value) if isinstance(value, int | float) and not isinstance(value, bool) else plain(value)


def driver_name(code: str) -> str:
    """What sets futures apart, in words: a factor on a line of the business case, an assumption, or effects.

    Examples
    --------
    >>> driver_name("factor.avoided_damage"), driver_name("discount_rate")
    ('factor on avoided damage', 'discount rate')
    """
    if code.startswith("factor."):
        return _("factor on {line}").format(line=case_line(code.removeprefix("factor.")))
    return {
        "discount_rate": _("discount rate"),
        "benefit_growth": _("yearly growth of benefits"),
        "planning_scenario": _("climate scenario"),
        "planning_model": _("climate model"),
        "planning_epoch": _("climate epoch"),
        "repair_crews": _("repair crews"),
    }.get(code, plain(code))


# --- regret -------------------------------------------------------------------------------------------------------


def regret_figure(content: ReportContent) -> Figure:
    """What each choice would be sorry for in each future."""
    table, futures = content.table("robustness"), content.header.futures
    names = {future.future_id: future_name(future) for future in futures if future.future_id in set(table["future_id"])}
    known = set(table["rule"])
    rules = [rule for rule in RULES if rule in known]
    order = [*rules, *(future for future in names if future in known)]
    regret = table.pivot(index="rule", columns="future_id", values="regret").reindex(index=order, columns=list(names))
    worth = table.pivot(index="rule", columns="future_id", values="value").reindex(index=order, columns=list(names))
    heads = [robust_rule(rule) or _("best in: {future}").format(future=names[rule]) for rule in order]
    divisor, word = shared_scale(regret.to_numpy().ravel())
    of, measured = _aim(content)
    title = _("Regret: what each choice lacks of the best in each future")
    subtitle = _("{of} ({unit}). Rows are choices, columns futures; no regret is the best possible there.").format(
        of=of[:1].upper() + of[1:], unit=scaled_unit(word, measured)
    )
    columns = [*names.values(), _("largest")]
    values = [[*row, max(row)] for row in regret.to_numpy().tolist()]
    caption = Caption("regret", title, subtitle)
    wide, narrow = both_widths(
        lambda width: graded_table(
            heads, columns, values, caption=caption, width=width, rule_after=len(rules),
            write=lambda value: number(value if is_missing(value) else to_figures(value / divisor)),
        )
    )  # fmt: skip
    gaps = table.groupby("rule")["gap"].max().reindex(order)
    data = pd.DataFrame({"name": heads})
    shown = [Column("name", _("Choice"))]
    for key, name in names.items():
        data[f"value {key}"], data[f"regret {key}"] = worth[key].to_numpy(), regret[key].to_numpy()
        shown.append(Column(f"value {key}", _("{future}: worth").format(future=name), rounded, is_number=True))
        shown.append(Column(f"regret {key}", _("{future}: regret").format(future=name), rounded, is_number=True))
    data["gap"] = gaps.to_numpy()
    shown.append(Column("gap", _("Proved gap"), proved_gap, is_number=True))
    return Figure(title, wide, narrow, subtitle=subtitle, data=html_table(data, shown, caption=title))


def _aim(content: ReportContent) -> tuple[str, str]:
    """What the futures are compared by, and its unit, in words."""
    code = content.header.objective
    if code.endswith("_usd"):
        return item(code), currency_name(content.header.currency)
    for name in ("effects", "front", "plan_checks"):
        table = content.table(name)
        if len(table) and code in set(table["item"]):
            return item(code), unit(table.loc[table["item"] == code, "unit"].iloc[0])
    return item(code), ""


# --- options over the futures -------------------------------------------------------------------------------------


def option_figure(content: ReportContent) -> Figure:
    """In how many futures the best plan has each option; by group where there are many."""
    table = content.table("robust_options")
    table = table.assign(place=table["class"].map({name: i for i, name in enumerate(CLASSES)}))
    named = table.merge(_named(content), on="option_id", how="left")
    named["name"] = named["name"].fillna(named["option_id"])
    classes = [option_class(name) for name in CLASSES]
    title = _("Which options hold up")
    is_few = len(named) <= MANY
    if is_few:
        subtitle = _("Share of the futures whose best plan has the option.")
    else:
        subtitle = _("{count} options that some plan has, by what the futures say of them.").format(
            count=number(len(named))
        )
    caption = Caption("robust-options", title, subtitle)
    if is_few:
        named = named.sort_values(["share_of_futures", "name"], ascending=[False, True], kind="stable")
        rows = list(zip(named["name"], named["share_of_futures"].astype(float), named["place"], strict=True))
        wide, narrow = both_widths(lambda width: class_bars(rows, classes, caption=caption, css=COLOURS, width=width))
        return Figure(title, wide, narrow, subtitle=subtitle, data=_option_data(named, title))
    named["group"] = named["group"].fillna(_("Other"))
    counts = named.groupby(["group", "class"]).size().unstack(fill_value=0).reindex(columns=CLASSES, fill_value=0)
    counts = counts.loc[counts.sum(axis=1).sort_values(ascending=False, kind="stable").index]
    shares = [(_("{group} ({count})").format(group=g, count=number(sum(row))), row) for g, row in zip(
        counts.index, counts.to_numpy().tolist(), strict=True)]  # fmt: skip
    wide, narrow = both_widths(
        lambda width: share_bars(shares, classes, caption=caption, css=["r4", "r3", "r2"], width=width)
    )
    data = counts.rename_axis("name").reset_index()
    shown = [Column("name", _("Group"))]
    shown += [Column(name, words, number, is_number=True) for name, words in zip(CLASSES, classes, strict=True)]
    return Figure(title, wide, narrow, subtitle=subtitle, data=html_table(data, shown, caption=title))


def _option_data(named: pd.DataFrame, title: str) -> Any:
    columns = [
        Column("name", _("Option")),
        Column("class", _("Class"), option_class),
        Column("share_of_futures", _("Share of futures"), percent, is_number=True),
        Column("first_year", _("Earliest start"), years, is_number=True),
        Column("last_year", _("Latest start"), years, is_number=True),
        *(Column(f"in_{rule}", _("In the plan: {rule}").format(rule=robust_rule(rule)), _mark) for rule in RULES),
    ]
    return html_table(named, columns, caption=title)


def _mark(is_in: Any) -> str:
    return _("yes") if bool(is_in) else _("no")


def _named(content: ReportContent) -> pd.DataFrame:
    """Name, group and investment of every option."""
    options = content.table("options")
    if options.empty:
        return pd.DataFrame({"option_id": [], "name": [], "group": [], "initial_cost_usd": []}).astype(
            {"option_id": "str", "initial_cost_usd": "float64"}
        )
    groups = options["sector"].map(sector)
    if "measure_id" in options and content.has("measures"):
        groups = options["measure_id"].map(option_names(content.table("measures"), "measure_id")).fillna(groups)
    names = options["option_id"].map(option_names(options, "option_id"))
    return options[["option_id", "initial_cost_usd"]].assign(name=names, group=groups)


# --- what to do now -----------------------------------------------------------------------------------------------


def pathway_table(content: ReportContent) -> Html:
    """What to begin now, what later, and what to watch: options with the same answer in one row."""
    table = content.table("pathways").merge(_named(content), on="option_id", how="left")
    table["name"] = table["name"].fillna(table["option_id"])
    table["condition"] = [
        condition(signpost, threshold, direction) if decide == "watch" else ""
        for signpost, threshold, direction, decide in zip(
            table["signpost"].fillna(""), table["threshold"], table["direction"], table["decide"], strict=True
        )
    ]
    rows = []
    for (decide, words), group in table.groupby(["decide", "condition"], sort=False):
        mine = group.sort_values("initial_cost_usd", ascending=False, kind="stable")
        rows.append(
            {
                "place": DECISIONS.index(str(decide)), "decide": decision(str(decide)), "condition": words,
                "options": len(mine), "cost": mine["initial_cost_usd"].sum(min_count=1),
                "first_year": mine["first_year"].min(), "names": _listed(mine["name"].tolist()),
            }
        )  # fmt: skip
    shown = pd.DataFrame(rows).sort_values(["place", "cost"], ascending=[True, False], kind="stable")
    columns = [
        Column("decide", _("Decision")),
        Column("condition", _("Choose when"), is_long=True),
        Column("options", _("Options"), number, is_number=True),
        money_column("cost", _("Investment"), content.header.currency),
        Column("first_year", _("Earliest start"), years, is_number=True),
        Column("names", _("Which"), is_long=True),
    ]
    note = _(
        "Now: in the first start year of every future's best plan. Later: in every one, but later in some. Watch: in "
        "some, and the signpost tells which. Leave out: in none. The threshold lies half-way between the nearest "
        "futures on either side; with few futures it is a hint, not a law."
    )
    return Html(html_table(shown, columns, caption=_("What to begin now, later, and what to watch")), note)


def condition(signpost: str, threshold: float, direction: Any) -> str:
    """When an option is chosen, as a phrase.

    Examples
    --------
    >>> condition("factor.avoided_damage", 0.85, "above")
    'factor on avoided damage above 0.85'
    >>> condition("effects", -0.5, "above"), condition("effects", 0.5, "above")
    ('effects of options not at their low bound', 'effects of options at their high bound')
    """
    if not signpost or is_missing(threshold):
        return _("no signpost parts the futures that choose it from the others")
    is_above = direction == "above"
    if signpost == "effects":
        if threshold < 0:
            low, rest = _("effects of options at their low bound"), _("effects of options not at their low bound")
            return rest if is_above else low
        high, rest = _("effects of options at their high bound"), _("effects of options not at their high bound")
        return high if is_above else rest
    words = _("{driver} above {threshold}") if is_above else _("{driver} below {threshold}")
    return words.format(driver=driver_name(signpost), threshold=number(threshold))


def _listed(names: Sequence[str]) -> str:
    words = _(", ").join(names[:NAMED])
    if len(names) <= NAMED:
        return words
    return _("{names} and {count} more").format(names=words, count=number(len(names) - NAMED))
