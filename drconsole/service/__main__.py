"""`python -m drconsole.service --config F`: what a client starts where no service runs."""

from __future__ import annotations

import argparse
import sys

from drconsole.errors import Busy, DRConsoleError


def main() -> int:
    """Serves until it is stopped or has nothing to do. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="drconsole-service")
    parser.add_argument("--config", required=True)
    words = parser.parse_args()
    try:
        from drconsole.service.process import serve
        from drconsole.settings.file import load

        serve(load(words.config))
    except Busy as error:  # two clients started one at once: the other serves
        print(error, file=sys.stderr)
        return 0
    except DRConsoleError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
