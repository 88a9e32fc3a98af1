"""A plan -> what libraries do otherwise than SQL with it."""
