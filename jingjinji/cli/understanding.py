"""At any time: asking the release, where a number comes from, what a file is, what a column means."""

from __future__ import annotations

from pathlib import Path

import typer

PANEL = "随时 · 查询与看懂 Ask and understand: a number, a file, a column"

commands = typer.Typer()


@commands.command("query", rich_help_panel=PANEL)
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


@commands.command("explain", rich_help_panel=PANEL)
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

    if output not in showing.FORMATS:
        raise explaining.ExplainError(f"--format {output}: write one of {', '.join(showing.FORMATS)}")
    found = explaining.explain(mart, key or [], as_of=query.parse_day(as_of), show_source=show_source, top=top)
    typer.echo(showing.as_json(found) if output == "json" else showing.text(found))


@commands.command("inspect", rich_help_panel=PANEL)
def inspect_files(
    files: list[Path] = typer.Argument(..., exists=True, dir_okay=False, help="Files of any kind, with no contract."),
    standard: str | None = typer.Option(None, help="Compare with this dataset only; with all when absent."),
    draft: Path | None = typer.Option(
        None, help="Write a feed drafted from the one file here, for example feeds/accidents/new.yml."
    ),
    region_code: str | None = typer.Option(None, help="Code of the region that sends, for the draft."),
    output: str = typer.Option("text", "--format", help="text or json."),
) -> None:
    """What foreign files are: format, encoding, sheets, header, columns, units, dates, personal data; and a drafted feed.

    Nothing is landed and no personal value is shown. Exit code 1 when a file could not be read at all, or no draft made; 2 when
    what is asked for makes no sense.

    Example: jjj inspect unknown.xlsx --draft feeds/accidents/new.yml --region-code 120000
    """
    from jingjinji import inspecting
    from jingjinji.inspecting import showing

    inspecting.check_wish(output, draft, len(files), region_code)
    found = inspecting.inspect(files, standard)
    typer.echo(inspecting.as_json(found) if output == "json" else showing.text(found))
    if draft:
        written = inspecting.write_draft(found[0], draft, region_code)
        typer.echo(f"已起草 {written}，请核对其中每个 TODO，再用 jjj land … --dry-run 试判", err=True)
    raise typer.Exit(0 if all(file.is_readable for file in found) else 1)


@commands.command("docs", rich_help_panel=PANEL)
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
