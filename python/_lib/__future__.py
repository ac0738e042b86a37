"""__future__.py: what CPython's programs ask for is here, or means nothing."""

annotations = division = print_function = unicode_literals = absolute_import = generator_stop = None
