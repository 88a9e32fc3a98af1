"""Finds where a library's result would not be SQL's: refuses a plan, or adds tests to it."""
