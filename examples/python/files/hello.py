"""A module of the file system in memory: `import hello` at the prompt."""


def greet(name="world"):
    return "Hello, %s, from a file" % name
