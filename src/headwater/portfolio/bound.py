"""The linear relaxation of a large portfolio and the bound that it proves.

Whatever the solver answers, and however roughly, its row prices give a bound that holds: an option then takes the
start that pays best at those prices, and no plan can be worth more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from headwater.portfolio import highs
from headwater.portfolio.model import PortfolioModel
from headwater.portfolio.rows import Floats, power_of_ten

ROUNDING = 1e-11
"""Share of the sum of all terms of a bound that is added to it, for what adding them up may lose."""


@dataclass(frozen=True, eq=False)
class Prices:
    """What the prices of the rows say.

    Attributes
    ----------
    bound
        No plan is worth more.
    loss
        [options, periods + 1]: by how much the bound falls if an option takes this start; the last column is for not
        being chosen. Infinite for starts that are forbidden.
    share
        [options, periods + 1]: how much of each start the relaxed plan takes.
    """

    bound: float
    loss: Floats
    share: Floats


class Relaxation:
    """The relaxation in the solver's memory: the objective changes, the rest is not handed over again.

    Parameters
    ----------
    model
        From `build_model`.
    threads, seed
        Passed to the solver.
    """

    def __init__(self, model: PortfolioModel, *, threads: int = 1, seed: int = 0) -> None:
        self.model = model
        self._matrix = model.matrix
        self._highs = highs.loaded(model, threads=threads, seed=seed, relaxed=True)

    def prices(self, worth: Floats, *, tolerance: float | None, time_limit_s: float | None = None) -> Prices | None:
        """Prices for the largest sum of `worth` per column; None if no plan can exist or time ran out.

        Parameters
        ----------
        worth
            Of each column of the model, in natural units.
        tolerance
            Solve to this relative tolerance by a first-order method; None: exactly, by the simplex method from where
            it last stood.
        time_limit_s
            Time [s].
        """
        unit = power_of_ten(float(np.abs(worth).max(initial=0.0)))
        highs.set_objective(self._highs, self.model, worth / unit, sense=1)
        self._highs.setOptionValue("solver", "simplex" if tolerance is None else "pdlp")
        self._highs.setOptionValue("kkt_tolerance", 1e-7 if tolerance is None else tolerance)
        status = highs.run(self._highs, time_limit_s=time_limit_s)
        if status == highs.INFEASIBLE:
            return None
        found = self._highs.getSolution()
        if not found.dual_valid:
            return None
        price = np.asarray(found.row_dual)[: len(self.model.lower)] * unit
        bound, loss = priced(self.model, self._matrix, worth, price)
        begun = np.asarray(found.col_value)[: self.model.decisions].reshape(-1, self.model.periods)
        taken = np.clip(np.diff(begun, axis=1, prepend=0.0), 0.0, 1.0)
        share = np.column_stack([taken, np.maximum(1.0 - taken.sum(axis=1), 0.0)])
        return Prices(bound, loss, share)


def priced(model: PortfolioModel, matrix: csr_array, worth: Floats, price: Floats) -> tuple[float, Floats]:
    """The bound that prices of rows prove, whatever they are, and what options lose at them.

    A plan keeps every row, so that paying `price` for what a row allows can only help it. What is left falls apart into
    options, each of which starts once at most, and interactions.
    """
    price = np.where(np.isinf(np.where(price > 0, model.upper_rows, model.lower)), 0.0, price)
    allowed = np.where(price > 0, model.upper_rows, model.lower)
    paid = np.multiply(price, allowed, out=np.zeros_like(price), where=price != 0)
    left = worth - matrix.T @ price
    own = left[: model.decisions].reshape(-1, model.periods)
    own = np.where(model.upper[: model.decisions].reshape(own.shape) > 0, own, -np.inf)
    states = np.column_stack([own, np.zeros(len(own))])
    most = states.max(axis=1)
    joint = np.maximum(left[model.decisions :], 0.0) * model.upper[model.decisions :]
    terms = np.abs(paid).sum() + most.sum() + joint.sum()
    return float(paid.sum() + most.sum() + joint.sum() + ROUNDING * terms), most[:, None] - states
