"""How right the standardisers are, on values whose truth is known.

Belongs here: one module per type of value with `measure(data)`. Does not belong here: speed (`bench.standardise`).
"""
