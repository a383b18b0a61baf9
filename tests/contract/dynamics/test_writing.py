"""Writing rows: versions, representations, solutions, rights, users and identities."""

import pytest

from emulation.dynamics import Organization
from tests.fixtures.web_api import API, NOWHERE, WEBHOOK, Web, refusal


def test_versions_are_compared_where_asked(web):
    endpoint = web.create("serviceendpoints", WEBHOOK)
    where = f"serviceendpoints({endpoint})"
    tag = web.get(where)["@odata.etag"]
    assert web.patch(where, {"description": "a"}, If_Match=tag).status_code == 204
    assert refusal(web.patch(where, {"description": "b"}, If_Match=tag)) == (412, "0x80060882")
    assert refusal(web.delete(where, If_Match=tag)) == (412, "0x80060882")
    assert web.get(where)["description"] == "a"
    absent = f"serviceendpoints({NOWHERE})"
    assert refusal(web.patch(absent, WEBHOOK, If_Match="*")) == (404, "0x80040217")
    assert web.patch(absent, WEBHOOK).headers["OData-EntityId"].endswith(absent)
    assert refusal(web.patch(absent, WEBHOOK, If_None_Match="*")) == (412, "0x80060892")
    assert refusal(web.post("serviceendpoints", WEBHOOK | {"serviceendpointid": NOWHERE})) == (412, "0x80040237")


def test_a_created_row_is_represented_where_preferred(web):
    answer = web.client.post(
        f"{API}/serviceendpoints?$select=name", json=WEBHOOK, headers={"Prefer": "return=representation"}
    )
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (201, "return=representation")
    assert answer.json()["name"] == WEBHOOK["name"]
    assert "url" not in answer.json()
    assert answer.headers["OData-EntityId"].endswith(f"serviceendpoints({answer.json()['serviceendpointid']})")


@pytest.mark.parametrize("body", ["", "[]", "{", '"x"'])
def test_a_body_that_is_no_row_is_refused(web, body):
    answer = web.client.post(f"{API}/serviceendpoints", content=body, headers={"Content-Type": "application/json"})
    assert refusal(answer) == (400, "0x80048d19")


def test_what_cannot_be_written_is_refused(web):
    assert refusal(web.post("sdkmessages", {"name": "Invent"})) == (400, "0x80040800")
    assert refusal(web.post("sdkmessagefilters", {})) == (400, "0x80040800")
    assert refusal(web.delete(f"sdkmessages({web.message('Update')})")) == (400, "0x80040800")
    assert refusal(web.post("nothings", {})) == (404, "0x8006088a")
    assert web.client.put(f"{API}/serviceendpoints", json={}).status_code == 405
    assert web.client.post(f"{API}/WhoAmI", json={}).status_code == 405


def test_a_component_joins_the_solution_that_the_header_names(web):
    publisher = web.get("publishers")["value"][0]["publisherid"]
    solution = {
        "uniquename": "integration",
        "friendlyname": "Integration",
        "version": "1.0.0.0",
        "publisherid@odata.bind": f"/publishers({publisher})",
    }
    created = web.create("solutions", solution)
    assert refusal(web.post("solutions", solution)) == (400, "0x8004F023")
    answer = web.client.post(
        f"{API}/serviceendpoints", json=WEBHOOK, headers={"MSCRM.SolutionUniqueName": "Integration"}
    )
    assert answer.status_code == 204
    found = web.get("solutioncomponents", filter=f"_solutionid_value eq {created}")["value"]
    assert [row["componenttype"] for row in found] == [95]
    unknown = web.client.post(f"{API}/serviceendpoints", json=WEBHOOK, headers={"MSCRM.SolutionUniqueName": "nothing"})
    assert refusal(unknown) == (404, "0x80040217")
    default = web.get("solutions", filter="uniquename eq 'Default'")["value"][0]["solutionid"]
    assert refusal(web.delete(f"solutions({default})")) == (400, "0x8004F005")


def test_what_a_managed_solution_brought_stays(web):
    endpoint = web.create("serviceendpoints", WEBHOOK)
    step = "6d81c9a3-2f35-4b5e-9d1c-0a4be2c7f001"
    row = {
        "sdkmessageprocessingstepid": step,
        "name": "vendor",
        "ismanaged": True,
        "iscustomizable": {"Value": False, "CanBeChanged": False},
        "stage": 40,
        "mode": 1,
        "statecode": 0,
        "statuscode": 1,
        "_eventhandler_value": endpoint,
        "_sdkmessageid_value": web.message("Update"),
    }
    web.dynamics.control.add_rows(web.name, "sdkmessageprocessingsteps", [row])
    assert refusal(web.delete(f"sdkmessageprocessingsteps({step})")) == (400, "0x8004F032")
    assert refusal(web.patch(f"sdkmessageprocessingsteps({step})", {"statecode": 1})) == (400, "0x8004F032")


