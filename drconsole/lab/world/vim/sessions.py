"""Logging in, and what a session owns until it ends."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from drconsole.lab.world.vim.new import fault, new
from drconsole.lab.world.vim.objects import ManagedObject, computed
from drconsole.lab.world.vim.registry import vmomi

if TYPE_CHECKING:
    from drconsole.lab.world.clock import Clock
    from drconsole.lab.world.vim.call import Call


class Session:
    """A login. `ended` is set when it logs out or expires; `closing` runs then, once."""

    def __init__(self, key: str, user: str, at: datetime, address: str) -> None:
        self.key = key
        self.user = user
        self.login_time = at
        self.last_active = at
        self.address = address
        self.ended = asyncio.Event()
        self.owned: dict[str, Any] = {}
        self.closing: list[Callable[[], None]] = []

    def end(self) -> None:
        """Ends it: waiting calls wake up, what it made goes away."""
        if not self.ended.is_set():
            self.ended.set()
            for close in self.closing:
                close()


class Sessions:
    """The sessions of one endpoint. `check` says whether a user's password is right."""

    def __init__(self, clock: Clock, check: Callable[[str, str], bool]) -> None:
        self._clock = clock
        self._check = check
        self._sessions: dict[str, Session] = {}

    def login(self, user: str, password: str, address: str = "") -> Session:
        """Opens a session. Raises InvalidLogin."""
        if not self._check(user, password):
            raise fault("InvalidLogin", "Cannot complete login due to an incorrect user name or password.")
        session = Session(secrets.token_hex(20), user, self._clock.now(), address)
        self._sessions[session.key] = session
        return session

    def find(self, key: str) -> Session | None:
        """Returns the live session of a cookie's key."""
        session = self._sessions.get(key)
        if session is not None:
            session.last_active = self._clock.now()
        return session

    def end(self, session: Session) -> None:
        """Ends one session."""
        self._sessions.pop(session.key, None)
        session.end()

    def expire(self) -> int:
        """Ends every session, as an idle time-out would; says how many there were."""
        sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            session.end()
        return len(sessions)

    def __iter__(self) -> Any:
        return iter(tuple(self._sessions.values()))


class SessionManager(ManagedObject):
    """Login, logout, and who is here."""

    wsdl = "SessionManager"
    volatile = frozenset({"sessionList"})
    defaults: ClassVar[dict[str, Any]] = {
        "defaultLocale": "en",
        "messageLocaleList": ["en"],
        "supportedLocaleList": ["en"],
    }

    @computed("sessionList")
    def _session_list(self) -> Any:
        return [_shown(session) for session in self.endpoint.sessions]

    async def Login(self, call: Call, userName: str, password: str, locale: str | None) -> Any:
        if call.session is not None:
            raise fault("InvalidRequest", "already logged in")
        try:
            call.session = self.endpoint.sessions.login(userName, password, call.initiator)
        except vmomi.GetVmodlType("vim.fault.InvalidLogin"):
            call.write("login-refused", self.endpoint.name, user=userName)
            raise
        return _shown(call.session)

    async def Logout(self, call: Call) -> None:
        if call.session is not None:
            self.endpoint.sessions.end(call.session)
            call.session = None

    async def SessionIsActive(self, call: Call, sessionID: str, userName: str) -> bool:
        session = self.endpoint.sessions.find(sessionID)
        return session is not None and session.user == userName

    async def TerminateSession(self, call: Call, sessionId: list[str]) -> None:
        for key in sessionId:
            session = self.endpoint.sessions.find(key)
            if session is None:
                raise fault("NotFound")
            self.endpoint.sessions.end(session)

    async def AcquireCloneTicket(self, call: Call) -> str:
        return f"cst-{secrets.token_hex(16)}"


def current(call: Call) -> Any:
    """Returns the UserSession of a call, None before Login."""
    return None if call.session is None else _shown(call.session)


def _shown(session: Session) -> Any:
    return new(
        "UserSession",
        key=session.key,
        userName=session.user,
        fullName=session.user,
        loginTime=session.login_time,
        lastActiveTime=session.last_active,
        locale="en",
        messageLocale="en",
        ipAddress=session.address,
        extensionSession=False,
    )
