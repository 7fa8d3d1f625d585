"""Where the work on many items is done: processes of this machine, or a Ray cluster, through one interface."""
