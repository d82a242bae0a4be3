"""How somebody looks at a page: in a frame or by itself, live or paused, light or dark; and links to the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from fastapi import Request
    from fastapi.responses import HTMLResponse

    from airflow_provider_vcc.plugins.stored import Key

__all__ = ["Look", "ReportLook"]

THEMES = ("auto", "light", "dark")
THEME_COOKIE = "vcc_report_theme"
A_YEAR = 31_536_000


class Look:
    """How somebody looks at any page."""

    def __init__(self, request: Request, theme: str) -> None:
        self.request = request
        self.asked = theme if theme in THEMES else ""
        kept = request.cookies.get(THEME_COOKIE, "")
        self.chosen = self.asked or (kept if kept in THEMES else "auto")

    @property
    def theme(self) -> str | None:
        """The theme that overrules the system's."""
        return None if self.chosen == "auto" else self.chosen

    @property
    def by_itself(self) -> bool:
        """Whether the page stands outside of Airflow's frame."""
        return self.request.headers.get("Sec-Fetch-Dest") == "document"

    def link(self, **changes: str | int) -> str:
        """Return a link to this page with other settings."""
        return "?" + urlencode(changes)

    def themes(self) -> dict[str, str]:
        """Return the links to the page in each theme."""
        return {name: self.link(theme=name) for name in THEMES}

    def keep_theme(self, answer: HTMLResponse) -> None:
        """Remember the theme that was asked for."""
        if self.asked:
            path, secure = self.request.scope.get("root_path") or "/", self.request.url.scheme == "https"
            answer.set_cookie(THEME_COOKIE, self.asked, A_YEAR, path=path, secure=secure, httponly=True, samesite="lax")


class ReportLook(Look):
    """How somebody looks at a report."""

    def __init__(self, request: Request, key: Key, *, paused: bool, theme: str) -> None:
        super().__init__(request, theme)
        self.key, self.paused = key, paused

    def link(self, **changes: str | int) -> str:
        """Return a link to this page with other settings."""
        query = {"map_index": self.key.map_index, "live": 0 if self.paused else 1} | changes
        kept = {name: value for name, value in query.items() if (name, value) not in {("map_index", -1), ("live", 1)}}
        return "?" + urlencode(kept)

    def options(self, refresh: int | None) -> dict[str, Any]:
        """Return the part of the page's context that is about looking at it."""
        return {
            "refresh": None if self.paused else refresh,
            "paused": self.paused and refresh is not None,
            "toggle": self.link(live=1 if self.paused else 0) if refresh else "",
            "theme": self.theme,
            "themes": self.themes(),
            "home": self._home() if self.by_itself else "",
        }

    def links(self) -> dict[str, Any]:
        """Return the links to what goes with the page. In Airflow's frame, those that lead out of it do nothing."""
        dag, _, task = (quote(part, safe="") for part in self.key[:3])
        mapped = "" if self.key.map_index < 0 else f"?map_index={self.key.map_index}"
        return {
            "csv": f"{task}/failed.csv{mapped}",
            "runs": "../../../runs",
            "parts": "?" if mapped else "",
            "form_href": f"../../../../dags/{dag}" if self.by_itself else "",
        }

    def _home(self) -> str:
        dag, run, task = (quote(part, safe="") for part in self.key[:3])
        mapped = f"/mapped/{self.key.map_index}" if self.key.map_index >= 0 else ""
        return f"../../../../dags/{dag}/runs/{run}/tasks/{task}{mapped}"
