"""What all answers of a service share: settings, journal, repository, and what goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from drconsole.errors import InvalidConfiguration, UnknownName
from drconsole.journal.clock import now
from drconsole.journal.journal import Journal
from drconsole.repository.repository import Repository
from drconsole.service.captures import Captures
from drconsole.service.inventory import Inventories
from drconsole.service.news import News
from drconsole.service.notify.channels import channels
from drconsole.service.notify.notifier import Notifier
from drconsole.service.overview import Overviews
from drconsole.service.presenting import Presenters
from drconsole.service.recovered import RecoveredInventories
from drconsole.service.runners import Runners
from drconsole.service.timelines import Timelines
from drconsole.settings.values import Settings, Site

T = TypeVar("T")


class State:
    """One service. Everything in it belongs to one event loop."""

    def __init__(self, settings: Settings, journal: Journal, repository: Repository) -> None:
        self.settings = settings
        self.journal = journal
        self.repository = repository
        self.started = now()
        self.news = News()
        self.overviews = Overviews(journal, self.news)
        self.captures = Captures(settings, repository, self.news.tell)
        self.inventories = Inventories(settings, self.news.tell)
        self.presenters = Presenters()
        self.timelines = Timelines(journal)
        self.recovered = RecoveredInventories(settings, journal)
        self.runners = Runners(settings, journal)
        self.channels = {} if settings.notify is None else channels(settings.notify)
        self.notifier = Notifier(settings.notify, journal, self.channels)
        self.recovering = asyncio.Lock()
        self.stopping = asyncio.Event()
        self.clients = 0

    def site(self, name: str) -> Site:
        """Returns a configured site. Raises UnknownName, with the ones there are."""
        if name not in self.settings.sites:
            known = ", ".join(sorted(self.settings.sites)) or "none"
            raise UnknownName("there is no such site", about=name, remedy=f"configured: {known}")
        return self.settings.sites[name]

    def with_provisioning(self) -> None:
        """Raises InvalidConfiguration where nothing can be provisioned."""
        if self.settings.provisioning is None:
            raise InvalidConfiguration("a recovery needs the [provisioning] table", about=self.settings.path)


async def in_thread(work: Callable[[], T]) -> T:
    """Does slow and blocking work, such as reading a document, off the event loop."""
    return await asyncio.to_thread(work)
