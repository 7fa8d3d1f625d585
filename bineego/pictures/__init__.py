"""Pictures of results, drawn with matplotlib straight to PNG (no screen needed)."""
