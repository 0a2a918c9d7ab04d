"""Brightwater Telemetry: a generated company, as the exports of its three systems. Running it is the command line's.

company.py generates it, in the SQL of sql/, into a database of its own; dirt.py plants the faults of dirt.yml and
remembers them; write.py writes a wave's exports; found.py says whether all faults were found. connectors/ is what a
workspace needs to read the exports. Nothing here computes revenue.
"""
