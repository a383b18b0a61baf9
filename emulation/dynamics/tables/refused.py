"""What Dataverse refuses, with the codes and messages of its own.

Sources: the pages "Web service error codes", "Troubleshoot Dataverse Web API client errors", "Perform conditional
operations using the Web API" and "Compose HTTP requests and handle errors"; 0x8004416b and 0x80044184 also as clients
recorded them.
"""

HELP = "For more information on this error please follow this help link https://go.microsoft.com/fwlink/?linkid=2195293"


class Refused(Exception):
    """Dataverse does not do what is asked.

    Args:
        status: The HTTP status.
        code: `error.code`.
        message: `error.message`.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def bad_payload(entity_set: str, reason: str) -> Refused:
    """Return the answer to a body that does not fit the table's type."""
    message = f"Error identified in Payload provided by the user for Entity :'{entity_set}', {HELP}"
    return Refused(400, "0x80048d19", f"{message}  ---->  InnerException : {reason}")


def no_such_property(entity_set: str, entity: str, name: str) -> Refused:
    """Return the answer to a property that the table does not have; names are told apart by case."""
    return bad_payload(
        entity_set,
        f"Microsoft.Crm.CrmException: Invalid property '{name}' was found in entity 'Microsoft.Dynamics.CRM.{entity}'. "
        f"---> Microsoft.OData.ODataException: The property '{name}' does not exist on type "
        f"'Microsoft.Dynamics.CRM.{entity}'. Make sure to only use property names that are defined by the type.",
    )


def no_such_navigation(entity_set: str, name: str) -> Refused:
    """Return the answer to a binding of what is no navigation property."""
    return bad_payload(
        entity_set,
        f"Microsoft.OData.ODataException: An undeclared property '{name}' which only has property annotations in the "
        "payload but no property value was found in the payload. In OData, only declared navigation properties and "
        "declared named streams can be represented as properties without values.",
    )


def does_not_exist(entity: str, key: str) -> Refused:
    """Return the answer to a row that is not there."""
    return Refused(404, "0x80040217", f"Entity '{entity}' With Id = {key} Does Not Exist")


def invalid(message: str) -> Refused:
    """Return the answer to an argument that is not valid (InvalidArgument)."""
    return Refused(400, "0x80040203", message)


def missing(entity: str, column: str) -> Refused:
    """Return the answer to a required column without a value."""
    return invalid(f"Required attribute '{column}' of entity '{entity}' is missing or null.")


def out_of_range(entity: str, column: str, value: object, accepted: str) -> Refused:
    """Return the answer to a value that is not one of a choice's (PicklistValueOutOfRange)."""
    message = f"The value {value} of '{column}' on record of type '{entity}' is outside the valid range."
    return Refused(400, "0x8004431A", f"A validation error occurred. {message} Accepted Values: {accepted}")


def too_long(entity: str, column: str, longest: int) -> Refused:
    """Return the answer to a text that is longer than its column (StringLengthTooLong)."""
    message = f"The length of the '{column}' attribute of the '{entity}' entity exceeded the maximum allowed length"
    return Refused(400, "0x80044331", f"A validation error occurred. {message} of '{longest}'.")


def stage_refused() -> Refused:
    """Return the answer to a step in a stage where it cannot be."""
    return Refused(400, "0x80044184", "Invalid plug-in registration stage")


def in_use(entity: str, key: str, count: int) -> Refused:
    """Return the answer to the deletion of what others depend on (CannotDeleteInUseComponent)."""
    message = f"The {entity}({key}) component cannot be deleted because it is referenced by {count} other components."
    hint = "For a list of referenced components, use the RetrieveDependenciesForDeleteRequest."
    return Refused(400, "0x8004F01F", f"{message} {hint}")


def managed(operation: str, name: str, key: str, condition: str) -> Refused:
    """Return the answer to a change of what a managed solution brought (CannotDeleteMetadata)."""
    message = f"The '{operation}' operation on the current component(name='{name}', id='{key}')"
    return Refused(
        400, "0x8004F032", f"{message} failed during managed property evaluation of condition: '{condition}'"
    )


def not_supported(entity: str) -> Refused:
    """Return the answer to a message that a table does not have (SdkEntityDoesNotSupportMessage)."""
    return Refused(
        400, "0x80040800", f"The method being invoked does not support provided entity type. Entity: '{entity}'"
    )


def duplicate() -> Refused:
    """Return the answer to a second row with the same key (DuplicateRecordEntityKey)."""
    return Refused(412, "0x80040237", "A record with matching key values already exists.")


def version_mismatch() -> Refused:
    """Return the answer to `If-Match` with a version that is not the row's (ConcurrencyVersionMismatch)."""
    message = "The version of the existing record doesn't match the RowVersion property provided."
    return Refused(412, "0x80060882", message)


def no_privilege(user: str, privilege: str) -> Refused:
    """Return the answer to a user without the right (PrivilegeDenied)."""
    return Refused(403, "0x80040220", f"Principal user (Id={user}, type=8) is missing {privilege} privilege.")


def no_roles(user: str) -> Refused:
    """Return the answer to a user without any role (UserNotAssignedRoles)."""
    return Refused(403, "0x80042f09", f"The user (Id = {user}) has not been assigned any roles.")
