"""Faults of the vSphere API as errors of ours."""

from __future__ import annotations

from typing import Any

from pyVmomi import vim, vmodl

from drconsole.errors import DeviceError

_REMEDIES = {
    "NoPermission": "give the account the privilege that the message names, or use another account",
    "SSLVerifyFault": "compare the certificate with the pinned one",
    "AlreadyBeingManaged": "another management server holds this host",
    "NotEnoughLicenses": "add a license",
    "InvalidProperty": "the server is older than this property",
}


class Fault(DeviceError):
    """The server's fault. `code` is its class on the wire, `fault` the whole of it as pyVmomi's object."""

    def __init__(self, message: str, *, fault: Any, about: str = "") -> None:
        code = code_of(fault)
        super().__init__(message, about=about, code=code, remedy=_REMEDIES.get(code, ""))
        self.fault = fault


def code_of(fault: Any) -> str:
    """Returns a fault's name on the wire, such as `DuplicateName`; a task's localised one too."""
    name = getattr(type(fault), "_wsdlName", type(fault).__name__)
    return str(name).removesuffix("Fault") if name in ("RuntimeFaultFault", "MethodFaultFault") else str(name)


def error_of(fault: Any, *, about: str) -> Fault:
    """Returns the error for a fault; its message holds the server's words and the fault's own fields."""
    if isinstance(fault, vmodl.LocalizedMethodFault):
        words, fault = fault.localizedMessage or "", fault.fault
    else:
        words = getattr(fault, "msg", "") or ""
    details = ", ".join(f"{name} {value}" for name, value in _plain_fields(fault))
    text = ": ".join(part for part in (code_of(fault), words.strip(), details) if part)
    return Fault(text, fault=fault, about=about)


def is_expired(fault: Any) -> bool:
    """True where the session is gone: log in again."""
    return isinstance(fault, vim.fault.NotAuthenticated)


def is_refused_login(fault: Any) -> bool:
    """True where the server does not take these credentials."""
    return isinstance(fault, vim.fault.InvalidLogin | vim.fault.NoPermission)


def _plain_fields(fault: Any) -> list[tuple[str, str]]:
    found = []
    for info in fault._GetPropertyList():
        value = getattr(fault, info.name)
        if (
            info.name not in ("msg", "dynamicType")
            and isinstance(value, str | int)
            and value not in ("", None)
        ):
            found.append((info.name, str(value)))
    return found
