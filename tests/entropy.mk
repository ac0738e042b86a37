# tests/entropy.mk: who draws, from a source that is there, is not, or is none.

$(eval $(call program,entropy_drawer,tests/systems/entropy/drawer.c,entropy serial timer))
$(eval $(call system,entropy,tests/systems/entropy/entropy.py))
