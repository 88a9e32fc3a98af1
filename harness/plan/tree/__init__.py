"""The relational plan: its nodes, how it is built, and how it is printed."""
