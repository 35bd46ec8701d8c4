"""Which pairs are compared: prepared records, their blocking keys, and pairs that share an identifier."""
