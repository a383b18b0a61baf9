"""Which events go to which targets: filters, the indexed route table, explanations, target templates."""

from integration.routing.compiled_route import CompiledRoute
from integration.routing.explain import Explanation
from integration.routing.table import Matches, RouteTable

__all__ = ["CompiledRoute", "Explanation", "Matches", "RouteTable"]
