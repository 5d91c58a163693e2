"""Parsers of command-line values: sizes, lists of readouts, pairs of numbers."""

import re

_MOST_CENTRES = 10_000_000


def parse_size(text: str, option: str) -> tuple[int, int]:
    """Parses a size: '250x400' is 250 rows of 400 columns, '256' is a square.

    Raises:
        ValueError: if it is neither; the message names the option.
    """
    match = re.fullmatch(r"([1-9][0-9]{0,5})(?:[xX]([1-9][0-9]{0,5}))?", text.strip())
    if match is None:
        raise ValueError(f"{option}: expected HEIGHTxWIDTH, such as 250x400, got {text!r}")
    return int(match[1]), int(match[2] or match[1])


def parse_pair(text: str, option: str) -> tuple[float, float]:
    """Parses two numbers: '0.5,99.5'.

    Raises:
        ValueError: if they are not two; the message names the option.
    """
    try:
        first, second = (float(part) for part in text.split(","))
    except ValueError:
        raise ValueError(
            f"{option}: expected two numbers, such as 0.5,99.5, got {text!r}"
        ) from None
    return first, second


def parse_centres(text: str, readouts: int) -> list[int]:
    """Parses a list of readouts: '30,50,100:200:20' is 30, 50, 100, 120, ..., 180.

    Args:
        text: numbers and ranges START:STOP:STEP with Python's meaning; each part is optional.
        readouts: T, the length of the recording, for ranges without STOP.

    Returns:
        The readouts, in the order of the text.

    Raises:
        ValueError: if it is no such list, or empty.
    """
    centres: list[int] = []
    for part in text.split(","):
        try:
            numbers = [int(n) if n.strip() else None for n in part.split(":")]
            if len(numbers) == 1:
                centres.append(int(part))
                continue
            if len(numbers) > 3:
                raise ValueError
            start, stop, step = [*numbers, None][:3]
            part_centres = range(
                start or 0, readouts if stop is None else stop, 1 if step is None else step
            )
        except ValueError:
            raise ValueError(
                f"--centres: expected readouts such as 30,50,100:200:20, got {part!r}"
            ) from None
        if len(part_centres) > _MOST_CENTRES:
            raise ValueError(f"--centres: {part!r} has {len(part_centres)} readouts")
        if not part_centres:
            raise ValueError(f"--centres: {part!r} has no readouts (STOP is excluded)")
        centres += part_centres
    return centres


def parse_range(
    text: str | None, length: int, option: str, *, of: str = "readouts"
) -> tuple[int, int]:
    """Parses a range: '100:200' without 200, '100:' to the end; None is all.

    Args:
        text: the range.
        length: the number of readouts, rows or columns of the recording.
        option: the option, for the message.
        of: what the range counts, for the message.

    Raises:
        ValueError: if it is no range, or outside the recording; the message names the option.
    """
    match = re.fullmatch(r"\s*(\d*)\s*:\s*(\d*)\s*", ":" if text is None else text)
    if match is None:
        raise ValueError(f"{option}: expected START:STOP, such as 100:200, got {text!r}")
    start, stop = int(match[1] or 0), int(match[2] or length)
    if not start < stop <= length:
        raise ValueError(
            f"{option}: {text!r} is no range of the recording's {length} {of}, 0 to "
            f"{length - 1} (STOP is excluded)"
        )
    return start, stop
