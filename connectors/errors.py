"""The four errors of a connector, named by what the caller must do; nothing else may leave one."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.records import Responsible


class ConnectorError(Exception):
    """A connector could not do what it was asked."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class SourceUnavailable(ConnectorError):
    """The source does not answer: end the run, keep the cursor, try again at the next tick."""

    def __init__(self, message: str = "", retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class AuthFailed(ConnectorError):
    """The source refuses our credentials: end the run and tell the owner."""


class SourceChanged(ConnectorError):
    """The source has another shape than its manifest says: stop until somebody has looked."""


class ColumnsChanged(SourceChanged):
    """The source has columns its manifest does not know, or lacks some it needs."""

    def __init__(self, source: str, missing: Iterable[str], unknown: Iterable[str]) -> None:
        self.missing, self.unknown = sorted(missing), sorted(unknown)
        super().__init__(
            f"{source}: columns changed; missing: {', '.join(self.missing) or 'none'}; "
            f"unknown: {', '.join(self.unknown) or 'none'}. Map or ignore them in the manifest"
        )


class RecordRejected(ConnectorError):
    """One record cannot be understood: write it down as a rejection and go on with the next."""

    def __init__(
        self,
        rule: str,
        field: str | None,
        value: str | None,
        zh: str,
        en: str,
        responsible: Responsible = Responsible.DEPARTMENT,
    ) -> None:
        super().__init__(f"{rule}: {en}")
        self.rule, self.field, self.value, self.zh, self.en = rule, field, value, zh, en
        self.responsible = responsible
