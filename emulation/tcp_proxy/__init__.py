"""A TCP proxy on loopback that cuts, delays, holds and resets what goes through it, and notes requests."""

from emulation.tcp_proxy.exchanges import Exchange, Exchanges
from emulation.tcp_proxy.proxy import TcpProxy

__all__ = ["Exchange", "Exchanges", "TcpProxy"]
