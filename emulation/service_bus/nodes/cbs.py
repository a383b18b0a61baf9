"""Claims-based security: tokens on the $cbs node.

Source: "AMQP 1.0 in Azure Service Bus and Event Hubs protocol guide", claims-based authorization.
"""

from collections.abc import Callable

from emulation.service_bus.amqp.addresses import CBS, Address, parse_address
from emulation.service_bus.amqp.connection import Connection
from emulation.service_bus.amqp.errors import NOT_FOUND, UNAUTHORIZED, Refused
from emulation.service_bus.broker.authorization import SAS
from emulation.service_bus.broker.broker import Broker
from emulation.service_bus.nodes.replies import reply_link
from emulation.service_bus.nodes.requests import Request, cbs_answer, parse_request

JWT = "jwt"
TOKEN_TYPES = ("servicebus.windows.net:sastoken", JWT)  # both mean a shared access signature


def cbs_sink(broker: Broker, connection: Connection) -> Callable[[bytes, int], None]:
    """Return what a connection's $cbs link does with a request."""

    def receive(raw: bytes, _message_format: int) -> None:
        request = parse_request(raw)
        try:
            _put_token(broker, connection, request)
            answer = cbs_answer(request, 202, "Accepted")
        except Refused as refused:
            answer = cbs_answer(request, 404 if refused.condition == NOT_FOUND else 401, refused.description)
        link = reply_link(connection, request.reply_to, CBS)
        if link is not None:
            link.answer(answer)

    return receive


def _put_token(broker: Broker, connection: Connection, request: Request) -> None:
    if request.property("operation") != "put-token":
        raise Refused(UNAUTHORIZED, f"Unknown operation {request.property('operation')!r} on {CBS}.")
    audience = request.property("name")
    kind = request.property("type")
    token = request.body.decode(errors="replace") if isinstance(request.body, bytes) else str(request.body)
    if kind not in TOKEN_TYPES:
        raise Refused(UNAUTHORIZED, f"InvalidType: Tokens of type {kind!r} are not accepted, only {TOKEN_TYPES}.")
    if kind == JWT and broker.entra is not None and not token.startswith(SAS):
        broker.entra.admit(connection.claims, token, audience, connection.hostname)
    else:
        broker.authority.sas(connection.claims, token, audience, connection.hostname)
    address = parse_address(audience)
    if address.entity:
        broker.namespace.entity(Address(address.entity, address.sub_queue))
