"""Moments as formats of the time before Unix write them, in seconds since 1970; what is no moment of the calendar is None."""

_MONTH_DAYS = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def seconds(year: int, month: int, day: int, hour: int, minute: int, second: int) -> int | None:
    """Return a moment of the Gregorian calendar, taken as UTC."""
    if not (1 <= month <= 12 and 1 <= day <= _MONTH_DAYS[month] and hour < 24 and minute < 60 and second < 61):
        return None
    # days since 1970-01-01, years counted from March so that a leap day comes last
    shifted = year - (month < 3)
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    days = 365 * shifted + shifted // 4 - shifted // 100 + shifted // 400 + of_year - 719_468
    return ((days * 24 + hour) * 60 + minute) * 60 + second


def written(at: int) -> str:
    """Return a moment as ISO 8601 writes it, in UTC."""
    days, rest = divmod(at, 86_400)
    shifted = days + 719_468  # since 0000-03-01
    era, day = divmod(shifted, 146_097)
    year = (day - day // 1_460 + day // 36_524 - day // 146_096) // 365
    of_year = day - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    in_month = of_year - (153 * month + 2) // 5 + 1
    number = month + 3 if month < 10 else month - 9
    hour, minute, second = rest // 3_600, rest // 60 % 60, rest % 60
    return f"{era * 400 + year + (number < 3):04}-{number:02}-{in_month:02}T{hour:02}:{minute:02}:{second:02}Z"


def dos(date: int, time: int) -> int | None:
    """Return a moment of MS-DOS, which has no zone and counts two seconds at a time."""
    return seconds(1980 + (date >> 9), date >> 5 & 15, date & 31, time >> 11, time >> 5 & 63, (time & 31) * 2)
