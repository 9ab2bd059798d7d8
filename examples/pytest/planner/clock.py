"""Times of day as minutes since midnight."""


def minutes(text):
    hours, _, rest = text.partition(":")
    value = int(hours) * 60 + int(rest or 0)
    if not 0 <= value <= 24 * 60 or int(rest or 0) > 59:
        raise ValueError(f"not a time of day: {text}")
    return value


def text(value):
    return f"{value // 60:02d}:{value % 60:02d}"
