"""Numbers to tables, figures and pages, from the run folder alone."""
