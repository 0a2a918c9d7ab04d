"""Publishing: frozen months, their chain, and the file BI tools open. No accounting rule belongs here."""
