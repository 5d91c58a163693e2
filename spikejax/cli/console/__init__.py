"""The console: progress, errors, output folders, interruption."""
