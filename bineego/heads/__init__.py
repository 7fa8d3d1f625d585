"""The temporal head: a network over the features of a whole video, and what it learns from."""
