"""One run of ``pytest --benchmark``: from the collected files to results, report and summary."""
