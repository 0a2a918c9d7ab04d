"""The input side, proven: mutated exports of every format are blocked, held, told or used, and totals still add up."""
