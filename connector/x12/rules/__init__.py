"""What the segments of a set mean together, beyond the use of each element."""
