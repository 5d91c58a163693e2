"""Published datasets and user folders: layouts, clips, preparation, TFDS builders."""
