"""From gold and marts to what readers see, and what keeps it safe.

Belongs here: the guards before publication, publishing, backing up, rebuilding. Does not belong here: how a file is
written (`publish`, `backup`).
"""
