"""Published datasets and folders of one's own: layouts, clips, preparation, TFDS builders."""
