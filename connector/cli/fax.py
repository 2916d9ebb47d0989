"""``documents fax``: a signed payer report as one PDF that is ready to be faxed."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from connector.app import open_app
from connector.cli.written import write_file


@click.command("fax")
@click.argument("document_id", metavar="ID")
@click.option("--to", required=True, help="Who gets it, such as the payer's department.")
@click.option("--number", required=True, help="The fax number; it stands on the cover.")
@click.option("--attention", default="", help="The person or line at the receiver.")
@click.option("--by", required=True, metavar="NAME", help="Who makes the fax.")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The PDF to write. It names the patient: remove it when it is sent.",
)
@click.pass_obj
def fax_command(
    home: Path, document_id: str, to: str, number: str, attention: str, by: str, output: Path
) -> None:
    """Write the signed report with cover sheet and index, numbered and black alone (PDF).

    The cover names nobody but sender and receiver. Say when it is sent: connector authorizations
    set REFERENCE --state pended --by NAME
    """
    from connector.documents.compose import report_file
    from connector.documents.pdf_form import PdfForm
    from connector.documents.render import Renderer
    from connector.release.desk import EVIDENCE
    from connector.release.faxes import fax

    app = open_app(home)
    sections = report_file(EVIDENCE, app.resources).sections
    with app.open_store() as store:
        spec, page = fax(
            app.desk(store), app.practice, document_id, to=to, number=number,
            attention=attention, sections=sections, by=by,
        )  # fmt: skip
    with closing(Renderer(1, app.site.render.timeout_seconds)) as renderer:
        content = renderer.pdf(page, PdfForm(on=spec.as_of))
    write_file(output, content)
    click.echo(f"Written: {output}")
