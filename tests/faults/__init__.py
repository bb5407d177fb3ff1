"""The fault zoo: trainings with a known cause of trouble, their mended twins, and healthy trainings."""
