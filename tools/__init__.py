"""What builds and checks this project; not part of the package."""
