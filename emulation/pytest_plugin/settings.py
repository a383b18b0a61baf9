"""What a project can say in its pytest configuration."""

from typing import Final

CONFIG: Final = "fno_link_config"
FILE: Final = "fno-link.toml"
