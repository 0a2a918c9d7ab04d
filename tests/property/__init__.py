"""Generated contract lives: exports that a company could have dropped, close by close, for engine and oracle.

lives    strategies for hypothesis and a seeded generator; what they make passes a strict gate
gate     what a strict gate would refuse, to check that
compare  published tables against the oracle's facts, difference by difference
"""
