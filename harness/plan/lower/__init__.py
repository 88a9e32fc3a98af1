"""A checked SQL tree -> a relational plan."""
