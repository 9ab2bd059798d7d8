"""Plans a day: tasks with lengths and priorities go into the hours that are free."""
