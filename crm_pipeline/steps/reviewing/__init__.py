"""Clerical review: what people are asked about links, what they decide, and what takes a decision back.

Belongs here: the queue as a run makes it and as people see it, entering decisions one by one or by a file, undoing.
Does not belong here: what a decision does to customers (`linkage`), keeping decisions (`state.decisions`).
"""
