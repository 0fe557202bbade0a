"""What each column of the model adds to items and to what rules count: starts first, then interactions.

An interaction is in operation from the start of its last option on, so that what it adds is told period by period.
"""

from __future__ import annotations

import numpy as np

from headwater.portfolio import rows as r
from headwater.portfolio.given import COST, COUNT, GivenRule
from headwater.portfolio.rows import Floats, Joints, Mask


def item_columns(
    amount: Floats | Mask, joints: Joints, together: Floats | None = None, factor: Floats | None = None
) -> Floats:
    """What each column adds to an item: starts first, then interactions in operation."""
    periods = amount.shape[1]
    columns = np.zeros(amount.size + len(joints) * periods)
    columns[: amount.size] = amount.ravel()
    if together is not None and factor is not None:
        columns[amount.size :] = np.outer(together, r.telescoped(factor)).ravel()
    return columns


def rule_columns(
    rule: GivenRule,
    given: dict[str, Floats],
    joints: Joints,
    amounts: dict[str, Floats],
    factors: dict[str, Floats],
    cost: Floats,
    options: int,
    periods: int,
) -> Floats:
    """What each column adds to what the rule counts: the options that it names, less the share asked of all."""
    always = {COST: cost.reshape(options, periods), COUNT: np.ones((options, periods))}
    amount = given[rule.item] if rule.item in given else always[rule.item]
    until = np.arange(periods) < rule.until
    inside = np.where(rule.mask[:, None] & until, amount, 0.0)
    whole = amount if rule.is_share else np.zeros_like(amount)
    own = inside - rule.amount * whole if rule.is_share else inside
    if rule.item not in amounts:
        return own.ravel()  # nothing of what options do together
    factor = factors[rule.item]
    among = np.where(joints.whole(rule.mask), amounts[rule.item], 0.0)
    both = np.outer(among, r.telescoped(np.where(until, factor, 0.0)))
    if rule.is_share:
        both -= rule.amount * np.outer(amounts[rule.item], r.telescoped(factor))
    return np.append(own.ravel(), both.ravel())


def any_counts(counted: list[Floats], columns: int) -> Mask:
    """Whether a rule counts each column; what rules leave out at the end counts nothing."""
    found = np.zeros(columns, dtype=bool)
    for each in counted:
        found[: len(each)] |= each != 0
    return found


def pulls(
    worth: dict[str, Floats],
    senses: dict[str, int] | None,
    asked: list[GivenRule],
    counted: list[Floats],
    shape: tuple[int, int],
) -> tuple[Mask, Mask]:
    """For each interaction and period, whether anything would gain from it being in operation, and from it not.

    `worth` is of the items that interactions add to; so are the rules that matter here.
    """
    up, down = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    directions = dict.fromkeys(worth, 0) if senses is None else senses
    wishes = [(worth[item], sense) for item, sense in directions.items() if item in worth]
    wishes += [
        (columns, -1 if rule.rule == "at_most" else 1)
        for rule, columns in zip(asked, counted, strict=True)
        if rule.item in worth
    ]
    for columns, sense in wishes:
        pull = columns[len(columns) - up.size :].reshape(shape)
        more, less = pull > 0, pull < 0
        up |= more if sense > 0 else less if sense < 0 else more | less
        down |= less if sense > 0 else more if sense < 0 else more | less
    return up, down
