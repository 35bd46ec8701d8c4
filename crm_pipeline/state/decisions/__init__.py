"""What people decided: append-only stores below `state/decisions`, which nothing else can be derived from.

Belongs here: one module per form of decision: corrected rows, answers about links, acceptances. Does not belong here:
what a decision does, which is with the step that applies it.
"""
