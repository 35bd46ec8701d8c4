"""From messy CRM extracts to one trusted golden customer table."""

__version__ = "0.1.0"
