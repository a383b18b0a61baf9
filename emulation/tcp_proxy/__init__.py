"""A TCP proxy on loopback that cuts, delays, holds and resets what goes through it."""

from emulation.tcp_proxy.proxy import TcpProxy

__all__ = ["TcpProxy"]
