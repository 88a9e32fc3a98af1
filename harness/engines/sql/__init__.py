"""Engines that run SQL."""
