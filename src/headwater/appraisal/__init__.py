"""Appraisal of options: what each costs and brings over its whole life, in money of one year.

Year 0 is the study's base year and is not discounted. Tables of options and effects go in; nothing here knows what an
option does or where its benefit comes from.
"""
