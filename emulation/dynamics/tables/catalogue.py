"""Which tables are declared, by entity set and by logical name."""

from emulation.dynamics.tables.administration import ADMINISTRATION
from emulation.dynamics.tables.declared import Declared
from emulation.dynamics.tables.registration import REGISTRATION

BY_SET: dict[str, Declared] = {table.entity_set: table for table in (*REGISTRATION, *ADMINISTRATION)}
BY_NAME: dict[str, Declared] = {table.logical_name: table for table in BY_SET.values()}
