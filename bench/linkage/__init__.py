"""How right records are linked, on sets whose truth is known.

Belongs here: labelled sets, their mappings, measuring, the wrong pairs for the developer, other tools beside. Does not
belong here: speed at large sizes (`bench`).
"""
