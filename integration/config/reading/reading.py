"""Read parsed TOML into the types of `model`, and collect every problem on the way instead of stopping at the first.

The reader knows no key by name: it follows the types, so that a new field of the model is read, checked and described
in the JSON Schema without a line here.
"""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, cast

import msgspec
from msgspec import inspect

from integration.config.reading.checks import check_fields, check_text
from integration.config.reading.duration import HINT as DURATION_HINT
from integration.config.reading.duration import parse_duration
from integration.config.reading.judging import Judged
from integration.config.reading.nearest import nearest
from integration.config.settings.settings import Environ
from integration.config.settings.substitution import KEY_VAULT_HINT, WHOLE, is_unset, substitute
from integration.errors import Problem

BAD = cast("Any", object())
"""Stands for a value that has a problem."""
LATER = cast("Any", object())
"""Stands for a value that cannot be known without the app settings."""

DATE_HINT = "a day of the calendar: 2026-12-24"
BOOLEANS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


class Reader:
    """One reading of one document.

    Args:
        file: The name that problems give the file.
        environ: The app settings.
        offline: Without app settings: what depends on them is left open rather than a problem.
    """

    def __init__(self, file: str, environ: Environ, *, offline: bool = False) -> None:
        self.file = file
        self.environ = environ
        self.offline = offline
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self.references: list[tuple[str, str, str]] = []
        self.open: set[str] = set()  # places whose value is not known yet, or has a problem

    def report(self, place: str, message: str, hint: str = "", file: str | None = None) -> Any:
        """Note a problem, and return the stand-in for the value."""
        self.problems.append(Problem(place, message, hint, self.file if file is None else file))
        return BAD

    def read(self, kind: inspect.Type, value: Any, place: str, extra: Mapping[str, Any] | None = None) -> Any:  # noqa: C901, PLR0911, PLR0912 - one case a type
        """Read a value of any type of the model; BAD when it has a problem."""
        match kind:
            case inspect.Metadata():
                return self.read(kind.type, value, place, {**(extra or {}), **(cast("Any", kind).extra or {})})
            case inspect.StrType():
                return self._text(kind, value, place, extra or {})
            case inspect.LiteralType():
                return self._choice(kind, value, place)
            case inspect.BoolType():
                return self._boolean(value, place)
            case inspect.IntType():
                return self._integer(kind, value, place)
            case inspect.FloatType():
                return self._number(kind, value, place)
            case inspect.TimeDeltaType():
                return self._duration(value, place)
            case inspect.DateType():
                return self._date(value, place)
            case inspect.VarTupleType():
                return self._list(kind, value, place)
            case inspect.StructType():
                return self._struct(kind, value, place)
            case inspect.UnionType():
                return self._union(kind, value, place)
            case inspect.DictType() if isinstance(kind.value_type, inspect.AnyType):
                return self._json_object(value, place)
            case inspect.DictType():
                return self._table(kind, value, place)
            case _:
                msg = f"{place}: the model has a {type(kind).__name__}, which the reader does not know"
                raise TypeError(msg)

    def settled(self, value: Any, place: str, wanted: str) -> Any:
        """Return a string with its app settings put in, or BAD or LATER."""
        if not isinstance(value, str):
            return self.report(place, f"must be {wanted}, not {described(value)}")
        done = substitute(value, self.environ)
        if done.stray:
            return self.report(place, "has a lone %", "a setting is written %NAME%, a percent sign %%")
        if self.offline and (done.unset or done.unresolved):
            self.open.add(place)
            return LATER
        for name in dict.fromkeys(done.unset):
            self.report(place, f"the app setting {name} is not set", f"set {name}; a percent sign is written %%")
        for name in dict.fromkeys(done.unresolved):
            self.report(
                place,
                f"the Key Vault reference in the app setting {name} is not resolved",
                KEY_VAULT_HINT,
            )
        return BAD if done.unset or done.unresolved else done.text

    def _text(self, kind: inspect.StrType, value: Any, place: str, extra: Mapping[str, Any]) -> Any:  # noqa: PLR0911 - one case a fault
        if extra.get("setting_only") and isinstance(value, str) and value and not WHOLE.fullmatch(value):
            return self.report(
                place, "is a secret and stands in the file", "put all of it into one app setting: %SETTING%"
            )
        if extra.get("unset") and is_unset(value, self.environ):
            return value
        text = self.settled(value, place, "text")
        if text is LATER:
            return value
        if text is BAD:
            return BAD
        secret = bool(extra.get("secret"))
        shown = value if secret is False else "…"
        fault = check_text(kind, text, extra)
        if fault is not None:
            return self.report(place, fault.message.replace("{}", f"`{shown}`"), fault.hint)
        if secret and value and not text:
            return self.report(place, f"`{value}` is empty", "set the app setting, or leave the key out")
        if extra.get("keep_out") and text and "%" not in value:
            self.warnings.append(
                Problem(place, "a secret stands in the file", "put it into an app setting: %SETTING%", self.file)
            )
        if refers_to := extra.get("refers_to"):
            self.references.append((place, refers_to, text))
        return text

    def _choice(self, kind: inspect.LiteralType, value: Any, place: str) -> Any:
        text = self.settled(value, place, "text")
        if text is BAD or text is LATER or text in kind.values:
            return text
        return self.report(place, f"`{value}` is not allowed", suggestion(text, [str(each) for each in kind.values]))

    def _boolean(self, value: Any, place: str) -> Any:
        if isinstance(value, bool):
            return value
        if not isinstance(value, str) or "%" not in value:
            return self.report(place, f"must be true or false, not {described(value)}", 'true, false or "%SETTING%"')
        text = self.settled(value, place, "text")
        if text is BAD or text is LATER:
            return text
        if text.strip().lower() not in BOOLEANS:
            return self.report(place, f"`{value}` is set, but neither true nor false", "set it to true or false")
        return BOOLEANS[text.strip().lower()]

    def _integer(self, kind: inspect.IntType, value: Any, place: str) -> Any:
        number = value
        if isinstance(value, str) and "%" in value:
            number = self.settled(value, place, "text")
            if number is BAD or number is LATER:
                return number
            try:
                number = int(number)
            except ValueError:
                return self.report(place, f"`{value}` is set, but not to a whole number", "set it to a whole number")
        if not isinstance(number, int) or isinstance(number, bool):
            return self.report(place, f"must be a whole number, not {described(value)}")
        low, high = kind.ge, kind.le
        if (low is not None and number < low) or (high is not None and number > high):
            return self.report(place, f"{number} is out of range", f"{low} to {high}")
        return number

    def _number(self, kind: inspect.FloatType, value: Any, place: str) -> Any:
        number = value
        if isinstance(value, str) and "%" in value:
            number = self.settled(value, place, "text")
            if number is BAD or number is LATER:
                return number
            try:
                number = float(number)
            except ValueError:
                return self.report(place, f"`{value}` is set, but not to a number", "set it to a number")
        if not isinstance(number, int | float) or isinstance(number, bool):
            return self.report(place, f"must be a number, not {described(value)}")
        low, high = kind.ge, kind.le
        if not ((low is None or number >= low) and (high is None or number <= high)):
            return self.report(place, f"{number} is out of range", f"{low:g} to {high:g}")
        return float(number)

    def _date(self, value: Any, place: str) -> Any:
        if type(value) is date:
            return value
        if not isinstance(value, str):
            return self.report(place, f"must be a date, not {described(value)}", DATE_HINT)
        text = self.settled(value, place, "text")
        if text is BAD or text is LATER:
            return text
        try:
            return date.fromisoformat(text)
        except ValueError:
            return self.report(place, f"`{value}` is no date", DATE_HINT)

    def _duration(self, value: Any, place: str) -> Any:
        if not isinstance(value, str):
            return self.report(place, f"must be a duration in quotes, not {described(value)}", DURATION_HINT)
        text = self.settled(value, place, "text")
        if text is BAD or text is LATER:
            return text
        try:
            return parse_duration(text)
        except ValueError as error:
            return self.report(place, str(error) if text == value else f"`{value}` is no duration", DURATION_HINT)

    def _list(self, kind: inspect.VarTupleType, value: Any, place: str) -> Any:
        if not isinstance(value, list):
            hint = "put it into [brackets]" if isinstance(value, str) else ""
            return self.report(place, f"must be a list, not {described(value)}", hint)
        items = cast("list[Any]", value)
        if kind.min_length is not None and len(items) < kind.min_length:
            return self.report(place, f"needs at least {kind.min_length}")
        read = [self.read(kind.item_type, item, f"{place}[{index}]") for index, item in enumerate(items)]
        return BAD if any(item is BAD for item in read) else tuple(item for item in read if item is not LATER)

    def _table(self, kind: inspect.DictType, value: Any, place: str) -> Any:
        if not isinstance(value, dict):
            return self.report(place, f"must be a table, not {described(value)}")
        read: dict[str, Any] = {}
        for key, item in cast("dict[str, Any]", value).items():
            named = named_by_key(kind.value_type)
            if named and isinstance(item, dict):
                if "name" in item:
                    self.report(f"{joined(place, key)}.name", "unknown key", f"the name is that of the table: {key}")
                    continue
                read[key] = self.read(
                    kind.value_type, {**cast("dict[str, Any]", item), "name": key}, joined(place, key)
                )
            else:
                read[key] = self.read(kind.value_type, item, joined(place, key))
        if any(item is BAD for item in read.values()):
            return BAD
        return {key: item for key, item in read.items() if item is not LATER}

    def _union(self, kind: inspect.UnionType, value: Any, place: str) -> Any:  # noqa: PLR0911 - one case a fault
        options = [each for each in kind.types if not isinstance(each, inspect.NoneType)]
        structs = [each for each in options if isinstance(each, inspect.StructType)]
        if not structs:
            lists = [each for each in options if isinstance(each, inspect.VarTupleType)]
            single = [each for each in options if each not in lists]
            return self.read((lists if isinstance(value, list) and lists else single or lists)[0], value, place)
        if not isinstance(value, dict):
            return self.report(place, f"must be a table, not {described(value)}")
        table = cast("dict[str, Any]", value)
        field = str(structs[0].tag_field)
        tags = {str(each.tag): each for each in structs}
        if field not in table:
            near = nearest(field, table, 0.5)
            if near:
                return self.report(joined(place, near), "unknown key", f"did you mean `{field}`?")
            return self.report(place, f"`{field}` is missing", f"one of {', '.join(tags)}")
        tag = self.settled(table[field], joined(place, field), "text")
        if tag is BAD:
            return BAD
        if tag is LATER:
            return LATER
        if tag not in tags:
            return self.report(joined(place, field), f"`{table[field]}` is not allowed", suggestion(tag, list(tags)))
        return self._struct(tags[tag], {key: item for key, item in table.items() if key != field}, place)

    def _struct(self, kind: inspect.StructType, value: Any, place: str) -> Any:
        if not isinstance(value, dict):
            return self.report(place, f"must be a table, not {described(value)}")
        table = cast("dict[str, Any]", value)
        fields = {field.name: field for field in kind.fields}
        missing = [name for name, field in fields.items() if field.required and name not in table]
        faults = len(self.problems)
        for key in table:
            if key not in fields:
                near = self._unknown(kind, key, place, missing)
                missing = [name for name in missing if name != near]
        for name in missing:
            self.report(joined(place, name), "is missing")
        read: dict[str, Any] = {}
        for name, field in fields.items():
            if name in table:
                # The name of [sources.NAME] is the table's own key.
                where = place if kind.tag_field and name == "name" else joined(place, name)
                item = self.read(field.type, table[name], where)
                if item is BAD or item is LATER:
                    self.open.add(joined(place, name))
                else:
                    read[name] = item
        judged = Judged(kind.cls, read, place, self.open, None if self.offline else self.environ)
        self.problems += (msgspec.structs.replace(problem, file=self.file) for problem in check_fields(judged))
        if len(self.problems) > faults:
            return BAD
        return LATER if any(field.required and name not in read for name, field in fields.items()) else kind.cls(**read)

    def _unknown(self, kind: inspect.StructType, key: str, place: str, missing: Sequence[str]) -> str:
        """Report an unknown key and return the known one that was probably meant."""
        names = [field.name for field in kind.fields if field.name != "name" or kind.tag_field is None]
        allowed = [*([str(kind.tag_field)] if kind.tag_field else []), *names]
        near = nearest(key, missing, 0.5) or nearest(key, names)
        hint = f"allowed: {', '.join(allowed)}"
        if near:
            self.open.add(joined(place, near))  # its value is checked under another name
        self.report(joined(place, key), "unknown key", f"did you mean `{near}`? {hint}" if near else hint)
        return near

    def _json_object(self, value: Any, place: str) -> Any:
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError as error:
                return self.report(place, f"is no JSON: {error}", "a table, or a string that holds a JSON object")
        if not isinstance(value, dict):
            return self.report(place, f"must be a table, not {described(value)}")
        return self._json(value, place)

    def _json(self, value: Any, place: str) -> Any:
        match value:
            case dict():
                table = cast("dict[str, Any]", value)
                read = {key: self._json(item, joined(place, key)) for key, item in table.items()}
                return BAD if any(item is BAD for item in read.values()) else read
            case list():
                items = [self._json(item, f"{place}[{index}]") for index, item in enumerate(cast("list[Any]", value))]
                return BAD if any(item is BAD for item in items) else items
            case str():
                text = self.settled(value, place, "text")
                return value if text is LATER else text
            case float() if not math.isfinite(value):
                return self.report(place, f"{value} is no number")
            case bool() | int() | float() | None:
                return value
            case _:
                return self.report(place, f"must not be {described(value)}", "put it into quotes")


def named_by_key(kind: inspect.Type) -> bool:
    """Tell whether a table's values are structs that have the table's key as their name."""
    kinds = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    return any(isinstance(each, inspect.StructType) and any(f.name == "name" for f in each.fields) for each in kinds)


def joined(place: str, key: str) -> str:
    """Return the dotted path of a key, quoted where TOML would quote it."""
    bare = key.replace("-", "").replace("_", "").isalnum() and key.isascii()
    part = key if bare else json.dumps(key)
    return f"{place}.{part}" if place else part


def described(value: Any) -> str:  # noqa: PLR0911 - one case a type
    """Name a TOML value's type in words, with the value where it is short and cannot be a secret."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return f"the number {value}"
        case str():
            return "text"
        case list():
            return "a list"
        case dict():
            return "a table"
        case None:
            return "null"
        case _:
            return f"a {type(cast('object', value)).__name__}"


def suggestion(text: str, allowed: Sequence[str]) -> str:
    """Return the hint for a value that is none of those allowed."""
    near = nearest(text, allowed)
    hint = f"one of {', '.join(allowed)}"
    return f"did you mean `{near}`? {hint}" if near else hint
