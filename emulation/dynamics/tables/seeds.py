"""Rows that an organization has from the start: messages and their filters, users, roles, solutions.

Sources: the pages "Event framework", "Enable virtual tables to support Dataverse events", "Application user" and
"Predefined security roles"; the ids of the two solutions that every organization has are the same everywhere.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from emulation.dynamics.world import App, Organization, User

CUD = ("Create", "Update", "Delete")
EXTERNAL = ("OnExternalCreated", "OnExternalUpdated", "OnExternalDeleted")
LINK = "RetrieveFinanceAndOperationsIntegrationDetails"
MESSAGES = (*CUD, "Retrieve", "RetrieveMultiple", "Assign", "Associate", "Disassociate", *EXTERNAL, "WhoAmI", LINK)
ADMINISTRATOR = "System Administrator"
CUSTOMIZER = "System Customizer"
INTEGRATION = "Finance and Operations Integration User"
BROUGHT = ("Dynamics365Company", "MicrosoftOperationsVESupport", "MicrosoftOperationsERPCatalog")
ROLES = (ADMINISTRATOR, CUSTOMIZER, "Basic User", "Environment Maker", INTEGRATION)
ACTIVE_SOLUTION = "fd140aae-4df4-11dd-bd17-0019b9312238"
DEFAULT_SOLUTION = "fd140aaf-4df4-11dd-bd17-0019b9312238"
DEFAULT_PUBLISHER = "d21aab71-79e7-11dd-8874-00188b01e34f"

type Row = dict[str, Any]


def identity(organization: Organization, name: str) -> str:
    """Return the id of what an organization has by this name."""
    return str(uuid5(NAMESPACE_URL, f"{organization.id()}/{name}"))


def is_virtual(table: str) -> bool:
    """Tell whether a table is a virtual one of finance and operations."""
    return table.startswith("mserp_")


def messages(organization: Organization) -> list[Row]:
    """Return the messages."""
    return [
        {
            "sdkmessageid": identity(organization, name),
            "name": name,
            "categoryname": None,
            "isprivate": False,
            "isactive": True,
            "workflowsdkstepenabled": False,
        }
        for name in (*MESSAGES, *organization.custom_messages)
    ]


def filters(organization: Organization, tables: Iterable[str]) -> list[Row]:
    """Return which table has which message; those of finance and operations also tell of changes made there.

    Args:
        organization: The organization.
        tables: Logical names of its tables.
    """
    return [
        {
            "sdkmessagefilterid": identity(organization, f"filter/{message}/{table}"),
            "name": None,
            "primaryobjecttypecode": table,
            "secondaryobjecttypecode": "none",
            "_sdkmessageid_value": identity(organization, message),
            "iscustomprocessingstepallowed": message != "Retrieve" or not is_virtual(table),
            "isvisible": True,
            "availability": 0,
        }
        for table in tables
        for message in (*CUD, "Retrieve", *(EXTERNAL if is_virtual(table) else ()))
    ]


def business_units(organization: Organization) -> list[Row]:
    """Return the one business unit."""
    return [{"businessunitid": identity(organization, "businessunit"), "name": organization.name}]


def users(organization: Organization, apps: Mapping[str, tuple[App, str]]) -> list[Row]:
    """Return the application users.

    Args:
        organization: The organization.
        apps: By user id, whose user it is, and the object id of its service principal.
    """
    return [
        {
            "systemuserid": user,
            "fullname": f"# {app.client_id}",
            "firstname": "#",
            "lastname": app.client_id,
            "domainname": None,
            "internalemailaddress": None,
            "applicationid": app.client_id,
            "azureactivedirectoryobjectid": principal,
            "isdisabled": False,
            "accessmode": 4,
            "_businessunitid_value": identity(organization, "businessunit"),
        }
        for user, (app, principal) in apps.items()
    ]


def people(organization: Organization, users: Mapping[str, tuple[User, str]]) -> list[Row]:
    """Return the users that are people.

    Args:
        organization: The organization.
        users: By user id, who it is, and its object id.
    """
    return [
        {
            "systemuserid": user,
            "fullname": person.name.partition("@")[0],
            "firstname": person.name.partition("@")[0],
            "lastname": "",
            "domainname": person.name,
            "internalemailaddress": person.name,
            "applicationid": None,
            "azureactivedirectoryobjectid": principal,
            "isdisabled": False,
            "accessmode": 0,
            "_businessunitid_value": identity(organization, "businessunit"),
        }
        for user, (person, principal) in users.items()
    ]


def roles(organization: Organization) -> list[Row]:
    """Return the security roles."""
    return [
        {
            "roleid": identity(organization, f"role/{name}"),
            "name": name,
            "_businessunitid_value": identity(organization, "businessunit"),
            "ismanaged": True,
        }
        for name in ROLES
    ]


def publishers(organization: Organization) -> list[Row]:
    """Return the default publisher."""
    return [
        {
            "publisherid": DEFAULT_PUBLISHER,
            "uniquename": f"DefaultPublisher{organization.name}",
            "friendlyname": f"Default Publisher for {organization.name}",
            "customizationprefix": "new",
            "customizationoptionvalueprefix": 10000,
            "isreadonly": False,
        }
    ]


def solutions(organization: Organization, *, linked: bool) -> list[Row]:
    """Return the solutions that are always there, and those that linking brings.

    Source: the page "Configure Dataverse virtual entities".

    Args:
        organization: The organization.
        linked: Whether it is linked.
    """
    brought = [
        {
            "solutionid": identity(organization, f"solution/{name}"),
            "uniquename": name,
            "friendlyname": name,
            "version": "1.0.0.0",
            "_publisherid_value": DEFAULT_PUBLISHER,
            "ismanaged": True,
            "isvisible": True,
        }
        for name in (BROUGHT if linked else ())
    ]
    return brought + [
        {
            "solutionid": key,
            "uniquename": name,
            "friendlyname": f"{name} Solution",
            "version": "1.0.0.0",
            "_publisherid_value": DEFAULT_PUBLISHER,
            "ismanaged": False,
            "isvisible": name == "Default",
        }
        for key, name in ((ACTIVE_SOLUTION, "Active"), (DEFAULT_SOLUTION, "Default"))
    ]
