"""Training of the temporal head: from feature tracks to a model."""
