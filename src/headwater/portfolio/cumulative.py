"""A model in the words that solvers are quick with: "has started by period t" in place of "starts in period t".

The plans are the same, and so is the relaxation. What an interaction, a prerequisite or a budget that carries over
needs is then one column per option in place of a sum, and most rows have two entries in place of a dozen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from headwater.portfolio import rows as r
from headwater.portfolio.model import PortfolioModel
from headwater.portfolio.rows import Floats


@dataclass(frozen=True, eq=False)
class Cumulative:
    """A model in columns "has started by", then the interactions as they are.

    Attributes
    ----------
    by_start
        Its columns times this are those of the model.
    matrix, lower, upper_rows
        The rows of the model, then one for each start after the first period: an option that has started stays so.
    upper
        Upper bounds of the columns.
    """

    by_start: csr_array
    matrix: csr_array
    lower: Floats
    upper_rows: Floats
    upper: Floats


def cumulated(model: PortfolioModel) -> Cumulative:
    """The model in cumulative columns.

    Examples
    --------
    >>> import pandas as pd
    >>> from headwater.portfolio.model import build_model
    >>> options = pd.DataFrame({"option_id": ["a"], "initial_cost_usd": [1.0]})
    >>> form = cumulated(build_model(options, start_years=[2025, 2030], values={}, objectives=[]))
    >>> form.matrix.toarray().tolist()  # starts at most once; what has started stays so
    [[0.0, 1.0], [-1.0, 1.0]]
    """
    place, periods = np.arange(model.decisions), model.periods
    later = place[place % periods > 0]
    by_start = _by_start(model, later)
    own = csr_array(model.own_rows @ by_start)
    own.data[np.abs(own.data) < np.finfo(np.float64).eps * np.abs(own.data).max(initial=1.0)] = 0.0
    own.eliminate_zeros()
    possible = model.upper[: model.decisions]
    stays = r.equal_rows(np.column_stack([later - 1, later]), [-1.0, 1.0], 0.0, possible[later])
    return Cumulative(
        by_start,
        r.filled(own, model.first_joint_row, model.joint_rows, last=[stays]),
        np.append(model.lower, stays.lower),
        np.append(model.upper_rows, stays.upper),
        np.append(np.where(place % periods == 0, possible, 1.0), model.upper[model.decisions :]),
    )


def _by_start(model: PortfolioModel, later: r.Integers) -> csr_array:
    """Starts from what has started: what has by this period and had not by the one before."""
    columns = len(model.upper)
    lengths = np.ones(columns, dtype=np.int32)
    lengths[later] = 2
    indptr = np.append(0, np.cumsum(lengths)).astype(np.int32)
    indices, data = np.repeat(np.arange(columns, dtype=np.int32), lengths), np.ones(int(indptr[-1]))
    indices[indptr[later]] -= 1
    data[indptr[later]] = -1.0
    return csr_array((data, indices, indptr), shape=(columns, columns))
