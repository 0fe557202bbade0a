"""What hazards would do to assets: exposure, damage, expected annual damage, and what cannot be quantified.

Knows curves, probabilities and amounts of asset per grid cell. Knows nothing of files, networks, money over time or
people.
"""
