"""What a run will take, told before it begins: cells, time, disk, and what is already there."""
