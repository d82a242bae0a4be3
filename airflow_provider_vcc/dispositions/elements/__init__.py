"""Rows become valid elements: fields, ids, dates, names of columns."""
