"""compiled.py: templates that are modules already: name.tpl of the folder is name_tpl.py there, with a render()."""


class Loader:
    def __init__(self, pkg, dir):
        self.dir = dir.strip("/").replace("/", ".")

    def load(self, name):
        name = name.replace(".", "_")
        return __import__("%s.%s" % (self.dir, name) if self.dir else name, None, None, (name,)).render
