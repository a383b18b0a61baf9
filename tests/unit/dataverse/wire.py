"""The clients of Dataverse and F&O on answers that a test gives."""

import json

import httpx

from integration.config.keys.model import Organization
from integration.dataverse import Dataverse
from integration.finance_operations import FinanceOperations
from tests.fake_clock import FakeClock

ORGANIZATION = Organization(name="contoso", url="https://contoso.crm.dynamics.com", tenant="contoso.onmicrosoft.com")
ANSWER = {
    "@odata.context": "https://contoso.crm.dynamics.com/api/data/v9.2/$metadata#…Response",
    "Url": "https://Contoso-UAT.sandbox.operations.eu.dynamics.com/",
    "TenantId": "72AD15FQ-3M88-4e15-be25-8751c9bd0764",
    "Id": "b2106f5c-e218-4aac-841a-a59da4738eb4",
}
NOT_INTEGRATED = {"error": {"code": "0x80048d0b", "message": "Dataverse instance isn't integrated."}}


class FakeTokens:
    def __init__(self) -> None:
        self.number = 1
        self.asked = []

    async def token(self, organization, scope):
        self.asked.append(scope)
        return f"token-{self.number}"

    def drop(self, scope):
        assert scope == self.asked[-1]
        self.number += 1


class Wire:
    """Answers in order with (status, JSON or bytes, headers); the last one again and again."""

    def __init__(self, *answers) -> None:
        self.answers = list(answers)
        self.requests = []
        self.tokens = FakeTokens()
        self.http = httpx.AsyncClient(transport=httpx.MockTransport(self.handle))
        self.dataverse = Dataverse(self.http, self.tokens, clock=FakeClock(), timeout=5)
        self.finance_operations = FinanceOperations(self.http, self.tokens, clock=FakeClock())

    def handle(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        status, body, headers = (*answer, {})[:3]
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return httpx.Response(status, content=content, headers=headers)


def error(code, message="words", **annotations):
    return {"error": {"code": code, "message": message, **annotations}}
