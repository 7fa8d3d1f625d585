"""Files of segments: one module per format, reading and writing."""
