"""A bad day: commands killed at any instant, and readers that look on while a command writes."""
