"""The way through the house: where the packages meet. Each step composes pure functions; nothing computes here."""
