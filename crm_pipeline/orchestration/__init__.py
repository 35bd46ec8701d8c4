"""The chain as Dagster assets, checks, jobs, schedules and resources; the only importer of dagster.

Belongs here: wiring. Does not belong here: work; an asset fetches, calls one function and returns.
"""

import warnings

import dagster as dg

# Dagster marks backfill policies and code references as beta. We pin its version and test both, so that the warning
# is for us, at an upgrade, and not for whoever runs the pipeline.
warnings.filterwarnings("ignore", category=dg.BetaWarning)
