"""report.html of a published month: one file that needs nothing and asks for nothing, made of the month's own files.

It reads Parquet and manifest.json and never the open warehouse, so that anyone who has published/ can make it again:

    python -m warehouse.explain.report published/2026-03/v1 > report.html
"""
