"""What an expression says by itself: its columns, type, frame, special values and text in SQL."""
