"""What the worker's own queues, containers, tables and leases are called.

Accounts in use hold data under these names: a name that changes leaves that data behind.
"""

EVENTS = "fno-link-events"
"""The queue of envelopes: what intake has accepted and nobody has worked on."""
RETRIES = "fno-link-retries"
"""The queue of continuations: deliveries to try again, releases to make, jobs to go on with."""

PAYLOADS = "fno-link-payloads"
"""The container of claim-checks, for messages that are too large for a queue."""
DEAD_LETTERS = "fno-link-dead-letters"
PARKED = "fno-link-parked"
JOBS = "fno-link-jobs"
"""The container of jobs: replays and purges of dead letters that were ordered."""
KEPT_PAYLOADS = "fno-link-journal"
"""The container of events that the journal keeps whole, where `keep_payload` asks for it."""

JOURNAL = "fnolinkjournal"
"""How the names of the journal's tables begin; a year and a week follow."""
DUE = "fnolinkdue"
"""The table of continuations that are due later than a queue should hold them."""
NEWEST = "fnolinknewest"
"""The table of the newest business event delivered, a row a kind."""
CIRCUITS = "fnolinkcircuits"
HEALTH = "fnolinkhealth"
LINKS = "fnolinklinks"
"""The table of links and of who organizations say they are."""

LEASES = "leases/"
"""The folder, in any container, of the empty blobs that are leased while one instance works alone."""
DEAD_LETTERS_LEASE = f"{LEASES}dead-letters"
"""In the jobs' container: held while a job works on dead letters."""
DUE_LEASE = f"{LEASES}due"
"""In the payloads' container: held while what is due is moved to its queue."""
HEALTH_LEASES = f"{LEASES}health/"
"""In the payloads' container, one an organization: held while its state is judged and told."""
