"""Videos and results that lie at an address: brought to this machine, or written there, through fsspec."""
