# tests/python.mk: interpreters that run a program instead of the prompt.

$(eval $(call python_program,python_crash,tests/systems/python/crash.py))
$(eval $(call system,python_apps,tests/systems/python/python_apps.py))
