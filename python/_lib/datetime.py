"""datetime.py: what is used of CPython's module of that name: date, time, datetime, timedelta, timezone. Days are those
of the Gregorian calendar, of years 1 to 9999. Local time is UTC: the machine knows no other."""

import time as _time

MINYEAR, MAXYEAR = 1, 9999
_DAYS = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_EPOCH = 719163     # the ordinal of 1970-01-01
_DAY_US = 86400 * 1000000


def _is_leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _month_days(year, month):
    return 29 if month == 2 and _is_leap(year) else (_DAYS + (365,))[month] - _DAYS[month - 1]


def _ordinal(year, month, day):
    before = year - 1
    return (before * 365 + before // 4 - before // 100 + before // 400 + _DAYS[month - 1]
            + (month > 2 and _is_leap(year)) + day)


def _of_ordinal(n):
    year = (n * 400) // 146097 + 2      # or one or two before
    while _ordinal(year, 1, 1) > n:
        year -= 1
    month = 12
    while _ordinal(year, month, 1) > n:
        month -= 1
    return year, month, n - _ordinal(year, month, 1) + 1


def _check(name, value, low, high):
    if not isinstance(value, int):
        raise TypeError("%s must be an integer" % name)
    if not low <= value <= high:
        raise ValueError("%s must be in %d..%d" % (name, low, high))


class _Ordered:
    """Compared by _key(), with their kind alone."""

    def _compared(self, other):
        if type(other) is not type(self):
            raise TypeError("%s and %s are not compared" % (type(self).__name__, type(other).__name__))
        return self._key(), other._key()

    def __eq__(self, other):
        return type(other) is type(self) and self._key() == other._key()

    def __lt__(self, other):
        mine, others = self._compared(other)
        return mine < others

    def __le__(self, other):
        mine, others = self._compared(other)
        return mine <= others

    def __gt__(self, other):
        return not self <= other

    def __ge__(self, other):
        return not self < other

    def __hash__(self):
        return hash(self._key())


