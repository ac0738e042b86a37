"""contextlib.py: what is used of CPython's module of that name."""


class suppress:
    def __init__(self, *exceptions):
        self._exceptions = exceptions

    def __enter__(self):
        return None

    def __exit__(self, kind, exc, traceback):
        return kind is not None and issubclass(kind, self._exceptions)


class closing:
    def __init__(self, thing):
        self._thing = thing

    def __enter__(self):
        return self._thing

    def __exit__(self, *_):
        self._thing.close()


class nullcontext:
    def __init__(self, enter_result=None):
        self._result = enter_result

    def __enter__(self):
        return self._result

    def __exit__(self, *_):
        return False


class _Generated:
    def __init__(self, generator):
        self._generator = generator

    def __enter__(self):
        return next(self._generator)

    def __exit__(self, kind, exc, traceback):
        try:
            if kind is None:
                next(self._generator)
            else:
                self._generator.throw(exc)
        except StopIteration:
            return kind is not None
        except BaseException as raised:
            if raised is exc:
                return False
            raise
        raise RuntimeError("generator didn't stop")


def contextmanager(function):
    return lambda *args, **keywords: _Generated(function(*args, **keywords))
