"""By hand: `python -m tests.sim --seeds 20000 --from 0`, and `--coverage` for what a few of them reach."""

from __future__ import annotations

import argparse
import sys

import msgspec

ROOM = "drconsole.recovery"


def main() -> int:
    """Runs seeds and prints what they came to. Returns 1 where one violated something."""
    parser = argparse.ArgumentParser(prog="python -m tests.sim", description=__doc__)
    parser.add_argument("--seeds", type=int, default=500)
    parser.add_argument("--from", type=int, default=1, dest="first")
    parser.add_argument("--workers", type=int, default=0, help="processes; 0: one a core")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--coverage", action="store_true", help=f"branch coverage of {ROOM}, in one process")
    words = parser.parse_args()
    seeds = range(words.first, words.first + words.seeds)
    reached = _Reached() if words.coverage else None
    from tests.sim.fleet import sail  # after coverage has begun to look

    tally = sail(
        seeds,
        workers=1 if words.coverage else words.workers,
        hear=lambda verdict: print(verdict.told(), file=sys.stderr, flush=True),
    )
    percent = reached.percent() if reached is not None else None
    if words.json:
        found = {"seeds": tally.seeds, "rate": tally.rate, "bad": [v.seed for v in tally.bad]}
        print(msgspec.json.encode(found | {"coverage": percent, "told": tally.told()}).decode())
    else:
        print(tally.told())
        if percent is not None:
            print(f"branch coverage of {ROOM}: {percent:.1f} %")
    return 1 if tally.bad else 0


class _Reached:
    """Branch coverage of the recovery's code, from before its first import."""

    def __init__(self) -> None:
        import coverage

        self._coverage = coverage.Coverage(data_file=None, branch=True, source_pkgs=[ROOM])
        self._coverage.start()

    def percent(self) -> float:
        """Ends it, prints each file on stderr, and returns the whole in percent."""
        self._coverage.stop()
        return float(self._coverage.report(file=sys.stderr, show_missing=True, skip_covered=True))


if __name__ == "__main__":
    sys.exit(main())
