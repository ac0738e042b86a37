# examples/python/python.mk: the interactive prompt.

$(eval $(call python_program,python_prompt,))
$(eval $(call system,python,examples/python/python.py,examples/python/files))
