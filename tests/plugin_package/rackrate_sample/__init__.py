"""A sample extension of rackrate, used by its tests and as a pattern to copy."""
