"""What a request is: its type says what comes back."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

Reply = TypeVar("Reply")
Piece = TypeVar("Piece")


class Request(msgspec.Struct, Generic[Reply, Piece], frozen=True, kw_only=True, tag=True):
    """One question to the service."""


def reply_type(request: type[Request[Any, Any]]) -> Any:
    """Returns the type of a request's reply."""
    return _types(request)[0]


def item_type(request: type[Request[Any, Any]]) -> Any:
    """Returns the type of the values that come before the reply; NoneType where none come."""
    return _types(request)[1]


def _types(request: type[Request[Any, Any]]) -> tuple[Any, Any]:
    base = request.__dict__["__orig_bases__"][0]
    reply, piece = base.__args__
    return reply, piece
