"""Numbers that authorities give to people and organisations, and other identifiers."""
