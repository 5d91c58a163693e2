"""Sub-commands of `spikejax`, one file each, without arithmetic."""
