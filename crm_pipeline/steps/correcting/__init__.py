"""From the quarantine to a spreadsheet and back: rows are taken out, corrected by people, and decided on.

Belongs here: the file that goes out and comes back, and what is accepted of it. Does not belong here: applying
corrections (`steps.applying`), keeping them (`state`).
"""
