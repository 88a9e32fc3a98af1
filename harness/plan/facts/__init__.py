"""What is known of expressions alone: their kinds, types, columns and special values."""
