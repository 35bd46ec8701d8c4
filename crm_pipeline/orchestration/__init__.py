"""The chain as Dagster assets, checks, jobs, schedules and resources; the only importer of dagster.

Belongs here: wiring. Does not belong here: work; an asset fetches, calls one function and returns.
"""
