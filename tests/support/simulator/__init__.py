"""The engine in a simulated world: the real core, a clock of its own, and all that can go wrong, from one seed."""
