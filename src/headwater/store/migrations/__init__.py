"""Changes of the forum's tables over time, one file each; run by `headwater.store.database.migrate`."""
