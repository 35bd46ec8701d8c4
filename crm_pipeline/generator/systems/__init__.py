"""The four systems: whom each knows, and how it writes that down."""
