"""Where things lie on a grid, how long and how large they are: arrays in, arrays out.

Knows coordinate reference systems, grids and shapes. Refuses to know files, hazards, money and people.
"""

from headwater.geo import coverage, distance, grid, zonal

__all__ = ["coverage", "distance", "grid", "zonal"]
