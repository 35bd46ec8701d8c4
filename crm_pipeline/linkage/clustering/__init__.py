"""From linked pairs to customers: components, constraints, weak bridges."""
