"""The two batch modifications: what becomes of each element of a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

from airflow_provider_vcc.sandbox.api.checks import ID, Problem, check

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_provider_vcc.sandbox.settings import Settings
    from airflow_provider_vcc.sandbox.storage.store import Criteria, Store, Target

__all__ = ["Batch", "DispositionBatch", "FormBatch"]

PLAIN = str | int | float


class Batch:
    """Works through the elements of one request, in order, inside one transaction.

    ``errors`` and ``done`` say what became of each index.
    """

    def __init__(self, store: Store, project: int, number: int) -> None:
        self.store = store
        self.project = project
        self.number = number
        self.errors: list[dict[str, object]] = []
        self.done: list[int] = []
        self._known: dict[str, Target] = {}
        self._rejections: list[tuple[object, ...]] = []

    def run(self, elements: list[object]) -> None:
        """Set what the elements say."""
        self._known = self.store.find(self.project, {str(e["numberid"]) for e in elements if _names_record(e)})
        for index, element in enumerate(elements):
            try:
                self.set(index, element)
                self.done.append(index)
            except Problem as problem:
                self._reject(index, element, problem)
        self.flush()
        self.store.write("rejections", self._rejections)

    def set(self, index: int, element: object) -> None:
        """Set what one element says, or raise what is wrong with it."""
        raise NotImplementedError

    def flush(self) -> None:
        """Write what has gathered."""

    def targets(self, element: object) -> list[Target]:
        """Find the records that an element is about."""
        if not isinstance(element, dict):
            raise Problem("error.invalid_element")
        numberid, search = element.get("numberid"), element.get("search")
        if numberid is None and not search:
            raise Problem("error.missing_numberid_or_search")
        if numberid is None:
            alternatives = self._alternatives(search)
            self.flush()
            return self.store.search(self.project, alternatives)
        if search is not None:
            raise Problem("error.numberid_and_search")
        if isinstance(numberid, bool) or not isinstance(numberid, ID):
            raise Problem("error.invalid_numberid")
        target = self._known.get(str(numberid))
        if target is None:
            raise Problem("error.unknown_record")
        return [target]

    def _alternatives(self, search: object) -> list[Criteria]:
        alternatives = search if isinstance(search, list) else [search]
        return [self._criteria(criteria) for criteria in alternatives]

    def _criteria(self, criteria: object) -> Criteria:
        if not isinstance(criteria, dict) or not criteria:
            raise Problem("error.invalid_search")
        for name, value in criteria.items():
            if not self.store.can_search(name):
                raise Problem("error.unknown_search_field")
            if isinstance(value, bool) or not isinstance(value, PLAIN):
                raise Problem("error.invalid_search_value")
        return {name: str(value) for name, value in criteria.items()}

    def _reject(self, index: int, element: object, problem: Problem) -> None:
        self.errors.append({"errorcode": problem.errorcode, "errormessage": problem.errormessage, "index": index})
        numberid = str(element["numberid"]) if _names_record(element) else None
        self._rejections.append((self.number, index, numberid, problem.errorcode, problem.errormessage))


def _names_record(element: object) -> TypeGuard[dict[str, object]]:
    return isinstance(element, dict) and type(element.get("numberid")) in (str, int)


class DispositionBatch(Batch):
    """PUT .../records/dispositions.

    :param body: the request's ``disposition`` (the defaults) and ``avoid_in_call``.
    """

    def __init__(self, store: Store, project: int, number: int, settings: Settings, body: Mapping[str, Any]) -> None:
        super().__init__(store, project, number)
        self._settings = settings
        self._defaults = body.get("disposition") or {}
        self._avoids = bool(body.get("avoid_in_call"))
        self._events: list[tuple[object, ...]] = []
        self._links: list[tuple[object, ...]] = []
        self._messages: list[tuple[object, ...]] = []

    def set(self, index: int, element: Any) -> None:
        """Set the element's disposition on its records."""
        targets = self.targets(element)
        setting = check(element, self._defaults, self._settings)
        for record in self._free(targets):
            self._events.append((None, self.number, index, record, *setting[:4]))
            self._links.append((*setting[:3], record))
            if setting.messages:
                text = f"SMS of disposition {setting.dispositionid}"
                self._messages.append((None, self.number, index, record, setting.dispositionid, text))

    def _free(self, targets: list[Target]) -> Iterable[int]:
        if not self._avoids:
            return [record for record, _ in targets]
        free = [record for record, in_call in targets if not in_call]
        if targets and not free and self._settings.tell_in_call:
            raise Problem("error.record_in_call")
        return free

    def flush(self) -> None:
        """Write the events, in order, and what they link to the records."""
        self.store.write("events", self._events)
        self.store.write("messages", self._messages)
        if self._links:
            self.store.link(self._links)
        for gathered in (self._events, self._links, self._messages):
            gathered.clear()


class FormBatch(Batch):
    """PUT .../records: custom fields."""

    def __init__(self, store: Store, project: int, number: int, body: Mapping[str, Any]) -> None:
        super().__init__(store, project, number)
        self._default = body.get("default") or {}

    def set(self, index: int, element: Any) -> None:  # noqa: ARG002 -- an event has its index, a field has none
        """Set the element's fields on its records."""
        targets = self.targets(element)
        form = {**self._default, **_form(element.get("form"))}
        for name, value in form.items():
            if name not in self.store.fields:
                raise Problem("error.unknown_field")
            if isinstance(value, bool) or not isinstance(value, PLAIN | None):
                raise Problem("error.invalid_value")
        for record, _ in targets:
            self.store.fill(record, {name: None if value is None else str(value) for name, value in form.items()})


def _form(form: object) -> dict[str, object]:
    if form is not None and not isinstance(form, dict):
        raise Problem("error.invalid_form")
    return form or {}
