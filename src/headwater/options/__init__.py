"""Options as changes to the system: what a plan would do to the tables of assets and links.

An option has no effects of its own here. Its effects are what the models say without it minus what they say with it,
and the models run elsewhere.
"""
