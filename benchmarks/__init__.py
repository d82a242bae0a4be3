"""How fast the package is, and how much memory it takes, beside what people use instead: ``make bench``."""
