"""What would happen, before it happens: the check of a project, the preview of a delivery.

Belongs here: asking what a run asks, without writing. Does not belong here: the gates and rules themselves.
"""
