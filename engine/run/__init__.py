"""Running a plan: artifacts and their stores, events, the scheduler, jobs.  Standard library only; values are opaque."""
