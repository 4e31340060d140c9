"""From a method's wire name to its handler, and back with a result or a fault."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from drconsole.lab.world.vim.call import Call
from drconsole.lab.world.vim.new import fault
from drconsole.lab.world.vim.objects import ManagedObject
from drconsole.lab.world.vim.registry import declared_faults, methods, vmomi, wsdl_type
from drconsole.lab.world.vim.tasks import TaskManager

if TYPE_CHECKING:
    from drconsole.lab.world.vim.objects import Endpoint
    from drconsole.lab.world.vim.tasks import Task

log = logging.getLogger(__name__)

WITHOUT_SESSION = frozenset(
    {
        "RetrieveServiceContent",
        "Login",
        "CurrentTime",
        "LoginBySSPI",
        "LoginByToken",
        "LoginExtensionByCertificate",
    }
)
"""What a client may call before Login."""

READS_BEFORE_LOGIN = frozenset({"ServiceInstance"})
"""Types whose properties a client may Fetch before Login."""


async def invoke(call: Call, target: ManagedObject, method: str, arguments: dict[str, Any]) -> Any:
    """Carries out a method on an object and returns what its handler answers.

    A method that runs as a task answers the reference to its Task at once. Raises only faults:
    MethodNotFound, NotAuthenticated, NotImplemented, those that the method declares, and
    SystemError for what the handler did not mean.
    """
    info = methods(wsdl_type(target.wsdl)).get(method)
    if info is None and method != "Fetch":
        raise fault("MethodNotFound", receiver=target.ref(), method=method)
    if call.session is not None and call.endpoint.expires(method):
        call.endpoint.sessions.expire()
        call.session = None
    if call.session is None and method not in WITHOUT_SESSION and not _open(target, method):
        raise not_authenticated(target, info)
    if method == "Fetch":
        return target.get(arguments["prop"])
    if not hasattr(type(target), method):
        raise fault("NotImplemented", f"the lab does not implement {target.wsdl}.{method}")
    wanted = _Invocation(target, method, info, arguments)
    if runs_as_task(info):
        return _start(call, wanted)
    return await _guarded(call.endpoint, wanted, wanted.handled(call))


def runs_as_task(info: Any) -> bool:
    """Says whether a method answers a Task. (RegisterVM_Task and its like say so of themselves.)"""
    return bool(info.isTask) or vmomi.GetWsdlName(info.methodResult) == "Task"


def result_type(info: Any) -> Any:
    """Returns the declared type of what a method answers on the wire: a Task where it runs as one."""
    return wsdl_type("Task") if info.isTask else info.methodResult


def not_authenticated(target: ManagedObject, info: Any = None) -> Any:
    """Builds what a call without a live session gets."""
    privilege = (info.privId if info is not None else None) or "System.View"
    return fault(
        "NotAuthenticated", "The session is not authenticated.", object=target.ref(), privilegeId=privilege
    )


def _open(target: ManagedObject, method: str) -> bool:
    return method == "Fetch" and target.wsdl in READS_BEFORE_LOGIN


class _Invocation(NamedTuple):
    target: ManagedObject
    method: str
    info: Any
    arguments: dict[str, Any]

    def handled(self, call: Call) -> Awaitable[Any]:
        handler: Callable[..., Awaitable[Any]] = getattr(self.target, self.method)
        return handler(call, **self.arguments)


def _start(call: Call, wanted: _Invocation) -> Any:
    endpoint = call.endpoint
    task = endpoint.single(TaskManager).start(wanted.method, wanted.target, call.user)
    inner = Call(endpoint, call.session, initiator=call.initiator, task=task)

    def ended(work: asyncio.Task[None]) -> None:
        if work.cancelled():
            task.fail(fault("RequestCanceled", "the server went down"))

    endpoint.run(_carry(inner, task, wanted)).add_done_callback(ended)
    return task.ref()


async def _carry(call: Call, task: Task, wanted: _Invocation) -> None:
    # A client reads the running task before anything else happens to it.
    await asyncio.sleep(0)
    try:
        injected = call.endpoint.fails(wanted.method, wanted.target)
        if injected is not None:
            raise injected
        result = await _guarded(call.endpoint, wanted, wanted.handled(call))
    except vmomi.GetVmodlType("vmodl.MethodFault") as error:
        task.fail(error)
    else:
        task.succeed(result.ref() if hasattr(result, "ref") else result)


async def _guarded(endpoint: Endpoint, wanted: _Invocation, work: Awaitable[Any]) -> Any:
    method = wanted.method
    try:
        return await work
    except vmomi.GetVmodlType("vmodl.MethodFault") as error:
        if may_raise(wanted.info, error):
            raise
        endpoint.undeclared.append(f"{method}: {type(error).__name__}")
        log.error("undeclared fault %s of %s", type(error).__name__, method)
        raise fault("SystemError", reason=f"{method} raised the undeclared {type(error).__name__}") from error
    except Exception as error:
        # The wire's boundary: a mistake of the lab reaches the client as a server's would.
        endpoint.undeclared.append(f"{method}: {error!r}")
        log.exception("%s failed", method)
        raise fault("SystemError", f"{method}: {error!r}", reason=repr(error)) from error


def may_raise(info: Any, error: Any) -> bool:
    """Says whether a method declares a fault; runtime faults go without saying."""
    return isinstance(error, (_runtime_fault(), *declared_faults(info)))


@cache
def _runtime_fault() -> Any:
    return vmomi.GetVmodlType("vmodl.RuntimeFault")
