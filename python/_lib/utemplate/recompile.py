"""recompile.py: templates that are compiled anew when they have changed, by size and time."""

import os

from utemplate import source


class Loader(source.Loader):
    def load(self, name):
        stat = os.stat(self.path(name))
        version = (stat[1], stat[6], stat[8])
        known = self.known.get(name)
        if known is None or known[0] != version:
            known = self.known[name] = (version, self.compile(name))
        return known[1]
