"""Apache Airflow provider for VCC Live."""

__version__ = "0.2.0"
