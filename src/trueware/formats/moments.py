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


def dos(date: int, time: int) -> int | None:
    """Return a moment of MS-DOS, which has no zone and counts two seconds at a time."""
    return seconds(1980 + (date >> 9), date >> 5 & 15, date & 31, time >> 11, time >> 5 & 63, (time & 31) * 2)
