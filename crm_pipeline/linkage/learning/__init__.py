"""A model learnt without labels: the pairs that teach, frequencies, expectation maximisation."""
