"""One run of ``pytest --benchmark``: from the files collected to results, report and summary."""
