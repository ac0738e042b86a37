"""What chaos has seen, as text, and whether that is good."""

import collections

from . import faults as made
from . import histogram

RIGHT_LEAST = 0.999


def requests(title, tally):
    count = tally.count
    through = f", {count['old']} of an older version" if count["old"] else ""
    through += f", {count['got through']} with a word that was scribbled over" if count["got through"] else ""
    yield (f"{title}: {tally.total()} requests: {count['right']} right ({100 * tally.share_right():.3f} %), "
           f"{count['refused']} refused, {count['lost']} lost, {count['wrong']} wrong{through}; "
           f"made twice because one had died: "
           + (", ".join(f"{part} {number}" for part, number in sorted(tally.again.items())) or "none"))
    if tally.secure:
        yield (f"    over TLS {tally.secure.total()}, {tally.secure['right']} right; handshakes "
               f"{tally.handshakes['full']} full, {tally.handshakes['resumed']} resumed")
    for reason, number in tally.reasons.most_common(12):
        yield f"    {number:6} {reason}"
    yield from (f"    {line}" for line in tally.told[:12])


def kills(found):
    yield f"{'killed':16}{'times':>6}{'median':>10}{'p99':>10}{'longest':>10}{'quiet':>10}   {histogram.scale()}"
    for part, times in sorted(found.times.items()):
        if times:
            quiet = histogram.shown(histogram.quantile(found.quiet[part], 0.5)) if found.quiet[part] else "-"
            figures = [histogram.quantile(times, 0.5), histogram.quantile(times, 0.99), max(times)]
            yield (f"{part:16}{len(times):6}" + "".join(f"{histogram.shown(figure):>10}" for figure in figures)
                   + f"{quiet:>10}   {histogram.line(times)}")
    if found.refused:
        yield f"{found.refused} times it was dead already"


def faults(seen):
    table = collections.Counter((one.fault.kind, one.what) for one in seen)
    outcomes = (made.DIED, made.NOTHING, made.BY_HAND)
    seconds = max(seen[-1].when - seen[0].when, 1e-3)
    yield f"{len(seen) / seconds:.1f} faults a second, {seconds:.0f} s"
    yield f"{len(seen):6} faults  " + "".join(f"{what:>16}" for what in outcomes)
    for kind in sorted({kind for kind, _ in table}):
        yield f"{kind:15}" + "".join(f"{table[kind, what]:16}" for what in outcomes)
    for one in seen:
        if one.what == made.BY_HAND:
            yield f"    {one.what}: {one.fault.part}: {one.fault.kind}: {one.fault.words}"


def spent(seconds):
    if seconds:
        yield "seconds: " + ", ".join(f"{what} {number:.0f}" for what, number in seconds.most_common())


def deaths(outcome):
    yield "deaths: " + (", ".join(f"{part} {number}" for part, number in sorted(outcome.deaths.items())) or "none")
    yield f"machine resets: {outcome.resets}" + "".join(f"; {line}" for line in outcome.fatal)


def growth(rows):
    for name, before, after, flat in rows:
        yield f"{'ok  ' if flat else 'GREW'} {name}: {before:,.0f} before, {after:,.0f} after"


def verdict(outcome):
    """What is not as it must be: lines; none: all is well."""
    yield from (f"the machine stayed down: {down}" for down in outcome.downs)
    if outcome.resets or outcome.fatal:
        yield "the machine was reset, or its kernel stopped"
    for title, tally in outcome.tallies.items():
        if tally.count["wrong"]:
            yield f"{title}: {tally.count['wrong']} wrong answers"
    first = outcome.tallies.get("kills")
    if first and first.share_right() < RIGHT_LEAST:
        yield f"{100 * first.share_right():.3f} % right in the first half; {100 * RIGHT_LEAST:.1f} % there must be"
    for name, before, after, flat in outcome.growth:
        if not flat:
            yield f"{name} grew from {before:,.0f} to {after:,.0f}"
