"""The connection to VCC Live: ``VccHook``."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from airflow_provider_vcc._compat import BaseHook, mask_secret
from airflow_provider_vcc.exceptions import VccConfigurationError, without_causes
from airflow_provider_vcc.hooks.connection import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from logging import Logger

    from airflow_provider_vcc.hooks.batch import BatchSender
    from airflow_provider_vcc.hooks.session import VccSession

__all__ = ["VccHook"]


class VccHook(BaseHook):
    """Talks to the VCC Live Database API with what a connection of type ``vcc`` says.

    Nothing is read and no connection made before it is needed.

    :param vcc_conn_id: the connection.
    :param pool_size: the most requests at a time over the session; as many connections are kept alive.
    """

    conn_name_attr = "vcc_conn_id"
    default_conn_name = "vcc_default"
    conn_type = "vcc"
    hook_name = "VCC Live"
    _session: VccSession | None = None

    def __init__(self, vcc_conn_id: str = default_conn_name, *, pool_size: int = 4) -> None:
        super().__init__()
        self.vcc_conn_id = vcc_conn_id
        self.pool_size = pool_size
        self._batch_senders: dict[int, BatchSender] = {}

    @cached_property
    def settings(self) -> Settings:
        """What the connection says, checked; its secrets are masked in Airflow's logs from here on.

        :raises VccConfigurationError: naming the field that cannot work, and what to write.
        """
        settings = self._read_settings()
        for secret in settings.secrets:
            mask_secret(secret)
        self._warn(settings)
        return settings

    @without_causes()
    def _read_settings(self) -> Settings:
        try:
            return Settings.from_connection(self.get_connection(self.vcc_conn_id))
        except VccConfigurationError as error:
            raise VccConfigurationError(f"connection {self.vcc_conn_id!r}: {error}", field=error.field) from None

    def _warn(self, settings: Settings) -> None:
        for hint in settings.hints():
            self.log.warning("Connection %r: %s", self.vcc_conn_id, hint)
        if settings.verify is False:
            self.log.warning(
                "Connection %r: TLS is not verified (Extra verify is false), so anybody in between could read "
                "the API token; name your CA bundle in verify instead",
                self.vcc_conn_id,
            )

    def __getstate__(self) -> dict[str, object]:
        """Return what a copy in another process needs: it reads the connection anew, and opens sockets of its own."""
        left_here = {"settings", "_session", "_log"}  # Airflow's logger cannot be pickled, once it has said something
        return {name: value for name, value in vars(self).items() if name not in left_here} | {"_batch_senders": {}}

    @property
    def base_url(self) -> str:
        """The API's address, up to and with ``/v2``."""
        return self.settings.base_url

    @property
    def customer(self) -> str:
        """The customer: the call centre's subdomain."""
        return self.settings.customer

    def get_conn(self) -> VccSession:
        """Return the authenticated ``requests.Session``: the same one each time, safe to use from several threads.

        It sends its credentials to the connection's host only, follows no redirect, and always has a time-out.
        """
        from airflow_provider_vcc.hooks.session import VccSession

        if self._session is not None:
            return self._session
        made = VccSession(self.settings, self.pool_size)
        return cast("VccSession", vars(self).setdefault("_session", made))  # a lock could be locked in a forked process

    def run(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, object] | None = None,
        json: object = None,
        attempts: int = 5,
    ) -> Any:
        """Send a request to any resource under ``/v2``, and return the envelope's ``response``.

        What can be repeated without harm is sent again, with growing random waits or those that the server asks for:
        GET after any fault, 429 and 5xx; other methods only where the server certainly did not act.

        :param method: GET, PUT, POST or DELETE.
        :param path: below ``/v2``, such as ``/projects/17/records/5``; its parts quoted where they need it.
        :param params: the query.
        :param json: the body.
        :param attempts: the most times that the request is sent.
        :raises VccRequestError: where the API said no; ``errors`` has the envelope's errors.
            ``VccAuthenticationError`` and ``VccNotFoundError`` are among them.
        :raises VccTransportError: where no answer came that can be read; ``VccUnavailable`` after all attempts.
        """
        from airflow_provider_vcc.hooks.calls import Call, run

        return run(Call(self.get_conn(), method, path, params, json), attempts, self._logger)

    def batch_dispositions(
        self,
        project_id: int | str,
        elements: Sequence[Mapping[str, object]],
        *,
        disposition: Mapping[str, object] | None = None,
        avoid_in_call: bool | None = None,
        attempts: int = 5,
    ) -> dict[int, Any]:
        """Set the dispositions of many records by one request, and return what became of each element.

        The elements go out as they are. For large inputs, and with all checks, use ``BatchDispositionOperator``.

        :param project_id: the project.
        :param elements: as the API documents them, all of them in this one request.
        :param disposition: what is set on every element that does not say otherwise.
        :param avoid_in_call: leave alone the records that agents are handling now.
        :param attempts: the most times that the request is sent; again only where the server certainly did not act.
        :returns: by index, ``True`` where it was applied, else
            ``{"outcome": "rejected" | "unknown", "errorcode", "errormessage"}``; an entry for each element.
        :raises VccRequestError: where the API said no to the whole request.
        :raises VccConfigurationError: for arguments of which no request can be made; nothing is sent then.
        :raises VccTransportError: where no answer came that can be read; ``delivered`` says whether it may have acted.
        """
        from airflow_provider_vcc.dispositions.elements.ids import a_project
        from airflow_provider_vcc.hooks.arguments import check_batch

        check_batch(elements, disposition, avoid_in_call)
        project = a_project(project_id)
        if not elements:
            return {}
        return self._batch_sender(project).send(
            elements, disposition, avoid_in_call=avoid_in_call, attempts=attempts, log=self._logger
        )

    def _batch_sender(self, project_id: int) -> BatchSender:
        from airflow_provider_vcc.hooks.batch import BatchSender

        if project_id not in self._batch_senders:
            self._batch_senders[project_id] = BatchSender(self.get_conn(), self.settings, project_id)
        return self._batch_senders[project_id]

    @property
    def _logger(self) -> Logger:
        return cast("Logger", self.log)

    def test_connection(self) -> tuple[bool, str]:
        """Try the connection: whether it works, and a sentence on what works or on the likeliest cause and cure."""
        from airflow_provider_vcc.hooks.diagnosis import diagnose

        return diagnose(self)

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, object]:
        """Describe the connection form to Airflow before 3.2, which does not read it from the provider info."""
        from airflow_provider_vcc.hooks.form import field_behaviour

        return field_behaviour()

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, object]:
        """Return the form's own fields for Airflow before 3.2; none if its web framework is not installed."""
        from airflow_provider_vcc.hooks.form import widgets

        return widgets()
