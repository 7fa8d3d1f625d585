"""Recordings with views and labels."""
