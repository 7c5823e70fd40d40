"""Asks a running server questions and counts the right answers."""
