"""A link that has moved is news of its own: no incident, told in maintenance too, and at most once in a while."""

import msgspec

from integration.health.machine.incident import id_of
from integration.health.machine.notice import Notice
from integration.health.machine.scene import Scene
from integration.health.machine.state import State
from integration.links.values import Linked

HINT = "Check that this was meant; parked deliveries for the old environment are held."


def relinked(state: State, scene: Scene) -> State:
    """Tell that the link has moved.

    A link that moves to and fro is told at most once in `stable_for`, and a muted one when the mute is over: then what
    counts is whether it is another one than was told, and one that is back where it was is no news.

    Args:
        state: With the answer counted.
        scene: Of the answer; no other machine but `integration` asks for the link.
    """
    link = state.answer.link if state.answer else None
    if scene.kind != "integration" or link is None:
        return state
    known = state.previous or state.link
    after = msgspec.structs.replace(state, link=link, previous=None)
    if known is None or known.same_environment(link):
        return after
    lately = state.relinked_at is not None and scene.now - state.relinked_at < scene.settings.stable_for
    if lately or state.is_muted(scene.now):
        return msgspec.structs.replace(after, previous=known)
    return msgspec.structs.replace(
        after,
        relinked_at=scene.now,
        opened=state.opened + 1,
        outbox=(*state.outbox, _notice(state, known, link, scene)),
    )


def _notice(state: State, known: Linked, link: Linked, scene: Scene) -> Notice:
    return Notice(
        incident=f"{id_of(scene.subject, scene.kind, scene.now, state.opened)}-relinked",
        transition="relinked",
        n=1,
        kind=scene.kind,
        subject=scene.subject,
        health="ok",
        at=scene.now,
        since=scene.now,
        message=f"the link moved from {known.url} to {link.url}",
        hint=HINT,
        link=link,
        previous=known,
    )
