"""Apache Airflow provider for VCC Live."""

__version__ = "0.1.0"
