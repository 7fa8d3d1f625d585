"""The release; a module of its own, so that every other one may import it."""

__version__ = "0.2.0.dev0"