class timedelta(_Ordered):
    def __init__(self, days=0, seconds=0, microseconds=0, milliseconds=0, minutes=0, hours=0, weeks=0):
        seconds += minutes * 60 + hours * 3600 + (days + weeks * 7) * 86400
        whole = int(seconds)
        self._us = whole * 1000000 + int(round((seconds - whole) * 1000000 + milliseconds * 1000 + microseconds))

    def _key(self):
        return self._us

    @property
    def days(self):
        return self._us // _DAY_US

    @property
    def seconds(self):
        return self._us % _DAY_US // 1000000

    @property
    def microseconds(self):
        return self._us % 1000000

    def total_seconds(self):
        return self._us / 1000000

    def __add__(self, other):
        if isinstance(other, timedelta):
            return timedelta(microseconds=self._us + other._us)
        return other + self

    def __sub__(self, other):
        return timedelta(microseconds=self._us - other._us)

    def __neg__(self):
        return timedelta(microseconds=-self._us)

    def __abs__(self):
        return timedelta(microseconds=abs(self._us))

    def __bool__(self):
        return self._us != 0

    def __mul__(self, factor):
        return timedelta(microseconds=self._us * factor)

    __rmul__ = __mul__

    def __truediv__(self, other):
        if isinstance(other, timedelta):
            return self._us / other._us
        return timedelta(microseconds=self._us / other)

    def __floordiv__(self, other):
        if isinstance(other, timedelta):
            return self._us // other._us
        return timedelta(microseconds=self._us // other)

    def __mod__(self, other):
        return timedelta(microseconds=self._us % other._us)

    def __repr__(self):
        return "datetime.timedelta(days=%d, seconds=%d, microseconds=%d)" % (self.days, self.seconds, self.microseconds)

    def __str__(self):
        days, seconds, us = self.days, self.seconds, self.microseconds
        text = "%d day%s, " % (days, "" if abs(days) == 1 else "s") if days else ""
        text += "%d:%02d:%02d" % (seconds // 3600, seconds // 60 % 60, seconds % 60)
        return text + (".%06d" % us if us else "")


class tzinfo:
    def utcoffset(self, dt):
        raise NotImplementedError

    def tzname(self, dt):
        raise NotImplementedError

    def dst(self, dt):
        return None


class timezone(tzinfo):
    def __init__(self, offset, name=None):
        if not -timedelta(1) < offset < timedelta(1):
            raise ValueError("offset must be less than a day")
        self._offset, self._name = offset, name

    def utcoffset(self, dt):
        return self._offset

    def tzname(self, dt):
        return self._name or ("UTC" + _offset_text(self._offset) if self._offset else "UTC")

    def __eq__(self, other):
        return isinstance(other, timezone) and self._offset == other._offset

    def __hash__(self):
        return hash(self._offset)

    def __repr__(self):
        return "datetime.timezone(%r)" % self._offset if self._offset else "datetime.timezone.utc"

    def __str__(self):
        return self.tzname(None)


def _offset_text(offset, colon=":"):
    minutes = abs(offset._us) // 60000000
    return "%s%02d%s%02d" % ("-" if offset._us < 0 else "+", minutes // 60, colon, minutes % 60)


timezone.utc = UTC = timezone(timedelta(0))


class date(_Ordered):
    def __init__(self, year, month, day):
        _check("year", year, MINYEAR, MAXYEAR)
        _check("month", month, 1, 12)
        _check("day", day, 1, _month_days(year, month))
        self.year, self.month, self.day = year, month, day

    @classmethod
    def fromordinal(cls, n):
        return cls(*_of_ordinal(n))

    @classmethod
    def fromtimestamp(cls, seconds):
        return cls.fromordinal(int(seconds // 86400) + _EPOCH)

    @classmethod
    def today(cls):
        return cls.fromtimestamp(_time.time())

    @classmethod
    def fromisoformat(cls, text):
        if len(text) != 10 or text[4] != "-" or text[7] != "-":
            raise ValueError("Invalid isoformat string: %r" % text)
        return cls(int(text[:4]), int(text[5:7]), int(text[8:]))

    def _key(self):
        return self.toordinal()

    def toordinal(self):
        return _ordinal(self.year, self.month, self.day)

    def weekday(self):
        return (self.toordinal() + 6) % 7

    def isoweekday(self):
        return self.weekday() + 1

    def isocalendar(self):
        thursday = date.fromordinal(self.toordinal() - self.weekday() + 3)
        first = _ordinal(thursday.year, 1, 1)
        return thursday.year, (thursday.toordinal() - first) // 7 + 1, self.isoweekday()

    def timetuple(self):
        return (self.year, self.month, self.day, 0, 0, 0, self.weekday(), self.toordinal() - _ordinal(self.year, 1, 1) + 1)

    def replace(self, **fields):
        return date(fields.get("year", self.year), fields.get("month", self.month), fields.get("day", self.day))

    def isoformat(self):
        return "%04d-%02d-%02d" % (self.year, self.month, self.day)

    __str__ = isoformat

    def __repr__(self):
        return "datetime.date(%d, %d, %d)" % (self.year, self.month, self.day)

    def strftime(self, format):
        return datetime(self.year, self.month, self.day).strftime(format)

    def __add__(self, other):
        return date.fromordinal(self.toordinal() + other.days)

    def __sub__(self, other):
        if isinstance(other, timedelta):
            return date.fromordinal(self.toordinal() - other.days)
        return timedelta(self.toordinal() - other.toordinal())


class time(_Ordered):
    def __init__(self, hour=0, minute=0, second=0, microsecond=0, tzinfo=None):
        _check("hour", hour, 0, 23)
        _check("minute", minute, 0, 59)
        _check("second", second, 0, 59)
        _check("microsecond", microsecond, 0, 999999)
        self.hour, self.minute, self.second, self.microsecond, self.tzinfo = hour, minute, second, microsecond, tzinfo

    @classmethod
    def fromisoformat(cls, text):
        return cls(*_time_fields(text))

    def _us(self):
        return ((self.hour * 60 + self.minute) * 60 + self.second) * 1000000 + self.microsecond

    _key = _us

    def isoformat(self):
        text = "%02d:%02d:%02d" % (self.hour, self.minute, self.second)
        text += ".%06d" % self.microsecond if self.microsecond else ""
        return text + (_offset_text(self.tzinfo.utcoffset(None)) if self.tzinfo else "")

    __str__ = isoformat

    def __repr__(self):
        return "datetime.time(%d, %d, %d, %d)" % (self.hour, self.minute, self.second, self.microsecond)


def _time_fields(text):
    """(hour, minute, second, microsecond, tzinfo) of "12:34[:56[.789]][Z|+01:00]"."""
    tz, at = None, max(text.find("+"), text.find("-"), text.find("Z"))
    if at >= 0:
        text, zone = text[:at], text[at:]
        if zone == "Z":
            tz = timezone.utc
        else:
            digits = zone[1:].replace(":", "")
            offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4] or "0"))
            tz = timezone(-offset if zone[0] == "-" else offset)
    text, _, fraction = text.partition(".")
    fields = [int(field) for field in text.split(":")]
    if not 2 <= len(fields) <= 3:
        raise ValueError("Invalid isoformat string: %r" % text)
    fields += [0] * (3 - len(fields))
    return tuple(fields) + (int((fraction + "000000")[:6]), tz)


class datetime(date):
    def __init__(self, year, month, day, hour=0, minute=0, second=0, microsecond=0, tzinfo=None):
        date.__init__(self, year, month, day)
        self._time = time(hour, minute, second, microsecond, tzinfo)
        self.hour, self.minute, self.second, self.microsecond, self.tzinfo = hour, minute, second, microsecond, tzinfo

    @classmethod
    def _of(cls, us, tz=None):
        """us: microseconds since the beginning of ordinal 0."""
        days, us = us // _DAY_US, us % _DAY_US
        seconds = us // 1000000
        return cls(*_of_ordinal(days), seconds // 3600, seconds // 60 % 60, seconds % 60, us % 1000000, tz)

    @classmethod
    def fromtimestamp(cls, seconds, tz=None):
        us = _EPOCH * _DAY_US + int(round(seconds * 1000000))
        return cls._of(us + (tz.utcoffset(None)._us if tz else 0), tz)

    @classmethod
    def utcfromtimestamp(cls, seconds):
        return cls.fromtimestamp(seconds)

    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(_time.time_ns() // 1000 / 1000000, tz)

    @classmethod
    def utcnow(cls):
        return cls.now()

    @classmethod
    def today(cls):
        return cls.now()

    @classmethod
    def fromordinal(cls, n):
        return cls(*_of_ordinal(n))

    @classmethod
    def combine(cls, date, time):
        return cls(date.year, date.month, date.day, time.hour, time.minute, time.second, time.microsecond, time.tzinfo)

    @classmethod
    def fromisoformat(cls, text):
        day = date.fromisoformat(text[:10])
        if len(text) == 10:
            return cls(day.year, day.month, day.day)
        return cls(day.year, day.month, day.day, *_time_fields(text[11:]))

    def _us(self):
        return self.toordinal() * _DAY_US + self._time._us()

    def _key(self):
        offset = self.utcoffset()
        return self._us() - (offset._us if offset else 0)

    def __eq__(self, other):
        return (isinstance(other, datetime) and (self.tzinfo is None) == (other.tzinfo is None)
                and self._key() == other._key())

    def __hash__(self):
        return hash(self._key())

    def _compared(self, other):
        if isinstance(other, datetime) and (self.tzinfo is None) != (other.tzinfo is None):
            raise TypeError("can't compare offset-naive and offset-aware datetimes")
        return date._compared(self, other)

    def utcoffset(self):
        return self.tzinfo.utcoffset(self) if self.tzinfo else None

    def tzname(self):
        return self.tzinfo.tzname(self) if self.tzinfo else None

    def date(self):
        return date(self.year, self.month, self.day)

    def time(self):
        return time(self.hour, self.minute, self.second, self.microsecond)

    def timetz(self):
        return self._time

    def timetuple(self):
        day = date.timetuple(self)
        return day[:3] + (self.hour, self.minute, self.second) + day[6:]

    def timestamp(self):
        return (self._key() - _EPOCH * _DAY_US) / 1000000

    def astimezone(self, tz=UTC):
        return datetime._of(self._key() + tz.utcoffset(self)._us, tz)

    def replace(self, **fields):
        names = ("year", "month", "day", "hour", "minute", "second", "microsecond", "tzinfo")
        return datetime(*(fields.get(name, getattr(self, name)) for name in names))

    def isoformat(self, sep="T"):
        return date.isoformat(self) + sep + self._time.isoformat()

    def __str__(self):
        return self.isoformat(" ")

    def __repr__(self):
        fields = (self.year, self.month, self.day, self.hour, self.minute, self.second, self.microsecond)
        return "datetime.datetime(%s%s)" % (", ".join(map(str, fields)), ", tzinfo=%r" % self.tzinfo if self.tzinfo else "")

    def __add__(self, other):
        return datetime._of(self._us() + other._us, self.tzinfo)

    def __sub__(self, other):
        if isinstance(other, timedelta):
            return datetime._of(self._us() - other._us, self.tzinfo)
        mine, others = self._compared(other)
        return timedelta(microseconds=mine - others)

    def strftime(self, format):
        parts = format.split("%")
        text = parts[0]
        after_percent = False
        for part in parts[1:]:
            if after_percent:
                text += part
                after_percent = False
            elif part == "":
                text += "%"
                after_percent = True
            else:
                text += self._directive(part[0]) + part[1:]
        return text

    def _directive(self, c):
        weekday, month = _WEEKDAYS[self.weekday()], _MONTHS[self.month - 1]
        number = {"Y": ("%04d", self.year), "m": ("%02d", self.month), "d": ("%02d", self.day), "H": ("%02d", self.hour),
                  "M": ("%02d", self.minute), "S": ("%02d", self.second), "f": ("%06d", self.microsecond),
                  "y": ("%02d", self.year % 100), "j": ("%03d", self.timetuple()[7]),
                  "I": ("%02d", self.hour % 12 or 12), "w": ("%d", self.isoweekday() % 7), "u": ("%d", self.isoweekday()),
                  "e": ("%2d", self.day)}
        text = {"A": weekday, "a": weekday[:3], "B": month, "b": month[:3], "p": "AM" if self.hour < 12 else "PM",
                "Z": self.tzname() or "", "z": _offset_text(self.utcoffset(), "") if self.tzinfo else ""}
        if c in number:
            return number[c][0] % number[c][1]
        if c in text:
            return text[c]
        nested = {"F": "%Y-%m-%d", "T": "%H:%M:%S", "R": "%H:%M", "D": "%m/%d/%y", "c": "%a %b %e %H:%M:%S %Y",
                  "x": "%m/%d/%y", "X": "%H:%M:%S"}
        return self.strftime(nested[c]) if c in nested else "%" + c