def test_a_user_without_the_right_is_refused_by_name_of_the_privilege(web):
    control, client_id = web.dynamics.control, web.dynamics.client_id
    endpoint = web.create("serviceendpoints", WEBHOOK)
    control.set_roles(web.name, client_id, "Basic User")
    answer = web.post("serviceendpoints", WEBHOOK)
    assert refusal(answer) == (403, "0x80040220")
    assert "is missing prvCreateServiceEndpoint privilege" in answer.json()["error"]["message"]
    assert refusal(web.patch(f"serviceendpoints({endpoint})", {"name": "x"})) == (403, "0x80040220")
    assert refusal(web.delete(f"serviceendpoints({endpoint})")) == (403, "0x80040220")
    assert web.get(f"serviceendpoints({endpoint})")["name"] == WEBHOOK["name"]
    control.set_roles(web.name, client_id)
    assert refusal(web.client.get(f"{API}/serviceendpoints")) == (403, "0x80042f09")
    control.set_roles(web.name, client_id, "System Administrator")
    control.deny(web.name, client_id, "prvReadAsyncOperation", "prvReadSdkMessageProcessingStep")
    steps = f"{API}/serviceendpoints({endpoint})/serviceendpoint_sdkmessageprocessingstep"
    assert refusal(web.client.get(steps)) == (403, "0x80040220")
    assert refusal(web.client.get(f"{API}/asyncoperations")) == (403, "0x80040220")
    control.deny(web.name, client_id)
    assert web.get("asyncoperations")["value"] == []


def test_the_application_user_and_its_roles_are_read(web):
    text = f"applicationid eq {web.dynamics.client_id}"
    (user,) = web.get(
        "systemusers", filter=text, select="fullname,isdisabled", expand="systemuserroles_association($select=name)"
    )["value"]
    names = {role["name"] for role in user["systemuserroles_association"]}
    assert names == {"System Administrator", "Finance and Operations Integration User"}
    assert user["systemuserid"] == web.get("WhoAmI")["UserId"]
    role = web.get("roles", filter="name eq 'Environment Maker'")["value"][0]["roleid"]
    where = f"systemusers({user['systemuserid']})/systemuserroles_association"
    link = {"@odata.id": f"https://x{API}/roles({role})"}
    assert web.post(f"{where}/$ref", link).status_code == 204
    assert "Environment Maker" in {row["name"] for row in web.get(where)["value"]}
    assert web.delete(f"{where}({role})/$ref").status_code == 204
    assert "Environment Maker" not in {row["name"] for row in web.get(where)["value"]}
    assert refusal(web.post(f"{where}/$ref", {"@odata.id": "nothing"})) == (404, "0x80040217")


def test_a_managed_identity_is_bound_to_a_plug_in(web):
    identity = {
        "applicationid": web.dynamics.client_id,
        "tenantid": web.dynamics.tenant.id,
        "credentialsource": 2,
        "subjectscope": 1,
        "version": 2,
    }
    created = web.create("managedidentities", identity)
    assembly = web.create("pluginassemblies", {"name": "Contoso.Plugins", "version": "1.0.0.0"})
    bound = {"managedidentityid@odata.bind": f"/managedidentities({created})"}
    assert web.patch(f"pluginassemblies({assembly})", bound).status_code == 204
    kept = web.get(f"pluginassemblies({assembly})", expand="managedidentityid($select=applicationid)")
    assert kept["managedidentityid"]["applicationid"] == web.dynamics.client_id
    assert refusal(web.post("managedidentities", identity | {"credentialsource": 9})) == (400, "0x8004431A")
    assert refusal(web.post("managedidentities", identity | {"applicationid": "x"})) == (400, "0x80048d19")
    assert refusal(web.post("managedidentities", {"tenantid": web.dynamics.tenant.id})) == (400, "0x80040203")


def test_annotations_are_there_where_preferred(web):
    endpoint = web.create("serviceendpoints", WEBHOOK)
    step = web.create("sdkmessageprocessingsteps", web.step(endpoint))
    where = f"{API}/sdkmessageprocessingsteps({step})?$select=mode,_eventhandler_value"
    assert "mode@OData.Community.Display.V1.FormattedValue" not in web.client.get(where).json()
    row = web.client.get(where, headers={"Prefer": 'odata.include-annotations="*"'}).json()
    assert row["mode@OData.Community.Display.V1.FormattedValue"] == "Asynchronous"
    assert row["_eventhandler_value@Microsoft.Dynamics.CRM.lookuplogicalname"] == "serviceendpoint"
    assert row["_eventhandler_value@OData.Community.Display.V1.FormattedValue"] == WEBHOOK["name"]


def test_columns_that_the_world_declares_are_there_with_their_types(dynamics):
    organization = Organization(
        "shaped",
        columns={"accounts": {"new_size": "Picklist"}, "new_orders": {"new_name": "String", "new_total": "Money"}},
    )
    dynamics.control.add_organization(organization)
    with dynamics.client(organization.base_url()) as client:
        web = Web(dynamics, "shaped", client)
        web.create("accounts", {"name": "Contoso", "new_size": 2, "address2_city": "Oslo"})
        assert refusal(web.post("accounts", {"new_size": "large"})) == (400, "0x80048d19")
        assert refusal(web.post("accounts", {"new_colour": 1})) == (400, "0x80048d19")
        order = web.create("new_orders", {"new_name": "A", "new_total": 1.5})
        assert web.get(f"new_orders({order})")["new_total"] == 1.5
        assert refusal(web.post("new_orders", {"new_colour": 1})) == (400, "0x80048d19")
        endpoint = web.create("serviceendpoints", WEBHOOK)
        web.create(
            "sdkmessageprocessingsteps", web.step(endpoint, "Update", "new_order", filteringattributes="new_total")
        )
        answer = web.post(
            "sdkmessageprocessingsteps", web.step(endpoint, "Update", "new_order", filteringattributes="new_colour")
        )
        assert refusal(answer) == (400, "0x80041103")
        where = "EntityDefinitions(LogicalName='new_order')/Attributes(LogicalName='new_total')"
        assert web.get(where)["AttributeType"] == "Money"
