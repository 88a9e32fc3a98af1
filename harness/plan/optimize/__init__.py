"""A plan -> an equal plan that is cheaper, or reads better."""
