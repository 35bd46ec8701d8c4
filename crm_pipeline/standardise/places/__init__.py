"""Addresses, divisions, countries, postal codes."""
