"""Tests of SQL expressions for gaps: True for a form that some library lacks or answers wrongly."""
