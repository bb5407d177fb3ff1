"""What stands in the event files: names and format (metadata) and the writer."""
