"""What people decided: append-only stores below `state/decisions`, which nothing else can be derived from.

Belongs here: one module per kind of decision. Does not belong here: what a decision does, which is with the step that
applies it. Acceptances of anomalies lie there too, see `state.acceptances`.
"""
