"""Inputs that are texts: JSON, JSON Lines, CSV."""
