"""Inputs that are tables: whatever speaks Arrow, Parquet, workbooks."""
