"""The id that a customer keeps, and what happens to it."""
