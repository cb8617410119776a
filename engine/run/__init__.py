"""Running a plan: artifacts, stores, events, the scheduler, jobs.  Standard library only; values are opaque."""
