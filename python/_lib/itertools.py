"""itertools.py: what is used of CPython's module of that name, as generators."""

_MISSING = object()


class chain:
    def __init__(self, *iterables):
        self._items = chain.from_iterable(iterables)

    @staticmethod
    def from_iterable(iterables):
        for iterable in iterables:
            yield from iterable

    def __iter__(self):
        return self._items


def count(start=0, step=1):
    while True:
        yield start
        start += step


def cycle(iterable):
    kept = []
    for item in iterable:
        kept.append(item)
        yield item
    while kept:
        yield from kept


def repeat(item, times=None):
    while times is None or times > 0:
        yield item
        times = None if times is None else times - 1


def accumulate(iterable, func=None, initial=None):
    value = initial
    items = iter(iterable)
    if value is None:
        try:
            value = next(items)
        except StopIteration:
            return
    yield value
    for item in items:
        value = func(value, item) if func else value + item
        yield value


def islice(iterable, *limits):
    start, stop, step = (0, limits[0], 1) if len(limits) == 1 else (limits + (None,))[:3]
    start, step = start or 0, step or 1
    wanted = start
    if stop is not None and stop <= start:
        return
    for at, item in enumerate(iterable):
        if at == wanted:
            yield item
            wanted += step
        if stop is not None and wanted >= stop:
            return


def starmap(function, iterable):
    for args in iterable:
        yield function(*args)


def takewhile(predicate, iterable):
    for item in iterable:
        if not predicate(item):
            return
        yield item


def dropwhile(predicate, iterable):
    dropping = True
    for item in iterable:
        dropping = dropping and predicate(item)
        if not dropping:
            yield item


def filterfalse(predicate, iterable):
    for item in iterable:
        if not (predicate(item) if predicate else item):
            yield item


def compress(data, selectors):
    for item, selector in zip(data, selectors):
        if selector:
            yield item


def zip_longest(*iterables, fillvalue=None):
    iterators = [iter(iterable) for iterable in iterables]
    while True:
        items = [next(iterator, _MISSING) for iterator in iterators]
        if all(item is _MISSING for item in items):
            return
        yield tuple(fillvalue if item is _MISSING else item for item in items)


def pairwise(iterable):
    before = _MISSING
    for item in iterable:
        if before is not _MISSING:
            yield before, item
        before = item


def batched(iterable, n):
    items = iter(iterable)
    while batch := tuple(islice(items, n)):
        yield batch


def groupby(iterable, key=None):
    """Each group is whole when it is given."""
    group, group_key = [], _MISSING
    for item in iterable:
        item_key = key(item) if key else item
        if group and item_key != group_key:
            yield group_key, iter(group)
            group = []
        group_key = item_key
        group.append(item)
    if group:
        yield group_key, iter(group)


def tee(iterable, n=2):
    items = iter(iterable)
    queues = [[] for _ in range(n)]

    def give(queue):
        while True:
            if not queue:
                item = next(items, _MISSING)
                if item is _MISSING:
                    return
                for each in queues:
                    each.append(item)
            yield queue.pop(0)

    return tuple(give(queue) for queue in queues)


def product(*iterables, repeat=1):
    pools = [tuple(pool) for pool in iterables] * repeat
    results = [()]
    for pool in pools:
        results = [result + (item,) for result in results for item in pool]
    yield from results


def permutations(iterable, r=None):
    pool = tuple(iterable)
    r = len(pool) if r is None else r

    def more(chosen, left):
        if len(chosen) == r:
            yield tuple(pool[i] for i in chosen)
            return
        for i in left:
            yield from more(chosen + [i], [j for j in left if j != i])

    yield from more([], list(range(len(pool))))


def combinations(iterable, r):
    pool = tuple(iterable)

    def more(chosen, start):
        if len(chosen) == r:
            yield tuple(pool[i] for i in chosen)
            return
        for i in range(start, len(pool)):
            yield from more(chosen + [i], i + 1)

    yield from more([], 0)
