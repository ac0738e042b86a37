"""The random faults of several runs, one after another or beside each other, added up: a file with a row for each."""

import collections
import fcntl
import json

# Of a row: what is one number in all of them, and what is a table of numbers.
NUMBERS, TABLES, LISTS = ("seconds", "boots", "resets"), ("faults", "requests", "deaths", "spent"), ("downs", "fatal")
BETWEEN = ", "


def row(outcome, seconds, boots, network):
    """What is known of one machine's faults. faults: `PART, KIND, WHAT CAME OF IT` -> how many."""
    faults = collections.Counter(BETWEEN.join((one.fault.part, one.fault.kind, one.what.replace(BETWEEN, " ")))
                                 for one in outcome.seen)
    tally = outcome.tallies.get("faults")
    return {"seed": outcome.seed, "network": network, "seconds": round(seconds, 1), "boots": boots,
            "resets": outcome.resets, "faults": dict(faults), "requests": dict(tally.count) if tally else {},
            "deaths": dict(outcome.deaths),
            "spent": {what: round(spent, 1) for what, spent in outcome.spent.seconds.items()},
            "downs": outcome.downs, "fatal": outcome.fatal}


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def add(path, rows):
    """A line for each; others may add theirs meanwhile."""
    with open(path, "a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.writelines(json.dumps(one) + "\n" for one in rows)


def summed(rows):
    """One row of all."""
    found = {name: sum(one[name] for one in rows) for name in NUMBERS}
    for name in TABLES:
        found[name] = sum((collections.Counter(one[name]) for one in rows), collections.Counter())
    return found | {name: [text for one in rows for text in one[name]] for name in LISTS}


def by(table, place):
    """Of a table whose keys are words with commas between: of each word in one place, how many."""
    found = collections.Counter()
    for words, number in table.items():
        found[words.split(BETWEEN)[place]] += number
    return found


def cross(table):
    """Lines: of each part how many faults, of which kinds, and what came of them."""
    kinds, ends = sorted(by(table, 1)), sorted(by(table, 2))
    yield f"{'':16}{'faults':>8}" + "".join(f"{title[:15]:>16}" for title in (*kinds, *ends))
    for part in sorted(by(table, 0)):
        own = {words: count for words, count in table.items() if words.split(BETWEEN)[0] == part}
        yield columns(part, own, kinds, ends)
    yield columns("all", table, kinds, ends)


def columns(name, table, kinds, ends):
    numbers = [*(by(table, 1)[kind] for kind in kinds), *(by(table, 2)[end] for end in ends)]
    return f"{name:16}{sum(table.values()):8}" + "".join(f"{number:16}" for number in numbers)


def lines(rows):
    """In words; a machine's seconds are its own, also where several were beside each other."""
    if not rows:
        return
    found = summed(rows)
    number, seconds = sum(found["faults"].values()), max(found["seconds"], 0.1)
    yield (f"{number} faults in {len(rows)} runs, {seconds / 60:.1f} minutes of a machine ({number / seconds:.1f} a "
           f"second), {found['boots']} boots; {found['resets']} resets, stayed down {len(found['downs'])}")
    yield "requests: " + ", ".join(f"{what} {count}" for what, count in found["requests"].most_common())
    yield "seconds: " + ", ".join(f"{what} {spent:.0f}" for what, spent in found["spent"].most_common())
    yield from cross(found["faults"])
    yield "seeds: " + ", ".join(sorted({one["seed"] for one in rows}))
