"""What keeps text from exports from becoming a formula in a file that a spreadsheet opens. No file is written here."""

# What a spreadsheet would read as the start of a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def as_text(text: str) -> str:
    """Text as a spreadsheet shows it and never runs it: what looks like a formula is led by an apostrophe."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def as_text_sql(expression: str) -> str:
    """The same in SQL."""
    starts = ", ".join(f"chr({ord(start)})" for start in FORMULA_STARTS)
    return f"case when left({expression}, 1) in ({starts}) then '''' || {expression} else {expression} end"
