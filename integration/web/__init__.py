"""HTTP handlers that know nothing of Azure Functions."""

from integration.web.answers import refusal
from integration.web.message import Request, Response, unforeseen_problem

__all__ = ["Request", "Response", "refusal", "unforeseen_problem"]
