"""What people are told after a run: counts, the report, how good the links are.

Belongs here: gathering and wording. Does not belong here: drawing (`report`), printing (`cli`).
"""
