"""What the control API does for people: add them, let them answer device codes, let them sign in elsewhere."""

from emulation.dynamics import commands
from emulation.dynamics.entra_errors import EntraError
from emulation.dynamics.state import State
from emulation.dynamics.tokens import issue_to


def carry_out(state: State, command: commands.OfPeople) -> object:
    """Carry out one command.

    Raises:
        KeyError: There is no such person or code.
    """
    match command:
        case commands.AddUser(user):
            state.users[user.name.lower()] = user
        case commands.AnswerDevice(user_code, user):
            device = state.devices.typed(user_code)
            device.user, device.declined = state.users[user.lower()].name.lower() if user else "", not user
        case commands.PendingDevices():
            return state.devices.pending()
        case commands.ExpireDevices():
            for user_code in state.devices.pending():
                state.devices.typed(user_code).ends = 0.0
        case commands.SignIn():
            return _signed_in(state, command)
        case _:
            msg = f"no rule for {command}"
            raise AssertionError(msg)
    return None


def _signed_in(state: State, asked: commands.SignIn) -> dict[str, str]:
    user = state.users[asked.user.lower()]
    named = asked.tenant or user.tenant
    try:
        if not any(named.lower() in (each.id.lower(), each.domain.lower()) for each in state.tenants):
            raise EntraError.tenant_not_found(named)
        tenant = state.tenant(named)
        if state.tenant(user.tenant) != tenant:
            raise EntraError.no_such_user(user.name, tenant.domain, asked.client_id)
        token = issue_to(state, tenant, user, asked.client_id, asked.resource)
    except EntraError as error:
        return {"error": f"AADSTS{error.number}: {error.message}"}
    return {"token": token, "tenant": tenant.id}
