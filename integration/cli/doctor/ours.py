"""Steps of our own side: the app settings, host.json, the storage account, Service Bus, the keys and the package."""

from integration.cli.doctor.step import Step

DEPLOY = "docs/deploy.md"

APP_SETTINGS = Step(
    "app_settings",
    "The app settings are those that the configuration and the templates want",
    "Set what is missing, resolve what is a Key Vault reference, and correct names; local.settings.sample.json and "
    "docs/reference/settings.md list all.",
    f"{DEPLOY}, App settings",
    asks="Reads the app settings, fno-link.toml; asks nobody.",
)
HOST_JSON = Step(
    "host_json",
    "host.json has what the app relies on",
    "Take the values of the host.json that fno-link comes with; keys of your own may stay.",
    f"{DEPLOY}, Scaling; and What to watch",
    asks="Reads host.json in the app's folder; asks nobody.",
)

STORAGE = Step(
    "storage",
    "The storage account answers: queues, blobs and tables",
    "Check AzureWebJobsStorage, the account's firewall and the roles of the identity.",
    f"{DEPLOY}, Roles of the identity",
    asks="The storage account: something small of each service, read.",
    needs=("app_settings",),
)
STORAGE_RIGHTS = Step(
    "storage_rights",
    "What the app needs in the storage account can be made and written",
    "Give the identity the three roles on the storage account, or a key with all rights.",
    f"{DEPLOY}, Roles of the identity",
    asks="The storage account: makes a queue, a container and a table of random names, writes to each, deletes them.",
    needs=("app_settings",),
)
POISON = Step(
    "poison_queues",
    "No message lies in a poison queue",
    "Look at the log of the function that makes dead letters of them, and at the storage account.",
    f"{DEPLOY}, What to watch",
    asks="The storage account: counts the messages of the worker's own poison queues and of those of queue sources.",
    needs=("storage",),
)
BUS_SOURCES = Step(
    "service_bus_sources",
    "Each Service Bus source's entity is there, may be read, and has sessions or none as configured",
    "Make the entity, correct the source, or give the right Listen.",
    f"{DEPLOY}, Roles of the identity",
    asks="Service Bus: opens a receiver for each source and closes it; receives nothing.",
    needs=("configuration",),
)
BUS_TARGETS = Step(
    "service_bus_targets",
    "Each Service Bus target's entity is there, and may be written",
    "Make the entity, correct the target, or give the right Send.",
    f"{DEPLOY}, Roles of the identity",
    asks="Service Bus: opens a sender for each target and closes it; sends nothing.",
    needs=("configuration",),
)

QUEUE_SOURCES = Step(
    "storage_queue_sources",
    "Each Storage-queue source's queue is there, and its messages may be read and removed",
    "Make the queue, correct the source, or give the app's identity Storage Queue Data Contributor on that account: "
    "the host makes the poison queue beside it, too.",
    f"{DEPLOY}, Roles of the identity",
    asks="The account of each: looks at the first message, which stays; removes one that is not there.",
    needs=("configuration",),
)
QUEUE_TARGETS = Step(
    "storage_queue_targets",
    "Each Storage-queue target's queue is there, and may be written",
    "Make the queue, correct the target, or give the app's identity Storage Queue Data Message Sender on that queue.",
    f"{DEPLOY}, Roles of the identity",
    asks="The account of each: puts a message that would expire before it becomes visible, which is refused.",
    needs=("configuration",),
)
HUB_SOURCES = Step(
    "event_hub_sources",
    "Each Event Hubs source's namespace answers, and its hub may be read",
    "Look in the Azure portal > Event Hubs namespace > Event Hubs: the hub, the source's own consumer group, and under "
    "Access control the role Azure Event Hubs Data Receiver of the app's identity, or a rule with Listen.",
    f"{DEPLOY}, Roles of the identity",
    asks="The namespace: opens a TLS connection to the port of AMQP; who may read a hub it tells only to who reads.",
    needs=("configuration",),
)
GRID_SOURCES = Step(
    "event_grid_sources",
    "Each Event Grid source has a subscription",
    "Look in the Azure portal > Event Grid topic > Event Subscriptions: one leads to the function event_grid_NAME of "
    "this app, in the state Succeeded, with retries and a dead-letter container.",
    f"{DEPLOY}, Finance & Operations and Dataverse as senders",
    asks="Asks nobody: the app has no right to read subscriptions.",
    needs=("configuration",),
)
GRID_TARGETS = Step(
    "event_grid_targets",
    "Each Event Grid target's topic answers, and takes events of the app",
    "Look in the Azure portal > Event Grid topic: the input schema CloudEvents 1.0, and the key, or under Access "
    "control the role EventGrid Data Sender of the app's identity.",
    f"{DEPLOY}, Roles of the identity",
    asks="The topic: `GET` of its endpoint without a key; a key is judged only where an event comes with it.",
    needs=("configuration",),
)

STEPS = (
    APP_SETTINGS,
    HOST_JSON,
    STORAGE,
    STORAGE_RIGHTS,
    POISON,
    BUS_SOURCES,
    BUS_TARGETS,
    QUEUE_SOURCES,
    QUEUE_TARGETS,
    HUB_SOURCES,
    GRID_SOURCES,
    GRID_TARGETS,
)
