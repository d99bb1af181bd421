"""Small management commands that end in every way a job can."""
