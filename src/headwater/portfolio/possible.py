"""Which options may start when, and why the others cannot be part of a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from headwater.errors import AssumptionError
from headwater.frames import with_columns
from headwater.portfolio.given import COLUMNS, COST, COUNT, GivenRule, required_pairs, split_ids
from headwater.portfolio.rows import Floats, Integers, Mask
from headwater.words import _

NO_VALUE, NO_COST, TOO_LATE = "no_value", "no_cost", "starts_too_late"
LOST_REQUIREMENT, LOST_COMPANION = "requires_option_left_out", "together_option_left_out"


def earliest_years(table: pd.DataFrame) -> Floats:
    """Earliest start of each option; minus infinity where nothing is said."""
    return np.asarray(table["earliest_year"].astype("float64").fillna(-np.inf), dtype=np.float64)


def known_starts(
    table: pd.DataFrame,
    years: tuple[int, ...],
    given: Mapping[str, Floats],
    objectives: Sequence[str],
    asked: Sequence[GivenRule],
) -> Mask:
    """[options, periods]: everything that counts is known."""
    unknown = [item for item in objectives if item not in [*given, COST, COUNT]]
    if unknown:
        message = _("There are no values of {names}; there are {known}.")
        known = ", ".join([*given, COST, COUNT])
        raise AssumptionError(message.format(names=", ".join(unknown), known=known))
    possible = np.ones((len(table), len(years)), dtype=bool)
    for item in objectives:
        possible &= ~np.isnan(given[item]) if item in given else True
    for rule in asked:
        if rule.item in given:
            among = True if rule.is_share else rule.mask[:, None] & (np.arange(len(years)) < rule.until)
            possible &= ~(np.isnan(given[rule.item]) & among)
    return possible


def left_out_options(table: pd.DataFrame, possible: Mask, early_enough: Mask) -> pd.Series:
    """Options that cannot be part of the choice, and why."""
    no_cost = table[COST].isna().to_numpy(dtype=bool)
    too_late = ~early_enough.any(axis=1)
    lost = no_cost | ~possible.any(axis=1)
    no_value = lost & ~no_cost & ~too_late
    pairs = required_pairs(table)
    group = pd.factorize(table["together_group"])[0]
    while True:
        needy = lost.copy()
        needy[pairs[:, 0][lost[pairs[:, 1]]]] = True
        more = needy | ((group >= 0) & np.isin(group, group[needy & (group >= 0)]))
        if (more == lost).all():
            break
        lost = more
    alone = np.zeros(len(table), dtype=bool)
    alone[pairs[:, 0][lost[pairs[:, 1]]]] = True
    cases = [no_value, no_cost, too_late, alone]
    reason = np.select(cases, [NO_VALUE, NO_COST, TOO_LATE, LOST_REQUIREMENT], LOST_COMPANION)
    return pd.Series(reason, table.index, dtype="str", name="reason")[lost]


def checked_years(start_years: Sequence[int]) -> tuple[int, ...]:
    """Start years, ascending and each once."""
    years = tuple(int(year) for year in start_years)
    if not years or list(years) != sorted(set(years)):
        message = _("The start years {years} are not in ascending order, each once.")
        raise AssumptionError(message.format(years=", ".join(map(str, years))))
    return years


def checked_profiles(
    profiles: Mapping[str, Floats] | None, given: Mapping[str, Floats], periods: int
) -> dict[str, Floats]:
    """A factor for each item and period; one where nothing is said. Profiles of items without values are not read."""
    factors = {item: np.asarray((profiles or {}).get(item, np.ones(periods)), dtype=np.float64) for item in given}
    for item, factor in factors.items():
        if factor.shape != (periods,) or not np.isfinite(factor).all():
            message = _("The profile of {item} is not {periods} finite numbers, one for each start year.")
            raise AssumptionError(message.format(item=item, periods=periods))
    return factors


def undominated(
    options: pd.DataFrame,
    values: Mapping[str, Floats],
    senses: Mapping[str, int],
    *,
    rules: pd.DataFrame | None = None,
    interactions: pd.DataFrame | None = None,
) -> pd.Series:
    """Options that could be in a best plan: not worse in everything than another of their exclusive group.

    An option gives way to another of its group that costs no more, can start as early, is paid from the same source,
    requires nothing else, looks the same to every rule, and is as good in every item and period. Options that others
    require, that belong together with others or that interact stay. Dropping the rest changes no best total, as long
    as items are optimised and bounded in the direction of their sense only.

    Parameters
    ----------
    options, rules, interactions
        As in `build_model`.
    values
        For each item, [options in sorted order, periods].
    senses
        For each item that counts, whether more (+1) or less (-1) is better.

    Returns
    -------
    is_kept
        Boolean, indexed by sorted option_id.

    Examples
    --------
    >>> options = pd.DataFrame({"option_id": ["a", "b"], "initial_cost_usd": [2.0, 1.0], "exclusive_group": "g"})
    >>> undominated(options, {"npv_usd": np.array([[5.0], [6.0]])}, {"npv_usd": 1}).to_dict()
    {'a': False, 'b': True}
    """
    table = with_columns(options.sort_values("option_id"), list(dict.fromkeys([*COLUMNS, *_rule_columns(rules)])))
    table = table.set_index("option_id", drop=False)
    worth, loser, winner = _comparable(table, values, senses, rules, interactions)
    better = (worth[winner] >= worth[loser]).all(axis=1)
    same = (worth[winner] == worth[loser]).all(axis=1)
    gives_way = better & (~same | (winner < loser))
    kept = np.ones(len(table), dtype=bool)
    kept[loser[gives_way]] = False
    return pd.Series(kept, table.index, name="is_kept")


def _rule_columns(rules: pd.DataFrame | None) -> list[str]:
    return [] if rules is None else with_columns(rules, ["column"])["column"].dropna().astype("str").unique().tolist()


def _comparable(
    table: pd.DataFrame,
    values: Mapping[str, Floats],
    senses: Mapping[str, int],
    rules: pd.DataFrame | None,
    interactions: pd.DataFrame | None,
) -> tuple[Floats, Integers, Integers]:
    """What each option is worth, more being better, and pairs (may give way, may take its place) of one group."""
    ids = table["option_id"]
    bound = ids.isin(split_ids(table["requires_option_id"])) | table["together_group"].notna()
    if interactions is not None:
        bound |= ids.isin(split_ids(interactions["option_ids"]))
    alike = ["exclusive_group", "funding_source", "requires_option_id", *_rule_columns(rules)]
    codes = table.groupby(alike, dropna=False, sort=True).ngroup().to_numpy()
    codes = np.where(table["exclusive_group"].notna() & ~bound, codes, -1)
    counted = [] if rules is None else [item for item in rules["item"].unique() if item in values]
    parts = [sense * values[item] for item, sense in senses.items() if item in values]
    parts += [part for item in counted for part in (values[item], -values[item])]  # neither more nor less
    cost = table[COST].to_numpy(dtype=np.float64, na_value=np.nan)[:, None]
    parts += [-cost, -earliest_years(table)[:, None]]
    if rules is not None and rules["item"].eq(COST).any():
        parts.append(cost)
    worth = np.concatenate(parts, axis=1)
    places = pd.DataFrame({"code": codes, "place": np.arange(len(table))})
    places = places[(codes >= 0) & ~np.isnan(worth).any(axis=1)]
    pairs = places.merge(places, on="code")
    pairs = pairs[pairs["place_x"] != pairs["place_y"]]
    return worth, pairs["place_x"].to_numpy(), pairs["place_y"].to_numpy()
