"""logging.py: what is used of CPython's module of that name: loggers in a hierarchy of names, handlers, formatters with
%-style. Without any handler what is a warning, or worse, goes to the console."""

import io
import sys
import time

CRITICAL, ERROR, WARNING, INFO, DEBUG, NOTSET = 50, 40, 30, 20, 10, 0
FATAL, WARN = CRITICAL, WARNING
_NAMES = {CRITICAL: "CRITICAL", ERROR: "ERROR", WARNING: "WARNING", INFO: "INFO", DEBUG: "DEBUG", NOTSET: "NOTSET"}
BASIC_FORMAT = "%(levelname)s:%(name)s:%(message)s"


def getLevelName(level):
    return _NAMES.get(level, "Level %s" % level)


def addLevelName(level, name):
    _NAMES[level] = name


def _level(level):
    if isinstance(level, int):
        return level
    for number, name in _NAMES.items():
        if name == level:
            return number
    raise ValueError("Unknown level: %r" % level)


class LogRecord:
    def __init__(self, name, level, msg, args, exc_info=None):
        self.name, self.levelno, self.levelname = name, level, getLevelName(level)
        self.msg, self.args, self.exc_info = msg, args, exc_info
        self.created = time.time_ns() / 1000000000
        self.msecs = time.time_ns() // 1000000 % 1000

    def getMessage(self):
        if not self.args:
            return str(self.msg)
        args = self.args[0] if len(self.args) == 1 and isinstance(self.args[0], dict) else self.args
        return str(self.msg) % args


class Formatter:
    def __init__(self, fmt=None, datefmt=None, style="%"):
        self.fmt, self.datefmt = fmt or "%(message)s", datefmt

    def formatTime(self, record, datefmt=None):
        t = time.gmtime(int(record.created))
        if datefmt:
            from datetime import datetime
            return datetime(*t[:6]).strftime(datefmt)
        return "%04d-%02d-%02d %02d:%02d:%02d,%03d" % (t[:6] + (record.msecs,))

    def format(self, record):
        fields = {"name": record.name, "levelname": record.levelname, "levelno": record.levelno,
                  "message": record.getMessage(), "created": record.created, "msecs": record.msecs}
        if "%(asctime)" in self.fmt:
            fields["asctime"] = self.formatTime(record, self.datefmt)
        text = self.fmt % fields
        if record.exc_info:
            trace = io.StringIO()
            sys.print_exception(record.exc_info, trace)
            text += "\n" + trace.getvalue().rstrip("\n")
        return text


class Handler:
    def __init__(self, level=NOTSET):
        self.level, self.formatter = _level(level), None

    def setLevel(self, level):
        self.level = _level(level)

    def setFormatter(self, formatter):
        self.formatter = formatter

    def format(self, record):
        return (self.formatter or _plain).format(record)

    def handle(self, record):
        if record.levelno >= self.level:
            self.emit(record)

    def emit(self, record):
        raise NotImplementedError

    def flush(self):
        pass

    def close(self):
        pass


class NullHandler(Handler):
    def emit(self, record):
        pass


class StreamHandler(Handler):
    terminator = "\n"

    def __init__(self, stream=None):
        super().__init__()
        self.stream = stream or sys.stderr

    def emit(self, record):
        self.stream.write(self.format(record) + self.terminator)


class FileHandler(StreamHandler):
    """Each line is with the file server when the call returns, which waits for that."""

    def __init__(self, filename, mode="a", encoding=None, delay=False):
        super().__init__(open(filename, mode))

    def close(self):
        self.stream.close()


_plain, _basic = Formatter(), Formatter(BASIC_FORMAT)


class Logger:
    def __init__(self, name, parent=None):
        self.name, self.parent = name, parent
        self.level, self.handlers, self.propagate, self.disabled = NOTSET, [], True, False

    def setLevel(self, level):
        self.level = _level(level)

    def getEffectiveLevel(self):
        logger = self
        while logger.level == NOTSET and logger.parent:
            logger = logger.parent
        return logger.level

    def isEnabledFor(self, level):
        return not self.disabled and level >= max(self.getEffectiveLevel(), _disabled[0] + 1)

    def addHandler(self, handler):
        if handler not in self.handlers:
            self.handlers.append(handler)

    def removeHandler(self, handler):
        if handler in self.handlers:
            self.handlers.remove(handler)

    def hasHandlers(self):
        return bool(self._all_handlers())

    def getChild(self, name):
        return getLogger(name if self is root else self.name + "." + name)

    def _all_handlers(self):
        found, logger = [], self
        while logger:
            found += logger.handlers
            logger = logger.parent if logger.propagate else None
        return found

    def handle(self, record):
        handlers = self._all_handlers()
        for handler in handlers:
            handler.handle(record)
        if not handlers and record.levelno >= WARNING:
            sys.stderr.write(record.getMessage() + "\n")

    def log(self, level, msg, *args, exc_info=None, stack_info=False, extra=None):
        if self.isEnabledFor(level):
            if exc_info is True:
                exc_info = sys.exc_info()[1]
            self.handle(LogRecord(self.name, level, msg, args, exc_info))

    def debug(self, msg, *args, **keywords):
        self.log(DEBUG, msg, *args, **keywords)

    def info(self, msg, *args, **keywords):
        self.log(INFO, msg, *args, **keywords)

    def warning(self, msg, *args, **keywords):
        self.log(WARNING, msg, *args, **keywords)

    def error(self, msg, *args, **keywords):
        self.log(ERROR, msg, *args, **keywords)

    def critical(self, msg, *args, **keywords):
        self.log(CRITICAL, msg, *args, **keywords)

    def exception(self, msg, *args, exc_info=True):
        self.log(ERROR, msg, *args, exc_info=exc_info)


root = Logger("root")
root.level = WARNING
_loggers = {}
_disabled = [NOTSET]


def getLogger(name=None):
    if not name or name == "root":
        return root
    if name not in _loggers:
        parent = getLogger(name.rpartition(".")[0]) if "." in name else root
        _loggers[name] = Logger(name, parent)
    return _loggers[name]


def disable(level=CRITICAL):
    _disabled[0] = level


def basicConfig(filename=None, filemode="a", format=BASIC_FORMAT, datefmt=None, style="%", level=None, stream=None,
                handlers=None, force=False, encoding=None):
    if force:
        for handler in root.handlers:
            handler.close()
        root.handlers = []
    if not root.handlers:
        for handler in handlers or [FileHandler(filename, filemode) if filename else StreamHandler(stream)]:
            if handler.formatter is None:
                handler.setFormatter(Formatter(format, datefmt))
            root.addHandler(handler)
    if level is not None:
        root.setLevel(level)


def _say(level, msg, args, keywords):
    if not root.handlers:
        basicConfig()
    root.log(level, msg, *args, **keywords)


def log(level, msg, *args, **keywords):
    _say(level, msg, args, keywords)


def debug(msg, *args, **keywords):
    _say(DEBUG, msg, args, keywords)


def info(msg, *args, **keywords):
    _say(INFO, msg, args, keywords)


def warning(msg, *args, **keywords):
    _say(WARNING, msg, args, keywords)


def error(msg, *args, **keywords):
    _say(ERROR, msg, args, keywords)


def critical(msg, *args, **keywords):
    _say(CRITICAL, msg, args, keywords)


def exception(msg, *args):
    _say(ERROR, msg, args, {"exc_info": True})
