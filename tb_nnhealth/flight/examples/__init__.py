"""What examples say of themselves: their order, their neighbours, their targets, and those of another set."""
