"""Where data lies and how it moves: code only. Accounting rules live in the dbt project, not here."""

__version__ = "0.1.0"
