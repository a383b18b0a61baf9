"""Steps of the app that is deployed, and of the keys to it."""

from integration.cli.doctor.step import Step

KEYS = "docs/security.md, Keys and rights"
DEPLOY = "docs/deploy.md"

APP = Step(
    "deployed",
    "The app answers, as a function app of fno-link",
    "Check the address, DNS and TLS from here, and the function app's log stream: one that cannot start answers 503.",
    f"{DEPLOY}, Step by step",
    asks="The app: `GET /api/health`, without a key.",
)
HTTPS = Step(
    "deployed_https",
    "The app answers over https alone",
    "Switch on `HTTPS Only` of the function app; a key that travelled in the clear has to be replaced.",
    KEYS,
    asks="The app: `GET http://…/api/health`, without a key, where its address names no port.",
    needs=("deployed",),
)
HEALTH = Step(
    "deployed_health",
    "The app is well",
    "Look at `fno-link health --app URL`, which says what is wrong and what to do.",
    "docs/operations.md, What to look at first, by symptom",
    asks="The app: `GET /api/health`, and with FNO_LINK_KEY `GET /api/health/details`.",
    needs=("deployed",),
)
VERSION = Step(
    "deployed_version",
    "The app is of the version of this command line",
    "Deploy this version, or use the command line of that one: an operation may be missing on either side.",
    f"{DEPLOY}, Changing and removing",
    asks="The app: `version` of `GET /api/health/details`.",
    needs=("deployed_key",),
)
KEY = Step(
    "deployed_key",
    "FNO_LINK_KEY opens what it is for, and no more",
    "Set FNO_LINK_KEY to a key of the operations that are meant (`az functionapp function keys set` gives several "
    "functions one value); a host key or the master key belongs to nobody.",
    KEYS,
    asks="The app: each reading operation that needs no name, with a parameter that none takes, so that it does "
    "nothing; `OPTIONS` of an intake; `GET /admin/host/status`, which the master key alone opens. Nothing that changes "
    "something.",
    needs=("deployed",),
)
INTAKE = Step(
    "deployed_intake",
    "Each HTTP source takes events of who has its key, and of nobody else",
    "Give the sender the key of the source's function (`az functionapp function keys list --function-name "
    "intake_NAME`), and set FNO_LINK_KEY_<SOURCE> to what it has.",
    f"{DEPLOY}, Finance & Operations and Dataverse as senders",
    asks="The app: the CloudEvents handshake (`OPTIONS`), which leaves no event behind: without a key, and with that "
    "of FNO_LINK_KEY_<SOURCE>, else of `[sources.NAME.dataverse]`.",
    needs=("deployed",),
)

STEPS = (APP, HTTPS, HEALTH, KEY, VERSION, INTAKE)
