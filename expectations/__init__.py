"""What is let in: a suite of rules an entity (data), and the gate that applies them. Joins are the check views'."""
