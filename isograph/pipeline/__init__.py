"""One module per command: read, pure steps, write. The only place where rooms meet."""
