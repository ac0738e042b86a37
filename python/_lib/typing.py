"""typing.py: names for annotations, which are read by people and tools on other machines and mean nothing here."""

TYPE_CHECKING = False


class _Any:
    def __getitem__(self, _):
        return self

    def __call__(self, *_, **__):
        return self


Any = _Any()


def cast(_, value):
    return value


def overload(function):
    return function


final = override = runtime_checkable = no_type_check = overload


def TypeVar(*_, **__):
    return Any


class Protocol:
    pass


class Generic:
    pass


def NamedTuple(name, fields):
    from collections import namedtuple
    return namedtuple(name, [field[0] for field in fields])


def __getattr__(name):
    return Any
