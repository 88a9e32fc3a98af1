"""What a run writes: each field of results files and journals, declared once with its meaning."""
