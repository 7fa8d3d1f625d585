"""Measurements, run by hand: `speed` against peers, `accuracy` on data sets; the docs' tables are made of `results`."""
