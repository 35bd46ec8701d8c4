"""Landed deliveries become versions of records in std, with every row accounted for.

Belongs here: which deliveries std shows, what changes by one, what is told of it. Does not belong here: cleaning
(`standardise`), judging it (`quality`), landing (`steps.landing`).
"""
