"""Options that commands share: dataclasses whose fields become options."""
