"""Columns of the business tables that every organization has.

Source: the table reference pages of Account and Contact, their writable columns.
"""

from collections.abc import Iterator

from emulation.dynamics.tables.column import Column, ColumnType

_STATES = {0: "Active", 1: "Inactive"}
_STATUSES = {1: "Active", 2: "Inactive"}


def _of(type_: ColumnType, names: str) -> Iterator[Column]:
    return (Column(name, type_) for name in names.split())


def _texts(lengths: dict[int, str]) -> Iterator[Column]:
    return (Column(name, longest=longest) for longest, names in lengths.items() for name in names.split())


def _address(number: int) -> Iterator[Column]:
    prefix = f"address{number}_"
    texts = {
        4: "upszone",
        20: "postalcode postofficebox",
        50: "county fax stateorprovince telephone1 telephone2 telephone3",
        80: "city country",
        100: "primarycontactname",
        200: "name",
        250: "line1 line2 line3",
    }
    for longest, names in texts.items():
        yield from (Column(prefix + name, longest=longest) for name in names.split())
    yield from (Column(prefix + name, "Picklist") for name in ("addresstypecode", "freighttermscode"))
    yield from (Column(prefix + name, "Double") for name in ("latitude", "longitude"))
    yield Column(f"{prefix}shippingmethodcode", "Picklist")
    yield Column(f"{prefix}utcoffset", "Integer")
    yield Column(f"{prefix}addressid", "Uniqueidentifier")


def _shared() -> Iterator[Column]:
    yield from _address(1)
    yield from _address(2)
    yield Column("statecode", "State", options=_STATES, default=0)
    yield Column("statuscode", "Status", options=_STATUSES, default=1)
    yield Column("description", "Memo", longest=2000)
    yield Column("traversedpath", longest=1250)
    yield Column("ownerid", "Lookup", targets=("systemuser", "team"))
    yield Column("transactioncurrencyid", "Lookup", targets=("transactioncurrency",))
    yield Column("preferredsystemuserid", "Lookup", targets=("systemuser",))
    yield Column("slaid", "Lookup", targets=("sla",))
    yield Column(
        "preferredcontactmethodcode", "Picklist", options={1: "Any", 2: "Email", 3: "Phone", 4: "Fax", 5: "Mail"}
    )
    yield from _texts({50: "fax telephone1 telephone2 telephone3", 100: "emailaddress1 emailaddress2 emailaddress3"})
    yield from _of(
        "Boolean",
        "creditonhold donotbulkemail donotbulkpostalmail donotemail donotfax donotphone donotpostalmail donotsendmm "
        "followemail marketingonly participatesinworkflow",
    )
    yield from _of(
        "Picklist",
        "customersizecode customertypecode paymenttermscode preferredappointmentdaycode preferredappointmenttimecode "
        "shippingmethodcode territorycode",
    )
    yield from _of("Money", "creditlimit")
    yield from _of("DateTime", "lastonholdtime lastusedincampaign overriddencreatedon")
    yield from _of("Integer", "importsequencenumber timezoneruleversionnumber utcconversiontimezonecode")
    yield from _of("Uniqueidentifier", "processid stageid")


def _account() -> Iterator[Column]:
    yield from _texts(
        {10: "tickersymbol", 20: "accountnumber sic stockexchange", 128: "primarytwitterid", 160: "name yominame"}
    )
    yield from _texts({200: "ftpsiteurl primarysatoriid websiteurl"})
    yield Column("accountcategorycode", "Picklist", options={1: "Preferred Customer", 2: "Standard"})
    yield from _of(
        "Picklist", "accountclassificationcode accountratingcode businesstypecode industrycode ownershipcode"
    )
    yield from _of("Money", "marketcap revenue")
    yield from _of("Integer", "numberofemployees sharesoutstanding")
    yield Column("parentaccountid", "Lookup", targets=("account",))
    yield Column("primarycontactid", "Lookup", targets=("contact",))


def _contact() -> Iterator[Column]:
    yield from _address(3)
    yield Column("fullname", longest=160, writable=False)
    yield from _texts(
        {
            10: "suffix",
            50: "assistantphone business2 callback company externaluseridentifier firstname governmentid home2 "
            "employeeid lastname managerphone middlename mobilephone pager subscriptionid",
            100: "assistantname department jobtitle managername nickname salutation spousesname",
            150: "yomifirstname yomilastname yomimiddlename",
            200: "ftpsiteurl websiteurl",
            255: "childrensnames",
        }
    )
    yield Column("gendercode", "Picklist", options={1: "Male", 2: "Female"})
    yield from _of("Picklist", "accountrolecode educationcode familystatuscode haschildrencode leadsourcecode")
    yield from _of("DateTime", "anniversary birthdate")
    yield from _of("Money", "annualincome")
    yield from _of("Integer", "numberofchildren")
    yield from _of("Boolean", "isbackofficecustomer")
    yield Column("parentcustomerid", "Lookup", targets=("account", "contact"))


KNOWN: dict[str, tuple[Column, ...]] = {
    "account": (*_account(), *_shared()),
    "contact": (*_contact(), *_shared()),
}
"""By logical name of the table."""
