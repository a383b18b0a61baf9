"""From the text of fno-link.toml to a checked configuration, with every problem and where it stands."""
