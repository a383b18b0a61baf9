"""The operator's page: the status page with forms, behind a key of its own, and what answers its forms."""

from collections.abc import Awaitable, Callable

from integration.clock import Clock
from integration.config.keys.model import StatusPage
from integration.errors import ActionsOff, FormRefused
from integration.loggers import logger
from integration.web.answers import refusing
from integration.web.message import Request, Response, unforeseen_problem
from integration.web.status.actions import Actions
from integration.web.status.form import Form
from integration.web.status.forms import SEE_OTHER, Forms, back, offered
from integration.web.status.html import policy, refused
from integration.web.status.provenance import foreign
from integration.web.status.seal import LASTS, judged, key_of

log = logger("web")

type Show = Callable[[Request, Forms | None], Awaitable[Response]]
"""Shows the status page, with forms or without."""


class OperatorPages:
    """`/api/status/operator`.

    Args:
        settings: Whether there are forms.
        show: Shows the page.
        actions: Does what forms say.
        clock: The time.
    """

    def __init__(self, *, settings: StatusPage, show: Show, actions: Actions, clock: Clock) -> None:
        self._settings = settings
        self._show = show
        self._actions = actions
        self._clock = clock

    async def show(self, request: Request) -> Response:
        """Show the status page with its forms."""
        forms = offered(request, self._clock.now()) if self._settings.actions else None
        return await self._show(request, forms)

    async def act(self, request: Request) -> Response:
        """Do what a form says and lead back to the page: 303; else a page that says why not, and what to do."""
        try:
            answer = await self._done(request)
        except Exception as error:  # noqa: BLE001  # the net under the forms: a person is answered by a page
            answer = unforeseen_problem(error)
        return answer if answer.status == SEE_OTHER else _told(answer)

    @refusing()
    async def _done(self, request: Request) -> Response:
        form = self._admitted(request)
        return back(request, await self._actions.do(form), self._clock.now())

    def _admitted(self, request: Request) -> Form:
        if not self._settings.actions:
            raise ActionsOff
        why = foreign(request.headers)
        if why:
            log.warning("a form of the status page is refused: %s", why)
            msg = f"The form is refused: {why}."
            raise FormRefused(msg)
        form = Form.read(request)
        verdict = judged(form.seal, key_of(request), self._clock.now())
        if verdict == "old":
            msg = f"The form is refused: its page was opened more than {LASTS.total_seconds() / 3600:.0f} hours ago."
            raise FormRefused(msg)
        if verdict == "wrong":
            log.warning("a form of the status page is refused: its seal is not that of a page opened with this key")
            raise FormRefused("The form is refused: it does not stand in a page that was opened with this key.")
        return form


def _told(answer: Response) -> Response:
    headers = {name: value for name, value in answer.headers.items() if name == "Retry-After"}
    headers |= {"Content-Type": "text/html; charset=utf-8", **policy()}
    return Response(status=answer.status, headers=headers, body=refused(answer))
