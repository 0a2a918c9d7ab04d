"""From exports to the lake: find files, read them as text, decide which deliveries are in force."""
