"""The training input pipeline: sources by name, crops, augmentation, batches."""
