"""Portfolios: which options together are worth most within the means, and when each starts.

Takes tables of options with values, budgets, rules and interactions; does not know what a value is, nor what an
option does.
"""
