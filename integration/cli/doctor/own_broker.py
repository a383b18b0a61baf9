"""Service Bus: is each entity there, may we read or write it, does it require sessions as the configuration says?

A link is opened and closed; no message is received, locked or sent. A receiver without a session is refused by an
entity that requires one ("Message sessions"), which tells without locking any.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from integration.cli.doctor.ours import BUS_SOURCES, BUS_TARGETS
from integration.cli.doctor.step import Finding, Step, failed, passed, skipped
from integration.config.keys.model import ServiceBusSource, ServiceBusTarget
from integration.delivery.targets.service_bus import Namespaces
from integration.delivery.targets.service_bus.failures import failure_of
from integration.errors import TargetUnavailable, Unreachable
from integration.health.check import OK, Answer
from integration.health.probes.asking import answered

if TYPE_CHECKING:
    from azure.servicebus.aio import ServiceBusReceiver

WITHIN = 60.0
AT_ONCE = 8
ROLES = {"Listen": "Azure Service Bus Data Receiver", "Send": "Azure Service Bus Data Sender"}
SESSIONS = "requires sessions"


async def judge_sources(namespaces: Namespaces, sources: Sequence[ServiceBusSource]) -> Finding:
    """Open a receiver for each source."""
    asked = {each.name: _source(namespaces, each) for each in sources}
    return await _judged(BUS_SOURCES, asked, "no source reads Service Bus")


async def judge_targets(namespaces: Namespaces, targets: Sequence[ServiceBusTarget]) -> Finding:
    """Open a sender for each target."""
    asked = {each.name: _target(namespaces, each) for each in targets}
    return await _judged(BUS_TARGETS, asked, "no target is on Service Bus")


async def _judged(step: Step, asked: Mapping[str, Awaitable[None]], none: str) -> Finding:
    if not asked:
        return skipped(step, none)
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(name: str, question: Awaitable[None]) -> Answer:
        async def put() -> Answer:
            await question
            return OK

        async with limit:
            return await answered(put(), within=WITHIN, whom=f"the namespace of {name}", check="target")

    answers = await asyncio.gather(*(one(name, question) for name, question in asked.items()))
    wrong = {name: answer for name, answer in zip(asked, answers, strict=True) if answer.health != "ok"}
    if not wrong:
        return passed(step, f"{', '.join(asked)}: there, and open to us")
    told = "; ".join(f"{name}: {answer.message}" for name, answer in wrong.items())
    silent = all(answer.code == Unreachable.__name__ for answer in wrong.values())
    return failed(step, told, _todo(step, wrong.values()), verdict="unknown" if silent else "fail")


def _todo(step: Step, answers: Iterable[Answer]) -> str:
    told = [answer.message for answer in answers]
    roles: Sequence[str] = [role for right, role in ROLES.items() if any(f"the right {right}" in each for each in told)]
    if not roles:
        return step.todo
    return f"Give the app's identity the role {' and '.join(roles)} there, or the key that right; {step.todo}"


async def _source(namespaces: Namespaces, source: ServiceBusSource) -> None:
    name = source.queue or f"{source.topic}/{source.subscription}"
    receiver = namespaces.receiver(
        source.connection, queue=source.queue, topic=source.topic, subscription=source.subscription
    )
    required = await _requires_sessions(receiver, name)
    if required and not source.sessions:
        msg = f"{name} {SESSIONS}, and the source has none: set `sessions = true`"
        raise TargetUnavailable(msg)
    if source.sessions and not required:
        msg = f"{name} has no sessions, and the source wants them: leave `sessions` out, or make the entity with them"
        raise TargetUnavailable(msg)


async def _target(namespaces: Namespaces, target: ServiceBusTarget) -> None:
    name = target.queue or target.topic
    sender = namespaces.sender(target.connection, queue=target.queue, topic=target.topic)
    try:
        async with sender:
            pass
    except Exception as error:
        raise failure_of(error, name) from error
    if target.session or not target.queue:
        return
    try:
        required = await _requires_sessions(namespaces.receiver(target.connection, queue=target.queue), name)
    except TargetUnavailable:
        return  # who may only send cannot find out
    if required:
        msg = f"{name} {SESSIONS}, and the target gives none: set `session`, else each message is refused"
        raise TargetUnavailable(msg)


async def _requires_sessions(receiver: "ServiceBusReceiver", name: str) -> bool:
    try:
        async with receiver:
            return False
    except Exception as error:
        if SESSIONS in str(error):
            return True
        raise failure_of(error, name, "Listen") from error
