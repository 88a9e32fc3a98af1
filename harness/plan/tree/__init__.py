"""The relational plan: its nodes, how one is built, and how one is printed."""
