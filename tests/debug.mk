# tests/debug.mk: a system of protection domains that die, for debug/.

$(eval $(call program,crasher,tests/systems/crash/crasher.c,))
$(eval $(call system,crash,tests/systems/crash/crash.py))
