"""HTTP handlers that know nothing of Azure Functions."""

from integration.web.message import Request, Response, problem

__all__ = ["Request", "Response", "problem"]
