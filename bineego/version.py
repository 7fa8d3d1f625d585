"""The release, free of everything: said in one place."""

__version__ = "0.2.0.dev0"
