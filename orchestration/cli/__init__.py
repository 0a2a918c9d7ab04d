"""The `tieout` command: one module a command group, heavy imports inside the commands."""
