"""From an empty organization: the doctor fails in the page's order, and each failure is mended by what it says."""

import json

from emulation.dynamics import Organization
from integration.cli.doctor.registry import ORDER
from tests.contract.cli.checkout import Checkout

ROLE = "Finance and Operations Integration User"


def first_failure(checkout):
    """Run the doctor; return what fails first and what it says to do, or the exit code of one that fails nothing."""
    done = checkout.run("doctor", checkout.name, "--json")
    steps = json.loads(done.stdout)["organizations"][0]["steps"]
    failed = [step for step in steps if step["verdict"] == "fail"]
    assert done.returncode == (1 if failed else 0), done.stderr
    return (failed[0]["step"], failed[0]["todo"]) if failed else (done.returncode, "")


def test_each_failure_is_mended_by_what_it_says_in_the_order_of_the_page(dynamics, tmp_path):
    checkout = Checkout(dynamics, tmp_path)
    control, name, client_id = dynamics.control, checkout.name, dynamics.client_id
    control.add_organization(Organization(name))
    control.set_access(client_id, (), finance_operations=False)
    control.set_roles(name, client_id)
    checkout.configure(tenant="nobody.onmicrosoft.com")
    checkout.settings["CLIENT_SECRET"] = "its id, not its value"

    environment = f"https://{name}.operations.dynamics.com"
    mended_by = [
        ("tenant_domain", "primary domain", lambda: checkout.configure(tenant=dynamics.tenant.domain)),
        ("app_secret", "secret", lambda: checkout.settings.update(CLIENT_SECRET=dynamics.client_secret)),
        (
            "who_am_i",
            "application user",
            lambda: control.set_access(client_id, (name,), finance_operations=False),
        ),
        ("role", ROLE, lambda: control.set_roles(name, client_id, ROLE)),
        ("link", "Link them", lambda: control.link(name, environment)),
        (
            "environment_read",
            "Microsoft Entra applications",
            lambda: control.set_access(client_id, (name,), finance_operations=True),
        ),
    ]
    seen = []
    for step, todo, mend in mended_by:
        failed, told = first_failure(checkout)
        assert (failed, todo in told) == (step, True), told
        seen.append(failed)
        mend()
    assert first_failure(checkout) == (0, "")
    assert seen == sorted(seen, key=ORDER.__getitem__)
