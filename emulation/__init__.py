"""The local world: everything that fno-link talks to in Azure, on loopback. Never deployed."""
