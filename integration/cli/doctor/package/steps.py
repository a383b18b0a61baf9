"""Steps of the package that is deployed."""

from integration.cli.doctor.step import Step

DEPLOY = "docs/deploy.md"
SCALING = f"{DEPLOY}, Scaling"
NOBODY = "asks nobody."

PACKAGE = Step(
    "package",
    "The package is one: function_app.py, host.json and fno-link.toml at its top",
    "Fill the folder anew (`uv run --no-project python scripts/package.py`) and name it, or a zip of what is in it.",
    f"{DEPLOY}, Step by step",
    asks=f"Reads the folder, or unpacks the zip elsewhere; {NOBODY}",
)
FILES = Step(
    "package_files",
    "Nothing is in the package that must not be deployed",
    "Take it out; a secret that was deployed has to be replaced. Name it in .funcignore, and fill the folder anew: "
    "`uv run --no-project python scripts/package.py`.",
    f"{DEPLOY}, Step by step",
    asks=f"Reads the names of its files, and its .funcignore where that is in it; {NOBODY}",
    needs=("package",),
)
COMPILED = Step(
    "package_compiled",
    "Every module is compiled for the app's Python",
    "Fill the folder anew: `uv run --no-project python scripts/package.py` compiles it, else every cold start.",
    SCALING,
    asks=f"Reads the first bytes of its .pyc files; {NOBODY}",
    needs=("package",),
)
REQUIREMENTS = Step(
    "package_requirements",
    "The packages are those of requirements.txt, and that is what pyproject.toml pins",
    "Write it anew (`uv run python scripts/pin.py`), then fill the folder anew (`scripts/package.py`).",
    f"{DEPLOY}, Step by step",
    asks="Reads requirements.txt, the packages that lie there, and pyproject.toml in it or in the app's folder; "
    f"{NOBODY}",
    needs=("package",),
)
CONFIGURATION = Step(
    "package_configuration",
    "The package's fno-link.toml has no problem with the app settings of here",
    "Mend what is listed. Where the app has settings that this machine has not, set them here, too: the environment, "
    "or `Values` of local.settings.json. An app whose configuration has problems takes no events.",
    f"{DEPLOY}, App settings",
    asks=f"Reads its fno-link.toml and the app settings; {NOBODY}",
    needs=("package",),
)
INDEX = Step(
    "package_index",
    "The worker can index the package",
    "Do what the last line of the error says; what is missing belongs into requirements.txt.",
    f"{DEPLOY}, Step by step",
    asks="Runs its function_app.py in a process of its own, with its own packages where they fit this machine, as "
    "Microsoft's worker library does (`azure-functions-runtime`; where that is not installed, `azure-functions`).",
    needs=("package",),
)
FUNCTIONS = Step(
    "package_functions",
    "The functions are those that the configuration means",
    "Fill the folder anew from the version of fno-link that is meant; function_app.py registers nothing by itself.",
    f"{DEPLOY}, Finance & Operations and Dataverse as senders",
    asks=f"Compares names and triggers with those that this version makes of its fno-link.toml; {NOBODY}",
    needs=("package_configuration", "package_index"),
)
ROUTES = Step(
    "package_routes",
    "No function stands before another whose requests it takes",
    "Call the function otherwise, or give it another route: the host asks in the order of the names, in upper case, "
    "and a word has no precedence over a parameter.",
    "docs/functions-host.md, HTTP",
    asks=f"Compares the routes of what was indexed; {NOBODY}",
    needs=("package_index",),
)

STEPS = (PACKAGE, FILES, COMPILED, REQUIREMENTS, CONFIGURATION, INDEX, FUNCTIONS, ROUTES)
