"""Reads what was built and says where it comes from. Nothing here changes a file."""
