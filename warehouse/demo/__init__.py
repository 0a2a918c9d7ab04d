"""Brightwater Telemetry: a generated company, written as the exports of its three systems. Running it is the command line's.

company.py generates it, in the SQL of sql/, into a database of its own; dirt.py plants faults and remembers them;
write.py writes a wave's exports. connectors/ is what a workspace needs to read them. Nothing here computes revenue.
"""
