"""What a run needs from the machine: threads, memory and time, progress, log, output directories."""
