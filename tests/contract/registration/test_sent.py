"""What was registered sends: a changed row arrives with its key, filter and image, until it is switched off."""

import json
import time

from tests.contract.registration.conftest import KEY

ROW = "6d81c9a3-2f35-4b5e-9d1c-0a4be2c7f001"
HOST = "fno-link.azurewebsites.net"


def test_a_changed_row_arrives_and_drift_names_the_step_that_was_switched_off(register, web, receivers):
    web.dynamics.control.set_site(HOST, receivers.url("hook").removesuffix("/hook"))
    register.text = register.text.replace('key = "%CRM_KEY%"', f'key = "%CRM_KEY%"\nurl = "https://{HOST}/hook"')
    web.create("accounts", {"name": "Contoso", "accountid": ROW})
    register.apply()
    web.patch(f"accounts({ROW})", {"fax": "1"})
    web.patch(f"accounts({ROW})", {"name": "Fabrikam"})
    end = time.monotonic() + 120
    while not (received := receivers.received("hook")):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)
    [request] = received
    assert request.path == f"/hook?code={KEY}"
    context = json.loads(request.body)
    assert (context["MessageName"], context["PrimaryEntityName"]) == ("Update", "account")
    [before] = context["PreEntityImages"]
    assert before["key"] == "before"
    assert {"key": "name", "value": "Contoso"} in before["value"]["Attributes"]
    step = context["OwningExtension"]["Id"]
    assert web.patch(f"sdkmessageprocessingsteps({step})", {"statecode": 1, "statuscode": 2}).status_code == 204
    [found] = register.plan(catalogue=False).drift
    assert (found.id, found.why) == (step, "it was switched off")
    assert found.name == "fno-link: crm: Update of account (post_operation)"
