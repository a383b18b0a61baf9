"""App settings: their names, `%SETTING%` in the configuration, credentials and connections."""
