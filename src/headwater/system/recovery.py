"""Recovery: in what order crews repair what failed, and when each item works again.

Knows failures, times of repair and crews, and nothing of services: what they are worth arrives as a priority.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from headwater.compiled import compiled
from headwater.errors import AssumptionError
from headwater.system.layers import Floats, Numbers
from headwater.words import _


def schedule(
    indptr: npt.NDArray[np.int64],
    item: Numbers,
    hours: Floats,
    *,
    priority: npt.ArrayLike,
    sector: npt.ArrayLike,
    crews: int | None,
) -> tuple[Floats, Floats]:
    """When the repair of each failure of each event begins and ends.

    In each sector of each event, failures stand in a row by priority, the highest first, and of equals the lowest
    number first; each goes to the crew that is free first. A crew stays until its repair is done. Failures whose time
    of repair is not known are never repaired and keep nobody.

    Parameters
    ----------
    indptr, item, hours
        Events, as in `Events`: hours of work on each failure [h], infinite where not known.
    priority
        [failures]; who comes first.
    sector
        [failures]; number of the sector whose crews repair it.
    crews
        Crews in each sector; None for as many as there are failures.

    Returns
    -------
    start, end
        float64 [failures]; hours after the event. Infinite for what is never repaired.

    Raises
    ------
    AssumptionError
        If there is less than one crew.

    Source
    ------
    Graham (1969), SIAM Journal on Applied Mathematics 17(2), 416-429. doi:10.1137/0117039: list scheduling.

    Examples
    --------
    Three repairs of 4, 3 and 2 hours in this order, by two crews:

    >>> indptr, item = np.array([0, 3]), np.arange(3, dtype=np.int32)
    >>> order = {"priority": [9.0, 8.0, 7.0], "sector": [0, 0, 0]}
    >>> start, end = schedule(indptr, item, np.array([4.0, 3.0, 2.0]), crews=2, **order)
    >>> start.tolist(), end.tolist()
    ([0.0, 0.0, 3.0], [4.0, 3.0, 5.0])
    """
    if crews is None:
        return np.zeros(hours.size), hours.astype(np.float64)
    if crews < 1:
        raise AssumptionError(_("There must be at least one repair crew, not {count}.").format(count=crews))
    first, where = np.asarray(priority, np.float64), np.asarray(sector, np.int64)
    event = np.repeat(np.arange(indptr.size - 1), np.diff(indptr))
    order = np.lexsort((item, -first, where, event))
    start, end = np.full(hours.size, np.inf), np.full(hours.size, np.inf)
    _deal_out(order, event, where, hours.astype(np.float64), crews, start, end)
    return start, end


@compiled(nogil=True)
def _deal_out(order, event, sector, hours, crews, start, end):  # type: ignore[no-untyped-def]
    """Give each repair, in order, to the crew of its event and sector that is free first."""
    free = np.zeros(crews)
    last_event, last_sector = -1, -1
    for at in order:
        if event[at] != last_event or sector[at] != last_sector:
            free[:] = 0.0
            last_event, last_sector = event[at], sector[at]
        if hours[at] == np.inf:
            continue
        crew = np.argmin(free)
        start[at] = free[crew]
        end[at] = start[at] + hours[at]
        free[crew] = end[at]
