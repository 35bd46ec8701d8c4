"""A new project: its folder, and a first configuration suggested by the files one has.

Belongs here: what happens once, before the first run. Does not belong here: what a column holds
(`sources.suggestions`).
"""
