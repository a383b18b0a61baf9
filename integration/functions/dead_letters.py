"""Dead letters over HTTP: each operation is a function of its own, with its own key."""

import azure.functions as func

from integration.functions.convert import answer, part_of, problems, request_of
from integration.functions.workers import Workers


def blueprint(worker: Workers) -> func.Blueprint:
    """Register `/api/dead-letters` and below."""
    bp = func.Blueprint()

    @bp.function_name("dead_letters")
    @bp.route("dead-letters", methods=["GET"])
    @problems
    async def dead_letters(req: func.HttpRequest) -> func.HttpResponse:  # pyright: ignore[reportUnusedFunction]
        return answer(await worker().dead_letter_pages.list(request_of(req)))

    @bp.function_name("dead_letter")
    @bp.route("dead-letters/{id}", methods=["GET"])
    @problems
    async def dead_letter(req: func.HttpRequest) -> func.HttpResponse:  # pyright: ignore[reportUnusedFunction]
        return answer(await worker().dead_letter_pages.show(part_of(req, "id")))

    @bp.function_name("dead_letters_replay")
    @bp.route("dead-letters/replay", methods=["POST"])
    @problems
    async def replay(req: func.HttpRequest) -> func.HttpResponse:  # pyright: ignore[reportUnusedFunction]
        return answer(await worker().dead_letter_pages.replay(request_of(req)))

    @bp.function_name("dead_letters_purge")
    @bp.route("dead-letters/purge", methods=["POST"])
    @problems
    async def purge(req: func.HttpRequest) -> func.HttpResponse:  # pyright: ignore[reportUnusedFunction]
        return answer(await worker().dead_letter_pages.purge(request_of(req)))

    @bp.function_name("dead_letters_job")
    @bp.route("dead-letters/jobs/{id}", methods=["GET"])
    @problems
    async def job(req: func.HttpRequest) -> func.HttpResponse:  # pyright: ignore[reportUnusedFunction]
        return answer(await worker().dead_letter_pages.job(part_of(req, "id")))

    @bp.function_name("dead_letters_cancel")
    @bp.route("dead-letters/jobs/{id}/cancel", methods=["POST"])
    @problems
    async def cancel(req: func.HttpRequest) -> func.HttpResponse:  # pyright: ignore[reportUnusedFunction]
        return answer(await worker().dead_letter_pages.cancel(part_of(req, "id")))

    return bp
