"""`drconsole plan`: what a run would do, without doing anything."""

from __future__ import annotations

from typing import cast

import click

from drconsole.api import requests
from drconsole.cli.documents_in import mapping_from, selection_from
from drconsole.cli.durations import objectives
from drconsole.cli.printing import narrate, print_json, print_table
from drconsole.cli.words import as_json, shared_options, with_service
from drconsole.errors import Refused
from drconsole.model.plan import Finding, PlanReport
from drconsole.model.step import Mode

MODES = click.Choice(["drill", "planned", "disaster"])


@click.command("plan")
@click.argument("site")
@click.option("--mode", type=MODES, default="drill", show_default=True)
@click.option("--snapshot", default="latest")
@click.option("--mapping", type=click.Path(dir_okay=False))
@click.option("--selection", type=click.Path(dir_okay=False))
@objectives
@shared_options
def command(
    site: str,
    mode: str,
    *,
    snapshot: str,
    mapping: str | None,
    selection: str | None,
    rto: float | None,
    rpo: float | None,
    **_shared: object,
) -> None:
    """Says what a run would do: verdicts, readiness, estimate. Exit code 3 where it would be refused."""
    request = requests.PlanRun(
        site=site,
        mode=cast("Mode", mode),
        snapshot=snapshot,
        mapping=mapping_from(mapping),
        selection=selection_from(selection),
        rto_s=rto,
        rpo_s=rpo,
    )
    report = with_service(lambda client: client.ask(request, narrate))
    if as_json():
        print_json(report)
    else:
        _show(report)
    blocking = [finding for finding in report.findings if finding.blocks]
    if blocking:
        raise _refusal(blocking)


def _refusal(blocking: list[Finding]) -> Refused:
    first = blocking[0]
    more = f" (and {len(blocking) - 1} more)" if len(blocking) > 1 else ""
    return Refused(f"{first.text}{more}", about=first.subject, remedy=first.remedy)


def _show(report: PlanReport) -> None:
    click.echo(f"{report.site}, {report.mode}, snapshot {report.snapshot}")
    print_table(
        ("role", "protected", "target", "fit", "why"),
        ((m.role, m.name, m.target, m.fit, m.reason) for m in report.matches),
    )
    counts = {
        kind: sum(v.verdict == kind for v in report.verdicts) for kind in ("recoverable", "caveats", "no")
    }
    click.echo(
        f"guests: {counts['recoverable']} recoverable, {counts['caveats']} with caveats, {counts['no']} not"
    )
    stages = ", ".join(f"{stage} {count}" for stage, count in report.stages.items())
    click.echo(f"steps: {report.steps} ({stages})")
    if report.customer:
        print_table(
            ("own step", "stage", "critical", "from", "what"),
            ((c.key, c.stage, c.critical, c.source, c.title) for c in report.customer),
        )
    if report.estimate is not None:
        click.echo(f"estimate: {report.estimate.seconds / 60:.0f} min ({report.estimate.basis})")
    for verdict in report.verdicts:
        if verdict.verdict != "recoverable":
            narrate(f"{verdict.name}: {'; '.join(verdict.reasons)}")
    for finding in report.findings:
        narrate(f"{'BLOCKS' if finding.blocks else 'note'}: {finding.subject}: {finding.text}")
    click.echo("ready" if report.ready else "not ready")
