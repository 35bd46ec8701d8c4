"""What deliveries look like over time: profiled, compared with those before, anomalies recorded and accepted.

Belongs here: the steps that watch std without rules. Does not belong here: rules (`checks`), or how far from usual is
too far (`quality.anomalies`).
"""
