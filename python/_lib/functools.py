"""functools.py: what is used of CPython's module of that name. MicroPython's functions have no attributes of their own:
wraps() leaves the wrapper its name, and what lru_cache() makes has no cache_clear()."""

_MISSING = object()


def update_wrapper(wrapper, wrapped, assigned=("__name__", "__doc__"), updated=()):
    for name in assigned:
        try:
            setattr(wrapper, name, getattr(wrapped, name))
        except AttributeError:
            pass
    return wrapper


def wraps(wrapped, assigned=("__name__", "__doc__"), updated=()):
    return lambda wrapper: update_wrapper(wrapper, wrapped, assigned, updated)


def partial(func, *args, **keywords):
    def call(*more, **others):
        return func(*args, *more, **dict(keywords, **others))

    return call


def reduce(function, iterable, initial=_MISSING):
    items = iter(iterable)
    try:
        value = next(items) if initial is _MISSING else initial
    except StopIteration:
        raise TypeError("reduce() of nothing, with no initial value") from None
    for item in items:
        value = function(value, item)
    return value


def cmp_to_key(compare):
    class Key:
        def __init__(self, value):
            self.value = value

        def __lt__(self, other):
            return compare(self.value, other.value) < 0

        def __eq__(self, other):
            return compare(self.value, other.value) == 0

        __hash__ = None

    return Key


def lru_cache(maxsize=128, typed=False):
    if callable(maxsize):       # @lru_cache
        return lru_cache()(maxsize)

    def decorate(function):
        known, order = {}, []       # order: keys, the one that was used longest ago first; only where there is a limit

        def call(*args, **keywords):
            key = (args, tuple(sorted(keywords.items()))) if keywords else args
            if key in known:
                if maxsize is not None:
                    order.remove(key)
                    order.append(key)
                return known[key]
            value = function(*args, **keywords)
            if maxsize != 0 and key not in known:
                known[key] = value
                if maxsize is not None:
                    order.append(key)
                    if len(order) > maxsize:
                        del known[order.pop(0)]
            return value

        return call

    return decorate


def cache(function):
    return lru_cache(None)(function)
