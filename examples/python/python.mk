# examples/python/python.mk: the interactive prompt.

$(eval $(call python_program,python_prompt,))
