"""What a run has to do with the machine: threads, memory, progress and log, files shipped with the package."""
