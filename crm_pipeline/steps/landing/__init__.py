"""What the sources deliver becomes part of the landing store, or is refused as a whole.

Belongs here: asking sources, the gates before anything is landed. Does not belong here: reading a kind of source
(`sources`), what becomes of single rows (`steps.applying.delivery`).
"""
