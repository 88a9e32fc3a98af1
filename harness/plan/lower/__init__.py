"""A checked tree -> a relational plan."""
