"""Untrusted pixels: probing, reading and caching of video files."""
