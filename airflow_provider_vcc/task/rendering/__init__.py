"""What Airflow renders, and shows: nothing private is among it."""
