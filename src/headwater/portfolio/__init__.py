"""Portfolios: which options together are worth most within the means.

Takes a table of options with a value each; does not know what the value is, nor what an option does.
"""
