"""Why nothing may be written, said before anything is; pure.

What one row is refused for refuses all: half a registration sends half of the events.
"""

from collections.abc import Collection, Iterator

from integration.registration import values
from integration.registration.found import Catalogue, Found, FoundEndpoint
from integration.registration.values import Kind
from integration.registration.wanted import Refusal, Wanted, WantedEndpoint, WantedStep


def refusals_of(wanted: Wanted, found: Found, written: Collection[tuple[Kind, str]]) -> tuple[Refusal, ...]:
    """Say why nothing may be written.

    Args:
        wanted: What is declared.
        found: What there is.
        written: What there is and would be changed.
    """
    return tuple(dict.fromkeys(_refusals(wanted, found, written)))


def _refusals(wanted: Wanted, found: Found, written: Collection[tuple[Kind, str]]) -> Iterator[Refusal]:
    for one in wanted.endpoints:
        same = [each for each in found.endpoints if each.name.lower() == one.name.lower()]
        yield from _named(wanted.owner, one, same)
        for endpoint in same:
            yield from _taken(wanted.owner, one, endpoint)
        if one.columns["contract"] == values.WEBHOOK and "url" not in one.columns and found.catalogue is not None:
            place = f"sources.{one.source}.dataverse.url"
            yield Refusal(
                place, "the address of the function app is not known", "--app-url https://NAME.azurewebsites.net"
            )
        if found.catalogue is not None:
            for step in one.steps:
                yield from _unknown(found.catalogue, step)
    yield from _managed(found, written)
    if found.solution is not None and not found.solution.exists:
        yield Refusal(f"solution {found.solution.name}", "there is no solution of this unique name", "create it first")
    if found.solution is not None and found.solution.managed:
        yield Refusal(
            f"solution {found.solution.name}",
            "it is a managed solution, which nothing can be added to",
            "name an unmanaged one",
        )


def _named(owner: str, one: WantedEndpoint, same: list[FoundEndpoint]) -> Iterator[Refusal]:
    place = f"sources.{one.source}.dataverse"
    if len(same) > 1:
        ids = ", ".join(each.id for each in same)
        yield Refusal(place, f"{len(same)} service endpoints are called {one.name!r}: {ids}", "delete all but one")
    elif same and not same[0].is_of(owner):
        mark = same[0].mark
        whose = f"of the owner {mark.owner}" if mark else "not made by fno-link"
        yield Refusal(
            place,
            f"the service endpoint {one.name!r} ({same[0].id}) is {whose}",
            "rename or delete it, or give [registration] another owner",
        )
    elif same and (contract := same[0].columns.get("contract")) != one.columns["contract"]:
        there, here = values.worded("contract", contract), values.worded("contract", one.columns["contract"])
        yield Refusal(
            place,
            f"the service endpoint {one.name!r} is a {there}, declared is a {here}: the kind of an endpoint stays",
            "remove it, then apply",
        )


def _taken(owner: str, one: WantedEndpoint, there: FoundEndpoint) -> Iterator[Refusal]:
    names = {step.name.lower(): step for step in one.steps}
    for step in there.steps:
        wanted = names.get(step.name.lower())
        if wanted is not None and not step.is_of(owner):
            message = f"the step {step.name!r} ({step.id}) has our name and not our mark"
            yield Refusal(wanted.place, message, "delete it, or rename it: it may be somebody else's")
    by_identity = {step.identity: step for step in one.steps}
    for step in there.steps:
        wanted = by_identity.get(step.identity)
        aliases = {image.alias for image in wanted.images} if wanted is not None and step.is_of(owner) else set[str]()
        for image in step.images:
            if wanted is not None and image.alias in aliases and not image.is_of(owner):
                message = f"the step {step.name!r} has an image {image.alias} that is not ours"
                yield Refusal(f"{wanted.place}.images", message, "delete that image, or name another alias")


def _unknown(catalogue: Catalogue, step: WantedStep) -> Iterator[Refusal]:
    if step.message not in catalogue.messages:
        yield Refusal(f"{step.place}.messages", f"there is no message {step.message}", _hint_of(step))
        return
    if not step.table:
        return
    known = catalogue.filters.get((step.message, step.table))
    if known is None:
        message = f"there is no table {step.table} that has the message {step.message}"
        yield Refusal(f"{step.place}.tables", message, "the logical name of the table, in the singular")
        return
    if not known.allowed:
        yield Refusal(f"{step.place}.tables", f"{step.table} lets no step be registered for {step.message}", "")
    yield from _unknown_columns(catalogue, step)


def _unknown_columns(catalogue: Catalogue, step: WantedStep) -> Iterator[Refusal]:
    columns = catalogue.attributes.get(step.table)
    if columns is None:
        return
    for name in _names(step.columns["filteringattributes"]):
        if name not in columns:
            yield Refusal(f"{step.place}.attributes", f"{step.table} has no column {name}", "its logical name")
    for image in step.images:
        for name in _names(image.columns["attributes"]):
            if name not in columns:
                place = f"{step.place}.images"
                yield Refusal(place, f"{step.table} has no column {name} (image {image.alias})", "its logical name")


def _hint_of(step: WantedStep) -> str:
    if step.table:
        return "Create, Update, Delete …"
    return "an event of Finance & Operations is there once its catalog is synchronized to Dataverse"


def _managed(found: Found, written: Collection[tuple[Kind, str]]) -> Iterator[Refusal]:
    hint = "change it where the solution is made, or remove it with that solution"
    for endpoint in found.endpoints:
        if endpoint.managed and ("endpoint", endpoint.id) in written:
            yield Refusal(endpoint.name, "a managed solution has brought this service endpoint", hint)
        for step in endpoint.steps:
            if step.managed and ("step", step.id) in written:
                yield Refusal(step.name, "a managed solution has brought this step", hint)
            for image in step.images:
                if image.managed and ("image", image.id) in written:
                    yield Refusal(step.name, f"a managed solution has brought its image {image.alias}", hint)


def _names(listed: object) -> tuple[str, ...]:
    return tuple(str(listed).split(",")) if listed else ()
