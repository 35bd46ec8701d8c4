"""The commands: arguments in, tables and exit codes out; no logic.

Exit codes: 0 done, 1 done with findings, 2 wrong call or configuration, 3 failed.
"""

from crm_pipeline.cli.app import main

__all__ = ["main"]
