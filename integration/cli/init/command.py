"""The command: asks what is not given, judges each answer, and writes the file."""

import contextlib
from pathlib import Path

import click
import msgspec

from integration.cli.config import with_routes
from integration.cli.init.draft import Draft
from integration.cli.init.questions import NAMED, QUESTIONS, SOURCES, TARGETS, Question
from integration.cli.output import ask_for, json_option, print_json, say
from integration.config.reading.loading import DEFAULT, check_text
from integration.errors import Problem

LONGEST = 2048


@click.command()
@click.option("--organization", metavar="URL", help="URL of the Dataverse organization.")
@click.option("--tenant", metavar="DOMAIN", help="Domain or id of its tenant; by default NAME.onmicrosoft.com.")
@click.option("--source-kind", type=click.Choice(SOURCES), help="What sends events; by default http.")
@click.option("--source", metavar="NAME", help="What the source is called; by default erp.")
@click.option("--entity", metavar="NAME", help="The queue, topic or event hub that it reads.")
@click.option("--subscription", metavar="NAME", help="The topic's subscription.")
@click.option("--target-kind", type=click.Choice(TARGETS), help="Where events go; by default storage_queue.")
@click.option("--target", metavar="NAME", help="What the target is called; by default orders.")
@click.option("--to", metavar="ADDRESS", help="Its URL, queue, topic or path.")
@click.option("--events", metavar="TYPES", help="Types of events, commas between several; by default all.")
@click.option("--output", type=click.Path(path_type=Path), default=Path(DEFAULT), help="The file to write.")
@click.option("--yes", is_flag=True, help="Ask nothing: what is not given is as proposed.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@json_option
def command(*, output: Path, yes: bool, force: bool, as_json: bool, **given: str | None) -> None:
    """Write a first fno-link.toml, by asking.

    Each answer is judged as `fno-link config check` does: one that is wrong is said why, and asked for again. An option
    answers its question.

    Exit codes: 0 written, 2 wrong usage, a wrong answer on the command line, or the file is there.
    """
    with contextlib.suppress(OSError):  # then writing says why
        if not force and output.exists():
            msg = f"{output} is there already; --force writes over it, --output names another file"
            raise click.BadParameter(msg, param_hint="--output")
    if as_json and not yes:
        raise click.UsageError("--json does not ask: say --yes, and give what has no default")
    draft = Draft()
    for question in QUESTIONS:
        if question.asked(draft):
            draft = _answered(draft, question, given[question.field], ask=not yes)
        elif given[question.field] is not None:
            msg = f"a {draft.source_kind} source has none"
            raise click.BadParameter(msg, param_hint=question.option)
    _write(output, draft.written(), force=force)
    checked = with_routes(check_text(draft.written(), {}, file=str(output), offline=True))
    if as_json:
        print_json({"file": str(output), "draft": draft, "warnings": checked.warnings})
        return
    for warning in checked.warnings:
        say(f"warning: {warning}", fg="yellow")
    say(f"{output} is written: {draft.source} → {draft.target}.", fg="green")
    say("Next: `fno-link local` runs it on this machine, and prints how to send something.")


def _answered(draft: Draft, question: Question, given: str | None, *, ask: bool) -> Draft:
    """Return the draft with one more answer, which is good."""
    proposed = question.proposed(draft)
    while True:
        answer = given
        if answer is None and not ask:
            answer = proposed
        if answer is None:
            _offer(question)
            answer = ask_for(question.words, proposed)
        new, why = _judged(draft, question, answer.strip())
        if new is not None:
            return new
        if given is not None or not ask:
            raise click.BadParameter(why, param_hint=question.option)
        say(f"  {why}", fg="red", err=True)


def _offer(question: Question) -> None:
    for number, choice in enumerate(question.choices, 1):
        say(f"  {number} {choice}: {NAMED[choice]}", err=True)


def _judged(draft: Draft, question: Question, answer: str) -> tuple[Draft | None, str]:
    """Return the draft with the answer, or why there can be none."""
    if question.choices:
        if answer.isdecimal() and answer.isascii() and 0 < int(answer[:3]) <= len(question.choices):
            answer = question.choices[int(answer[:3]) - 1]
        if answer not in question.choices:
            return None, f"one of {', '.join(question.choices)}, or its number"
    if not answer:
        return None, f"it is needed: {question.words}; {question.option} gives it, too"
    if len(answer) > LONGEST:
        return None, f"it is {len(answer)} characters long; at most {LONGEST}"
    new = _with_proposals(msgspec.structs.replace(draft, **{question.field: answer}), question)
    try:
        text = new.written()
        text.encode()
    except UnicodeEncodeError:
        return None, "it is not UTF-8 text"
    problems = with_routes(check_text(text, {}, offline=True)).problems
    return (None, "; ".join(map(_words, problems))) if problems else (new, "")


def _with_proposals(draft: Draft, after: Question) -> Draft:
    """Return the draft with what is proposed for the questions behind one: it follows from what is answered."""
    for later in QUESTIONS[QUESTIONS.index(after) + 1 :]:
        if later.asked(draft) and (proposed := later.proposed(draft)):
            draft = msgspec.structs.replace(draft, **{later.field: proposed})
    return draft


def _words(problem: Problem) -> str:
    return f"{problem.key}: {problem.message}" + (f" ({problem.hint})" if problem.hint else "")


def _write(output: Path, text: str, *, force: bool) -> None:
    try:
        with output.open("w" if force else "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        msg = f"{output} cannot be written: {why}"
        raise click.BadParameter(msg, param_hint="--output") from error
