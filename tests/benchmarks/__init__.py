"""Times and memory on many rows. What they print is noted, never asserted: a busy machine is no fault of the code."""
