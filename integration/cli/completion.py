"""`fno-link completion`: the script by which a shell completes commands and options, and the shell's own questions."""

from typing import Final

import click

PROGRAM: Final = "fno-link"
ASKED: Final = "_FNO_LINK_COMPLETE"
"""The environment variable by which a shell asks: the page "Shell Completion" of click."""

_NAMES = {"bash": "bash", "zsh": "zsh", "fish": "fish", "powershell": "pwsh"}
"""What click and click-pwsh call a shell, by what its users do."""


@click.command()
@click.argument("shell", type=click.Choice(list(_NAMES)))
def command(shell: str) -> None:
    """Print the script that makes SHELL complete fno-link's commands, options and files.

    \b
    bash        eval "$(fno-link completion bash)"                    in ~/.bashrc; bash 4.4 or newer
    zsh         eval "$(fno-link completion zsh)"                     in ~/.zshrc, after compinit
    fish        fno-link completion fish | source                     in ~/.config/fish/config.fish
    powershell  fno-link completion powershell | Out-String | Invoke-Expression    in $PROFILE; PowerShell 7
    """  # noqa: D301 - \b is click's mark of lines that stay as they are
    context = click.get_current_context()
    context.exit(answer(context.find_root().command, f"{_NAMES[shell]}_source"))


def answer(cli: click.Command, instruction: str) -> int:
    """Print what a shell asks for.

    Args:
        cli: The whole command line.
        instruction: `SHELL_source` for its script, `SHELL_complete` for what may stand at the cursor.

    Returns:
        The exit code; 1 where there is no such shell.
    """
    from click.shell_completion import shell_complete  # noqa: PLC0415 - no other command needs it
    from click_pwsh import support_pwsh_shell_completion  # pyright: ignore[reportMissingTypeStubs]  # noqa: PLC0415 (same)

    support_pwsh_shell_completion()
    return shell_complete(cli, {}, PROGRAM, ASKED, instruction)
