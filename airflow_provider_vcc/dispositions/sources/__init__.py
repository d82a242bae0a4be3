"""Sources of elements: lists, texts and files, read in batches and never held whole."""

from airflow_provider_vcc.dispositions.sources.files import Reading, open_path
from airflow_provider_vcc.dispositions.sources.memory import IterableSource, SequenceSource, from_elements
from airflow_provider_vcc.dispositions.sources.names import public_name, redacted

__all__ = ["IterableSource", "Reading", "SequenceSource", "from_elements", "open_path", "public_name", "redacted"]
