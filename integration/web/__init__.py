"""HTTP handlers that know nothing of Azure Functions."""

from integration.web.message import Request, Response, problem, unforeseen_problem

__all__ = ["Request", "Response", "problem", "unforeseen_problem"]
