"""What a try tells while it runs and afterwards: the log, the report, metrics, lineage."""
