"""collections: MicroPython's (namedtuple, deque, OrderedDict), with defaultdict and Counter beside them."""

from ucollections import *  # noqa: F403


class defaultdict(dict):
    def __init__(self, default_factory=None, *args, **keywords):
        super().__init__(*args, **keywords)
        self.default_factory = default_factory

    def __getitem__(self, key):
        if key not in self:
            if self.default_factory is None:
                raise KeyError(key)
            self[key] = self.default_factory()
        return super().__getitem__(key)


class Counter(dict):
    def __init__(self, iterable=None):
        super().__init__()
        self.update(iterable or ())

    def __getitem__(self, key):
        return super().__getitem__(key) if key in self else 0

    def update(self, iterable):
        if isinstance(iterable, dict):
            for key, count in iterable.items():
                self[key] = self[key] + count
        else:
            for key in iterable:
                self[key] = self[key] + 1

    def most_common(self, n=None):
        return sorted(self.items(), key=lambda item: item[1], reverse=True)[:n]

    def total(self):
        return sum(self.values())
