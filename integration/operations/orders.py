"""Orders, as both faces give them: JSON that is read strictly."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import msgspec

from integration.errors import InvalidRequest


class Order(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What an operator orders.

    Beside its fields: `rules`, what JSON Schema can say of `check`.
    """

    rules: ClassVar[Mapping[str, Any]] = {}

    @classmethod
    def read(cls, content: bytes) -> Self:
        """Read an order.

        Args:
            content: JSON; nothing: every key has its default.

        Raises:
            InvalidRequest: It says why.
        """
        try:
            order = msgspec.json.decode(content or b"{}", type=cls)
        except InvalidRequest:
            raise
        except Exception as error:  # a decoder may fail in any way
            msg = f"the body cannot be read: {str(error)[:200]}"
            raise InvalidRequest(msg) from error
        order.check()
        return order

    def check(self) -> None:
        """Refuse an order that cannot be meant.

        Raises:
            InvalidRequest: It says why.
        """
