"""How the transcripts of a switch differ: exons, coding region and biotype, from a GTF."""
