"""Amounts of money, currencies, quantities."""
