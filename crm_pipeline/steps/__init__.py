"""The links of the chain: each composes capabilities over one run, without Dagster.

Belongs here: what an asset or a command calls. Does not belong here: work that one capability does by itself.
Order: land, standardise, link, merge, model (SQL), publish, back up.
"""
