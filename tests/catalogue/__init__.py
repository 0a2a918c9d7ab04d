"""Faulty inputs as data, each with the outcome that quality.md promises for it. `python -m tests.catalogue` runs all.

A module a subject (headers, lines, changes, documents, books, parties, common, combined, published, stopped, files);
`cases` has what they are built of, `run` runs them. What a rule is for stands in expectations/suites.
"""
