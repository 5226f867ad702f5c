"""The part of the Workbench that shows drift reports and audits: as plain values with words, and as a page."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mfbench.workspace.workspace import Workspace

if TYPE_CHECKING:
    from mfbench.drift.audited import Audit
    from mfbench.drift.findings import Report
    from mfbench.registry.models import Registry

PathLike = str | os.PathLike[str]


class DriftReading:
    """What takes a report takes one that `drift_report` or `drift_check` gave, and reads nothing."""

    workspace: Workspace

    if TYPE_CHECKING:

        @property
        def registry(self) -> Registry: ...

    def drift_outline(self, report: Report) -> dict[str, Any]:
        """The verdict, the three answers and the windows; see mfbench.report.drift.outline."""
        from mfbench.report.drift.outline import outline

        return outline(report)

    def drift_window(self, report: Report, number: int) -> dict[str, Any]:
        """One window: its answers, its columns with the largest change first, the segments that carry the shift."""
        from mfbench.report.drift.outline import window_outline

        return window_outline(report, number)

    def drift_column(self, report: Report, number: int, column: str) -> dict[str, Any] | None:
        """One column of a window beside the reference; None where the report has kept no figures of it."""
        from mfbench.report.drift.outline import column_outline

        return column_outline(report, number, column)

    def drift_page(
        self,
        report: Report,
        path: PathLike | None = None,
        format: Literal["html", "markdown"] | None = None,
        *,
        force: bool = False,
    ) -> Path:
        """Writes a report as a page: the file. By default NAME-REPORT.html here; the format is that of the ending.

        Replaces a report; raises UsageError for any other file that is there, unless `force`.
        """
        from mfbench.api.reporting import FORMATS, refuse_other, write
        from mfbench.report.drift.page import render_html, render_markdown

        target = Path(path) if path is not None else self.drift_page_name(report)
        if not force:
            refuse_other(target)
        form = format or FORMATS.get(target.suffix.lower(), "html")
        write(target, render_markdown(report) if form == "markdown" else render_html(report))
        return target

    def drift_page_name(self, report: Report) -> Path:
        from mfbench.api.reporting import file_word

        return Path(f"{file_word(report.model)}-{file_word(report.id)}.html")

    def audit_tables(self, audit: Audit) -> list[tuple[str, tuple[str, ...], list[list[Any]]]]:
        """(title, heads, rows) of what was replayed unchanged, and of the shifts that were put in."""
        from mfbench.report.drift.audit_tables import UNCHANGED, seen, unchanged

        return [("unchanged windows", UNCHANGED, unchanged(audit)),
                ("shifts put in: share of windows that are significant / alarm", *seen(audit))]  # fmt: skip

    def watched(self, model: str) -> dict[str, Any]:
        """What `monitor` would watch: {model, data, window, false_alarms, alerts, mitigation}.

        data: paths, relative to the folder of the workspace. Raises NotFoundError, and WorkspaceError for a
        configuration that cannot be.
        """
        from mfbench.bundle.manifest import parse_manifest
        from mfbench.journal.blobs import Blobs
        from mfbench.monitoring.settings import settings_for, watched

        version = self.registry.find(model)
        config, where = self.workspace.config, str(self.workspace.root / "config.toml")
        said = watched(config, version.model, where)
        manifest = parse_manifest(Blobs(self.workspace.blobs).read(version.digest), version.name)
        settings = settings_for(manifest, config, {}, where, version.model)
        data = said.data if said.data is not None else f"{self.workspace.root.name}/capture/{version.model}"
        return {
            "model": version.model,
            "data": [data] if isinstance(data, str) else list(data),
            "window": settings.window,
            "false_alarms": settings.false_alarms,
            "alerts": len(said.alerts),
            "mitigation": said.mitigation.recipe if said.mitigation else None,
        }
