"""What is personal or secret, and how it is taken out of any text: the only place that decides it.

It decides by where a value comes from, never by what it looks like. Text that others wrote (a server, a database, a
driver) is shown as far as it is known to be theirs, and otherwise without anything that came from us.
"""

from airflow_provider_vcc.redaction.addresses import public_name, public_text, secrets_of, without_secrets
from airflow_provider_vcc.redaction.database import known_words, of_database
from airflow_provider_vcc.redaction.elements import masked, shown_arguments, shown_elements
from airflow_provider_vcc.redaction.errors import raise_alone
from airflow_provider_vcc.redaction.foreign import MASK, Private, Redaction, of_request, redacted

__all__ = [
    "MASK",
    "Private",
    "Redaction",
    "known_words",
    "masked",
    "of_database",
    "of_request",
    "public_name",
    "public_text",
    "raise_alone",
    "redacted",
    "secrets_of",
    "shown_arguments",
    "shown_elements",
    "without_secrets",
]
