"""Names of persons: native and Latin, their parts and keys."""
