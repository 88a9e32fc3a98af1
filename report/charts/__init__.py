"""The specifications of the charts, without data."""
