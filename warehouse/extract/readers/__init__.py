"""One module a file format: from a stable scratch copy to text columns in a lake file."""
