"""`jjj`: every step of the chain without Airflow. Commands parse, call one function of the package and print."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from jingjinji import reports
from jingjinji.errors import UserError


class _Commands(TyperGroup):
    """Shows an error that people can act on as its message, without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except UserError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(error.exit_code) from error


app = typer.Typer(
    name="jjj",
    cls=_Commands,
    help="京津冀应急管理数据仓库 · land → build → check → release → export, each step on its own.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


# ---------------------------------------------------------------- landing: land, reland, withdraw


@app.command()
def land(
    feed: str = typer.Argument(..., help="Feed id, for example disaster_losses/hebei."),
    files: list[Path] = typer.Argument(..., exists=True, dir_okay=False, help="One or more received files."),
    period: str | None = typer.Option(None, help="What the delivery is for, for example 2023-08-01."),
    data_origin: str | None = typer.Option(None, help="real or simulated; the file name says it when left out."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Judge and say, keep nothing."),
    jobs: int = typer.Option(1, min=1, help="Processes that land at once; for hundreds of files."),
    output: str = typer.Option("text", "--format", help="text or json."),
) -> None:
    """Take received files into the landing zone and print the row account.

    Exit code 0 when every row was accounted for, also with rows in quarantine; 1 when a delivery was refused.

    Example: jjj land disaster_losses/hebei 2023-08-01.xlsx --format json
    """
    from jingjinji import landing

    outcomes = []
    for outcome in landing.land_files(feed, files, jobs, period=period, data_origin=data_origin, dry_run=dry_run):
        outcomes.append(outcome)
        if len(outcomes) % 500 == 0:
            typer.echo(f"  [land] {len(outcomes)} / {len(files)}", err=True)
    typer.echo(reports.landed_json(outcomes) if output == "json" else reports.landed_text(outcomes))
    raise typer.Exit(1 if any(o.status == "refused" for o in outcomes) else 0)


def _rehearsed(action: Callable[[], object], yes: bool, dry_run: bool) -> None:
    """Show what an action would do to the marts, and ask; ends the command unless it is to be done."""
    from jingjinji.landing import corrections

    if not yes:
        for line in corrections.rehearse(action, lambda step: typer.echo(f"  [rehearsal] {step}", err=True)):
            typer.echo(line)
        if dry_run or not typer.confirm("照此执行？"):
            raise typer.Exit(0)


@app.command()
def reland(
    which: list[str] = typer.Argument(None, help="Feed ids or delivery ids; all when left out."),
    restore: bool = typer.Option(False, help="Bring withdrawn deliveries back."),
    yes: bool = typer.Option(False, "--yes", help="Do it without showing first what changes in the marts."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Only show what would change."),
) -> None:
    """Conform deliveries again whose rules have changed (a mapping was added): quarantined rows heal, history stays.

    Exit code 1 when a delivery that was not refused before is refused now; 0 otherwise.
    """
    from jingjinji.landing import corrections

    due = corrections.due_for_reland(tuple(which or ()), restore)
    for manifest in due:
        typer.echo(f"{manifest['feed_id']}  {manifest['delivery_id']}  {manifest['file_name']}")
    if not due:
        typer.echo("没有需要重新整理的报送：都已按现行规则整理")
        raise typer.Exit(0)
    _rehearsed(lambda: corrections.reland(tuple(which or ()), restore=restore), yes, dry_run)
    refused_before = {manifest["delivery_id"] for manifest in due if manifest["status"] == "refused"}
    outcomes = corrections.reland(tuple(which or ()), restore=restore)
    typer.echo(reports.landed_text(outcomes))
    raise typer.Exit(1 if any(o.status == "refused" and o.delivery_id not in refused_before for o in outcomes) else 0)


@app.command()
def withdraw(
    delivery_id: str = typer.Argument(..., help="As printed by jjj land and in the receipt."),
    reason: str = typer.Option(..., help="Why, in Chinese; kept in the trace."),
    yes: bool = typer.Option(False, "--yes", help="Do it without showing first what changes in the marts."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Only show what would change."),
) -> None:
    """Take a wrong delivery out of everything after the landing zone; bytes, earlier version and reason stay."""
    from jingjinji.landing import corrections

    _rehearsed(lambda: corrections.withdraw(delivery_id, reason), yes, dry_run)
    typer.echo(reports.landed_text([corrections.withdraw(delivery_id, reason)]))


@app.command("receipts")
def list_receipts(
    feed: str | None = typer.Argument(None, help="Feed id, for example disaster_losses/hebei; all feeds when absent."),
    since: str | None = typer.Option(None, help="Only receipts written on this day or later, for example 2023-08-02."),
    output: str = typer.Option("text", "--format", help="text or json."),
) -> None:
    """List what senders were told: first receipts at landing, second receipts after a release, with totals.

    Exit code 2 when the date is wrong.

    Example: jjj receipts disaster_losses/hebei --since 2023-08-01
    """
    from jingjinji import query
    from jingjinji.outbox import listing

    found = listing.receipts(feed, query.parse_day(since, "--since"))
    typer.echo(listing.as_json(found) if output == "json" else listing.as_text(found))


# ---------------------------------------------------------------- build, check


@app.command()
def build(
    full: bool = typer.Option(False, "--full", help="Start from an empty file and load every delivery again."),
    run_id: str | None = typer.Option(None, help="Name of the build; made from the time when absent."),
    output: str = typer.Option("text", "--format", help="text or json."),
) -> None:
    """Make the next candidate: copy of the last build, new deliveries, all models and their tests.

    Exit code 0 also when there is nothing new; 1 when a model or test failed, and everybody stays on the last release.

    Example: jjj build --full
    """
    from jingjinji import build as builds

    made = builds.build(run_id, full=full, on_progress=lambda line: typer.echo(f"  {line}", err=True))
    typer.echo(builds.result_json(made) if output == "json" else builds.result_text(made))


@app.command()
def check(
    run_id: str | None = typer.Argument(None, help="Build to check; the newest when absent."),
    output: str = typer.Option("text", "--format", help="text or json."),
) -> None:
    """Check the marts of a build: may they be released? (Deliveries are checked while building.)

    Exit code 0 when the build may be released, 1 when not; the page with every rule and its reason is under var/quality.

    Example: jjj check --format json
    """
    from jingjinji import quality

    verdict = quality.check_published(quality.candidate_of(run_id))
    typer.echo(quality.verdict_json(verdict) if output == "json" else quality.verdict_text(verdict))
    raise typer.Exit(0 if verdict.passed else 1)


# ---------------------------------------------------------------- release: release, query

release_app = typer.Typer(
    name="release", help="Releases: make one, list them, what changed, go back.", no_args_is_help=True
)
app.add_typer(release_app)


@release_app.command("create")
def release_create(
    build: Path | None = typer.Argument(
        None, help="builds/<run> or its warehouse.duckdb; the latest build when absent."
    ),
    keep: int = typer.Option(5, min=1, help="How many releases stay on disk."),
) -> None:
    """Make a finished, checked build what everybody sees, and print what changed.

    Exit code 0 also when the build holds nothing new; 1 when it may not be released, and nothing changed.

    Example: jjj release create
    """
    from jingjinji import release

    made = release.create_release(build or release.latest_build(), keep=keep)
    if not made.is_new:
        typer.echo(f"内容与当前发布相同，没有新发布：{made.release_id}")
        return
    typer.echo("\n".join(release.diff(new_id=made.release_id).summary_zh))


@release_app.command("list")
def release_list(output: str = typer.Option("table", "--format", help="table or json.")) -> None:
    """The releases on disk, newest first.

    Example: jjj release list
    """
    from jingjinji import release

    typer.echo(release.list_text(release.list_releases(), output))


@release_app.command("diff")
def release_diff(
    old: str | None = typer.Argument(None, help="Earlier release; the parent of the later one when absent."),
    new: str | None = typer.Argument(None, help="Later release; the current one when absent."),
    output: str = typer.Option("text", "--format", help="text or json."),
) -> None:
    """Which numbers changed between two releases, and by which delivery.

    Example: jjj release diff
    """
    from jingjinji import release

    found = release.diff(old, new)
    typer.echo(found.model_dump_json(indent=2) if output == "json" else "\n".join(found.summary_zh))


@release_app.command("rollback")
def release_rollback(
    release_id: str | None = typer.Argument(None, help="Where to go; the parent of the current release when absent."),
    reason: str = typer.Option("", help="Why, for the audit log."),
) -> None:
    """Go back to an earlier release (or forward again); takes effect at once and is written to the audit log.

    Example: jjj release rollback --reason "wrong figures of Hebei"
    """
    from jingjinji import release

    typer.echo(f"当前发布：{release.rollback(release_id, reason=reason).release_id}")


@app.command("query")
def query_release(
    sql: str = typer.Argument(..., help="One SELECT over marts; bare names and marts.<name> both work."),
    as_of: str | None = typer.Option(None, help="Show what was known at the end of this day, for example 2023-08-02."),
    output: str = typer.Option("table", "--format", help="table, csv or json."),
) -> None:
    """Ask the current release, read-only. Exit code 2 when the SQL or a date is wrong.

    Example: jjj query "select * from fct_disaster_losses" --as-of 2023-08-02
    """
    from jingjinji import query

    form = next((known for known in query.FORMATS if known == output), None)
    if form is None:
        raise query.QueryError(f"--format {output}: write one of {', '.join(query.FORMATS)}")
    answer = query.query(sql, query.parse_day(as_of))
    typer.echo(query.rendered(answer, form))
    if answer.ageless:
        typer.echo(
            f"与日期无关、按现状显示：{', '.join(answer.ageless)}（not as of a day, shown as it is now）", err=True
        )


# ---------------------------------------------------------------- export: export, verify


@app.command()
def export(
    agreement: str | None = typer.Argument(None, help="Name of exports/<agreement>.yml; all agreements when absent."),
    as_of: str | None = typer.Option(None, help="Deliver what was known at the end of this day, as 2023-08-02."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Say what would go out, and what stays here; write nothing."),
    now: bool = typer.Option(False, "--now", help="Do not wait for the schedule of the agreement."),
) -> None:
    """Write the deliveries that sharing agreements grant, from the current release.

    Exit code 0 also when there is nothing new; 1 when an agreement could not be served (the others were).

    Example: jjj export --dry-run
    """
    from jingjinji import export as exports
    from jingjinji import query

    outcomes = exports.export(agreement, as_of=query.parse_day(as_of), dry_run=dry_run, now=now)
    typer.echo(exports.told(outcomes))


@app.command("verify")
def verify_delivery(
    folder: Path = typer.Argument(..., help="A delivery: exports/<agreement>/<delivery>."),
    key: str | None = typer.Option(None, help="Public key (.pem) or its fingerprint; the folder's own when absent."),
) -> None:
    """Check a delivery as its receiver would: signature, files, rows, totals, schema.

    Exit code 0 as signed, 1 changed, 2 cannot be checked. jingjinji/verify.py does the same alone.

    Example: jjj verify var/exports/haihe_basin/00001-20261124-0605
    """
    from jingjinji import verify

    raise typer.Exit(verify.main([str(folder), *(["--key", key] if key else [])]))


# ---------------------------------------------------------------- understanding: inspect, explain, docs


@app.command("inspect")
def inspect_files(
    files: list[Path] = typer.Argument(..., exists=True, dir_okay=False, help="Files of any kind, with no contract."),
    standard: str | None = typer.Option(None, help="Compare with this dataset only; with all when absent."),
    draft: Path | None = typer.Option(None, help="Write a drafted feed here, for example feeds/accidents/new.yml."),
    region_code: str | None = typer.Option(None, help="Code of the region that sends, for the draft."),
    output: str = typer.Option("text", "--format", help="text or json."),
) -> None:
    """What foreign files are: format, encoding, sheets, header, columns, units, dates, personal data; and a drafted feed.

    Nothing is landed and no personal value is shown. Exit code 1 when a file could not be read at all, or no draft made.

    Example: jjj inspect unknown.xlsx --draft feeds/accidents/new.yml --region-code 120000
    """
    from jingjinji import inspecting
    from jingjinji.inspecting import showing

    found = inspecting.inspect(files, standard)
    typer.echo(inspecting.as_json(found) if output == "json" else showing.text(found))
    if draft:
        written = inspecting.write_draft(found[0], draft, region_code)
        typer.echo(f"已起草 {written}，请核对其中每个 TODO，再用 jjj land … --dry-run 试判", err=True)
    raise typer.Exit(0 if all(file.is_readable for file in found) else 1)


@app.command("explain")
def explain_row(
    mart: str = typer.Argument(..., help="A mart, for example fct_disaster_losses."),
    key: list[str] = typer.Argument(None, help="column=value, or values in the order of the mart's key."),
    as_of: str | None = typer.Option(None, help="Explain what was known at the end of this day, as 2023-08-02."),
    show_source: bool = typer.Option(
        False, "--show-source", help="Also show the line as it was sent, personal data masked."
    ),
    top: int = typer.Option(10, min=1, help="How many contributing rows are shown of each mart."),
    output: str = typer.Option("text", "--format", help="text or json."),
) -> None:
    """From a row of a mart to the delivery, file, line and rule versions it came from.

    Exit code 2 when no row, or more than one, is meant; the message names the marts, keys or rows there are.

    Example: jjj explain fct_disaster_losses unit_code=130000
    """
    from jingjinji import explaining, query
    from jingjinji.explaining import showing

    found = explaining.explain(mart, key or [], as_of=query.parse_day(as_of), show_source=show_source, top=top)
    typer.echo(showing.as_json(found) if output == "json" else showing.text(found))


@app.command("docs")
def write_docs(
    output: Path | None = typer.Option(None, help="Folder of the pages; docs/ of the home when absent."),
    no_dbt: bool = typer.Option(False, "--no-dbt", help="Leave out dbt's own documentation."),
    port: int | None = typer.Option(
        None, "--serve", help="Then serve the pages on 127.0.0.1 at this port until Ctrl-C."
    ),
) -> None:
    """Write the data dictionary (standards, feeds, rules, codes, marts; Chinese and English) and dbt's documentation.

    The pages need no network and no server: open index.html.

    Example: jjj docs --serve 8090
    """
    from jingjinji import dictionary
    from jingjinji.paths import home

    index = dictionary.write(output or home().docs, with_dbt=not no_dbt)
    typer.echo(f"数据字典：{index}")
    if port is not None:
        dictionary.serve(index.parent, port, lambda line: typer.echo(line, err=True))


# ---------------------------------------------------------------- operating: run, doctor, demo, up


@app.command("simulate")
def simulate_inbox(
    first: str = typer.Option("2016-01-01", "--from", help="Day of the first delivery."),
    last: str = typer.Option("2025-12-31", "--to", help="Day of the last delivery."),
    scale: float = typer.Option(
        1, help="1 meets the published figures; 100 has a hundred times as many things happen."
    ),
    seed: int = typer.Option(
        7, help="The same seed gives the same bytes, another one another history with the same totals."
    ),
    faults: float = typer.Option(0.005, help="Share of rows, and of files, that are broken in declared ways."),
    to_folder: Path | None = typer.Option(
        None, help="Where to write; the inbox of a home for simulated data when left out."
    ),
    dataset: list[str] = typer.Option([], help="Only these datasets; may be repeated."),
    every: int = typer.Option(
        1, help="Days between two deliveries of a feed; more gives the same history in fewer files."
    ),
    dry_run: bool = typer.Option(False, "--dry-run", help="Only say how many files, rows and faults it would be."),
) -> None:
    """Write an inbox of daily deliveries of the three regions, each in its native shape, all marked as simulated.

    At scale 1 the counted rows meet what was published (Tianjin 2016-2020: 2,734 accidents and 3,041 deaths; the yearly disaster
    figures of each region). simulation.json says what was met and what is assumed, answers.parquet lists every planted
    fault with the code landing must answer. A home that holds simulated data refuses real deliveries, and the reverse.

    Example: JJJ_HOME=/tmp/play jjj simulate --from 2023-07-01 --to 2023-08-31
    """
    from jingjinji.simulate import command

    command.simulate_with_progress(first, last, scale, seed, faults, to_folder, tuple(dataset), every, dry_run)


@app.command()
def run() -> None:
    """Land all inboxes, build, check, release and export, without Airflow.

    Exit code 0 when all that was new is with the partners, also when nothing was new; 1 when a delivery was refused or
    a check failed.
    """
    from jingjinji.operate import chain

    result = chain.run(typer.echo)
    raise typer.Exit(1 if result.refused else 0)


@app.command()
def doctor(output: str = typer.Option("table", "--format", help="table or json.")) -> None:
    """Is everything there that the warehouse needs? Says what to do where it is not.

    Exit code 1 when something stops the warehouse from working (FAIL); warnings do not.

    Example: jjj doctor --format json
    """
    from jingjinji.operate import doctor as doctors

    findings = doctors.examine()
    if output == "json":
        typer.echo(doctors.as_json(findings))
    else:
        doctors.print_table(findings)
    raise typer.Exit(1 if any(finding.status == "FAIL" for finding in findings) else 0)


@app.command()
def demo() -> None:
    """Run the chain on the published figures through a real Airflow scheduler, deploy the dashboard, print a summary.

    Ports: JJJ_AIRFLOW_PORT (8080). Leaves no process behind; a second run finds nothing new and says so.
    """
    _serving("demo")


@app.command()
def up() -> None:
    """Serve Airflow and Superset on 127.0.0.1 until Ctrl-C.

    Ports: JJJ_AIRFLOW_PORT (8080), JJJ_SUPERSET_PORT (8088). The logins are generated per home and printed at the start.
    """
    _serving("up")


def _serving(name: str) -> None:
    from jingjinji.operate import demo, services

    try:
        raise typer.Exit(getattr(demo, name)())
    except services.Stopped as signal:
        typer.echo(f"{signal}: stopped, nothing left running", err=True)
        raise typer.Exit(130) from signal
