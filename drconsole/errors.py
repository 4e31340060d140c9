"""The error tree: what went wrong, with which object, and what the operator can do.

Every error that leaves a room is one of these; the command line turns it into its exit code.

    DRConsoleError                 1  unexpected
    ├── UsageError                 2  the command's words are off
    ├── Refused                    3  a right request that the world forbids
    │   ├── NotConfirmed           3  a real run without its confirmation
    │   └── Busy                   3  somebody else holds it, named
    ├── Unreachable                4  no answer from the other side
    │   ├── DeadlinePassed         4  an answer that came too late
    │   ├── WrongCredentials       4  refused; never tried twice (lock-out)
    │   └── PinMismatch            4  another certificate than the one that was pinned
    ├── InvalidDocument            5  a snapshot, mapping or selection that is wrong by itself
    ├── InvalidConfiguration       5  the configuration file, with its line
    ├── UnknownName                5  a name that stands nowhere
    ├── RunStopped                 6  the run failed, or waits for an operator
    ├── Question                   6  a step that only an operator can decide
    ├── AcceptedFailures           7  the run ended with failures that somebody accepted
    ├── OutcomeUnknown             1  a call died in the middle: observe again, never assume
    ├── DeviceError                1  the device answered, and its answer is a fault
    ├── DatabaseFailed             1  the journal or the repository cannot be read or written
    └── Fenced                    75  another runner has taken this run over
"""

from __future__ import annotations

from typing import ClassVar


class DRConsoleError(Exception):
    """The root of the tree.

    Takes the message, the object it is about (a name as the operator knows it) and a remedy:
    one sentence that says what to do now. All three are plain text, possibly foreign: whoever
    shows them passes them through `model.text.safe_text`.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, about: str = "", remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.about = about
        self.remedy = remedy

    def __str__(self) -> str:
        text = f"{self.about}: {self.message}" if self.about else self.message
        return f"{text} ({self.remedy})" if self.remedy else text


class UsageError(DRConsoleError):
    """The command's words do not fit together."""

    exit_code = 2


class Refused(DRConsoleError):
    """A right request that the world forbids: leased, too small, too few, unmapped."""

    exit_code = 3


class NotConfirmed(Refused):
    """A planned or disaster run without the typed name of its site."""


class Busy(Refused):
    """Somebody else holds the object; `about` and the message name both."""


class Unreachable(DRConsoleError):
    """The other side does not answer."""

    exit_code = 4


class DeadlinePassed(Unreachable):
    """The other side did not answer in time; what it did is not known."""


class WrongCredentials(Unreachable):
    """The other side refused the credentials. Never repeat: accounts lock."""


class PinMismatch(Unreachable):
    """The certificate is not the pinned one.

    `expected` and `presented` are fingerprints, `sha256:` and 64 hexadecimal digits.
    """

    def __init__(self, *, about: str, expected: str, presented: str) -> None:
        super().__init__(
            f"certificate {presented} is not the pinned {expected}",
            about=about,
            remedy="compare both with the device's own console before you change the pin",
        )
        self.expected = expected
        self.presented = presented


class InvalidDocument(DRConsoleError):
    """An XML document that is wrong by itself, refused whole.

    `line` is 1-based, 0 where none applies; `path` is an element path such as
    `snapshot/host[id=host-21]/physicalNic[name=vmnic0]`; `expected` says what would be right.
    """

    exit_code = 5

    def __init__(
        self, message: str, *, about: str = "", line: int = 0, path: str = "", expected: str = ""
    ) -> None:
        place = "".join((f"line {line}: " if line else "", f"{path}: " if path else ""))
        super().__init__(f"{place}{message}", about=about, remedy=expected)
        self.line = line
        self.path = path
        self.expected = expected


class InvalidConfiguration(DRConsoleError):
    """A key of the configuration file that is missing, unknown or wrong."""

    exit_code = 5

    def __init__(self, message: str, *, about: str = "", line: int = 0, expected: str = "") -> None:
        super().__init__(f"line {line}: {message}" if line else message, about=about, remedy=expected)
        self.line = line
        self.expected = expected


class UnknownName(DRConsoleError):
    """A site, target, snapshot, run, host or guest that does not exist."""

    exit_code = 5


class RunStopped(DRConsoleError):
    """The run failed or waits for an operator; the message names the object and the verbs."""

    exit_code = 6


class Question(DRConsoleError):
    """A step met what only an operator can decide; raised by its handler, told as a question.

    The step waits then. `remedy` says what each verb would do. Steps that ask the same question,
    word by word, are answered together.
    """

    exit_code = 6


class AcceptedFailures(DRConsoleError):
    """The run ended, and some of its objects were skipped or given up."""

    exit_code = 7


class OutcomeUnknown(DRConsoleError):
    """A call on the world died in the middle. The caller observes again and decides."""


class DeviceError(DRConsoleError):
    """The device answered with a fault; `code` is its own word for it."""

    def __init__(self, message: str, *, about: str = "", code: str = "", remedy: str = "") -> None:
        super().__init__(message, about=about, remedy=remedy)
        self.code = code


class DatabaseFailed(DRConsoleError):
    """The journal or the repository cannot be read or written: a full disk, a removed file.

    A runner that meets it does nothing more to the world, because it could not remember it.
    """


class Fenced(DRConsoleError):
    """Another runner has taken the run over: stop at once and touch nothing."""

    exit_code = 75
