"""Everything -> one HTML file, or pictures."""
