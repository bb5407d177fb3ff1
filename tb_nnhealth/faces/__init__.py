"""What the faces of a scorecard show alike: the tab and the report."""
