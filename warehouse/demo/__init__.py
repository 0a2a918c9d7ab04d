"""A small believable company, written as the exports its systems would drop. Running it is the command line's."""
