"""A plan -> an equivalent plan that is cheaper, or easier to read."""
