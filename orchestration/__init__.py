"""How work is started and watched: the only place that imports dagster or typer. No figure is computed here."""
