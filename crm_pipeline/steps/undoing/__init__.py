"""Taking back what a run did: its deliveries stop counting, a model that it trained stops being used.

Belongs here: what a run brought, and the decision. Does not belong here: making the tables without it, which the steps
of any run do from what counts.
"""
