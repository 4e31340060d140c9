"""Errors over the socket: the same class comes out that went in, with all that it says."""

from __future__ import annotations

from collections.abc import Iterator

from drconsole import errors
from drconsole.api.frames import Failure
from drconsole.errors import DRConsoleError


def failure_of(error: DRConsoleError) -> Failure:
    """Returns the message that carries an error: its class by name, its attributes as they are."""
    fields = {name: value for name, value in vars(error).items() if isinstance(value, str | int | float)}
    return Failure(kind=_known(type(error)), fields=fields)


def error_of(failure: Failure) -> DRConsoleError:
    """Returns the error that a Failure carries; of a class unknown here, the root of the tree.

    The constructor is passed by: it composes the message, and this message is composed already.
    """
    kind = _CLASSES.get(failure.kind, DRConsoleError)
    error = kind.__new__(kind)
    plain = {"message": "", "about": "", "remedy": ""}
    Exception.__init__(error, str(failure.fields.get("message", failure.kind)))
    vars(error).update(plain | failure.fields)
    return error


def _known(kind: type[DRConsoleError]) -> str:
    """The nearest class of the tree: subclasses private to a room travel as their parent."""
    return next(base.__name__ for base in kind.__mro__ if base.__name__ in _CLASSES)


def _tree(root: type[DRConsoleError]) -> Iterator[type[DRConsoleError]]:
    yield root
    for child in root.__subclasses__():
        yield from _tree(child)


_CLASSES = {kind.__name__: kind for kind in _tree(DRConsoleError) if kind.__module__ == errors.__name__}
